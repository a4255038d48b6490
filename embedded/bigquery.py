"""BigQuery: local-bigquery, run by `embedded.bigquery_server`, which mends what it does differently from BigQuery."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from embedded import ports
from embedded.endpoints import HOST, PROJECT
from embedded.server import Server
from ingest.errors import StoreError

# local-bigquery reads its settings from variables with names as general as these; ours come by the command line.
FOREIGN = {
    *("BIGQUERY_HOST", "BIGQUERY_PORT", "GRPC_PORT", "DATA_DIR", "DEFAULT_PROJECT_ID", "DEFAULT_DATASET_ID"),
    *("CALLER", "GROUPS", "POSTGRES_CONNECTION_ID", "POSTGRES_URI", "STORAGE_EMULATOR_HOST"),
}


class BigQuery(Server):
    """One project over DuckDB; `gs://bucket/object` is read from Cloud Storage's folder beside it."""

    name = "bigquery"
    folder_option = "--data-dir"

    def command(self, port: int) -> list[str]:
        """Run the mended local-bigquery with this Python."""
        if find_spec("local_bigquery") is None:
            raise StoreError("local-bigquery is not installed", "Run `make install`")
        return [
            *(sys.executable, "-m", "embedded.bigquery_server"),
            # the second port, for the storage API, is not used: any free one will do
            *("--host", HOST, "--port", str(port), "--grpc-port", "0"),
            *self.mark,
            *("--project", PROJECT),
        ]

    def environment(self) -> dict[str, str]:
        """Tell it where Cloud Storage keeps its objects; hide variables meant for others."""
        mine = {name: value for name, value in os.environ.items() if name.upper() not in FOREIGN}
        here = str(Path(__file__).parents[1])  # so that `-m embedded…` finds this package, wherever it is called from
        return mine | {
            "PYTHONPATH": os.pathsep.join([here, *filter(None, [mine.get("PYTHONPATH")])]),
            "GCS_LOCAL_ROOT": str(self.root / "gcs"),
            "BIGQUERY_SCRATCH": str(self.folder / "scratch"),
        }

    def is_ready(self, port: int, timeout: float) -> bool:
        """Ask for the projects: the answer needs the database open."""
        return ports.get(port, "/bigquery/v2/projects", timeout)
