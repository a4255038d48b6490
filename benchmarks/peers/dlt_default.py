"""dlt with its own defaults, as its docs write it: `filesystem | read_parquet`, into Postgres or into the lake.

By the quick example of dlt's page on its filesystem source. `read_parquet` turns every row into a dict, dlt types and
normalizes each, adds `_dlt_id` and `_dlt_load_id`, and writes, for Postgres, files of INSERT statements. The write
disposition is `replace`, since a month that is loaded again must not stand twice. For the lake, `loader_file_format` is
parquet, as in dlt's page on that destination: its default there is compressed JSON lines, which is another lake.

Timed: `pipeline.run`, with the reading of the file. The pipeline's folder is new for each run.
"""

import os
import tempfile

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import GcpServiceAccountCredentials
from dlt.destinations import filesystem as lake
from dlt.destinations import postgres
from dlt.sources.filesystem import filesystem, read_parquet

from benchmarks.peers import job

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
# gcsfs asks by gRPC what kind of bucket it is, which the embedded server does not answer: a wait of 60 s.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"


def load_into_postgres(task: job.Job) -> None:
    """All settings are dlt's defaults."""
    _run(task, postgres(job.postgres_url()))


@configspec
class NoCredentials(GcpServiceAccountCredentials):
    """The embedded server asks for none; dlt asks for some that look whole, and hands them to gcsfs."""

    def to_gcs_credentials(self) -> dict[str, str]:
        """As gcsfs takes them; it finds the server by STORAGE_EMULATOR_HOST."""
        return {"project": self.project_id, "token": "anon"}


def load_into_lake(task: job.Job) -> None:
    """Apart from the credentials, dlt's defaults."""
    nobody = NoCredentials(project_id=os.environ["GOOGLE_CLOUD_PROJECT"], client_email="nobody", private_key="none")
    nobody.resolve()  # so that dlt takes it as it is
    _run(task, lake(f"gs://{job.BUCKET}", credentials=nobody), loader_file_format="parquet")


def _run(task: job.Job, destination: object, **options: str) -> None:
    rows = filesystem(bucket_url=task.file.parent.as_uri(), file_glob=task.file.name) | read_parquet()
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            pipeline_name=task.schema, pipelines_dir=folder, destination=destination, dataset_name=task.schema
        )
        pipeline.run(rows.with_name(task.name), write_disposition="replace", **options)


if __name__ == "__main__":
    job.run({"postgres": load_into_postgres, "lake": load_into_lake})
