"""BigQuery: local-bigquery, run by `embedded.bigquery_server`, which mends what it does differently from BigQuery."""

from importlib.util import find_spec

from common import environment
from common.python import python_command
from embedded import ports
from embedded.endpoints import HOST, PROJECT
from embedded.server import Server
from ingest.errors import StoreError


class BigQuery(Server):
    """One project over DuckDB; `gs://bucket/object` is read from Cloud Storage's folder beside it."""

    name = "bigquery"
    folder_option = "--data-dir"

    def command(self, port: int) -> list[str]:
        """Run the mended local-bigquery with this Python."""
        if find_spec("local_bigquery") is None:
            raise StoreError("local-bigquery is not installed", "Run `make install`")
        return [
            *python_command("embedded.bigquery_server"),
            # the second port, for the storage API, is not used: any free one will do
            *("--host", HOST, "--port", str(port), "--grpc-port", "0"),
            *self.mark,
            *("--project", PROJECT),
        ]

    def environment(self) -> dict[str, str]:
        """Tell it where Cloud Storage keeps its objects, from its own folder on: see embedded.bigquery_server."""
        return environment.for_server(GCS_LOCAL_ROOT="../gcs", BIGQUERY_SCRATCH="scratch")

    def is_ready(self, port: int, timeout: float) -> bool:
        """Ask for the projects: the answer needs the database open."""
        return ports.get(port, "/bigquery/v2/projects", timeout)
