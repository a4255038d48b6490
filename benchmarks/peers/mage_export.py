"""Mage's exporters, `mage_ai.io.postgres` and `mage_ai.io.google_cloud_storage`, as its templates write them.

The blocks are those of mage_ai/data_preparation/templates: data_loaders/file.py (`FileIO().load`), then
data_exporters/postgres.py or google_cloud_storage.py, called one after the other as Mage's pipeline calls them, but
without what it does around them (a pickle of the data between blocks, its database of runs): so the time is the least
that Mage takes. The connection stands in an io_config.yaml, as in each project of Mage.

mage-ai installs on Python 3.11 as it is; of its extra "postgres" only psycopg2, which is built from source, is left
out, since psycopg2-binary stands beside it.

Timed: load and export. The whole month is one data frame in memory; the exporter writes it as CSV, in memory too, for
COPY.
"""

import os
import tempfile
from pathlib import Path

from mage_ai.io.config import ConfigFileLoader
from mage_ai.io.file import FileIO
from mage_ai.io.google_cloud_storage import GoogleCloudStorage
from mage_ai.io.postgres import Postgres

from benchmarks.peers import job

IO_CONFIG = """
version: 0.1.1
default:
  POSTGRES_CONNECT_TIMEOUT: 10
  POSTGRES_DBNAME: "{{ env_var('PGDATABASE') }}"
  POSTGRES_USER: "{{ env_var('PGUSER') }}"
  POSTGRES_PASSWORD: "{{ env_var('PGPASSWORD') }}"
  POSTGRES_HOST: "{{ env_var('PGHOST') }}"
  POSTGRES_PORT: "{{ env_var('PGPORT') }}"
"""


def export_to_postgres(task: job.Job) -> None:
    """The templates data_loaders/file.py and data_exporters/postgres.py."""
    frame = FileIO().load(task.file)
    with tempfile.TemporaryDirectory() as folder:
        config_path = Path(folder) / "io_config.yaml"
        config_path.write_text(IO_CONFIG, encoding="utf-8")
        with Postgres.with_config(ConfigFileLoader(config_path, "default")) as loader:
            loader.export(frame, task.schema, task.name, index=False, if_exists="replace")


def export_to_lake(task: job.Job) -> None:
    """The template data_exporters/google_cloud_storage.py; no key file, since the embedded server has no use for it."""
    frame = FileIO().load(task.file)
    storage = GoogleCloudStorage(project=os.environ["GOOGLE_CLOUD_PROJECT"])
    storage.export(frame, job.BUCKET, f"{task.schema}/{task.name}/{task.file.name}")


if __name__ == "__main__":
    job.run({"postgres": export_to_postgres, "lake": export_to_lake})
