"""BigQuery: local-bigquery, run by `embedded.bigquery_server`, which mends what it does differently from BigQuery."""

import secrets
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

from common import environment
from common.paths import write_private
from common.python import python_command
from embedded import contract, ports
from embedded.endpoints import HOST, PROJECT
from embedded.server import Server
from ingest.errors import StoreError


class BigQuery(Server):
    """One project over DuckDB; `gs://bucket/object` is read from Cloud Storage's folder beside it."""

    name = "bigquery"
    folder_option = "--data-dir"

    def __init__(self, root: Path, rules: Collection[str] = ()):
        super().__init__(root)
        self._rules = rules

    @property
    def token_file(self) -> Path:
        """Made before the first start, readable by its owner only."""
        return self.root / "bigquery.token"

    def token(self) -> str:
        """The token that clients must send; empty before the first start."""
        return self.token_file.read_text(encoding="utf-8").strip() if self.token_file.exists() else ""

    def prepare(self) -> None:
        """Make the token once: people keep it in their shells."""
        super().prepare()
        if not self.token():
            write_private(self.token_file, secrets.token_urlsafe(24))

    def command(self, port: int) -> list[str]:
        """Run the mended local-bigquery with this Python."""
        if find_spec("local_bigquery") is None:
            raise StoreError("local-bigquery is not installed", "Run `make install`")
        return [
            *python_command("embedded.bigquery_server"),
            *("--host", HOST, "--port", str(port)),
            *self.mark,
            *("--project", PROJECT),
        ]

    def environment(self) -> dict[str, str]:
        """The token, the rules, and where Cloud Storage keeps its objects, relative to the server's folder."""
        ours = {contract.VARIABLE: ",".join(self._rules), "BIGQUERY_TOKEN": self.token()}
        return environment.for_server(GCS_LOCAL_ROOT="../gcs", BIGQUERY_SCRATCH="scratch", **ours)

    def is_ready(self, port: int, timeout: float) -> bool:
        """Ask for the projects: the answer needs the database open."""
        return ports.get(port, "/bigquery/v2/projects", timeout, f"Authorization: Bearer {self.token()}\r\n")
