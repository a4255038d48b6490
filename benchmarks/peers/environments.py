"""Installs each peer into a virtual environment of its own, since their pins exclude each other.

`python -m benchmarks.peers.environments [peer …]` installs beforehand what is missing; all five take 2 GB.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from ingest.errors import TaxiError

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".bench" / "peers"
REQUIREMENTS = ROOT / "requirements" / "peers"


def python_of(peer: str, environments: Path = ENVIRONMENTS) -> Path:
    """The Python that has `peer` installed, as requirements/peers/<peer>.txt pins it; installs it where it is missing.

    The file that was installed is kept beside it: when the pins change, the environment is made anew.

    Raises:
        TaxiError: it cannot be installed, with pip's last words.
    """
    pins = REQUIREMENTS / f"{peer}.txt"
    folder = environments / peer
    python, installed = folder / "bin" / "python", folder / "installed.txt"
    if not installed.exists() or installed.read_text(encoding="utf-8") != pins.read_text(encoding="utf-8"):
        shutil.rmtree(folder, ignore_errors=True)
        _run(peer, [sys.executable, "-m", "venv", str(folder)])
        options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--require-hashes", "--no-deps"]
        _run(peer, [str(python), "-m", "pip", "install", *options, "-r", str(pins)])
        shutil.copyfile(pins, installed)
    return python


def _run(peer: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise TaxiError(f"{peer} could not be installed: {said[-1].strip()}", f"See requirements/peers/{peer}.txt")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.stem for path in REQUIREMENTS.glob("*.txt")):
        print(f"{name}: {python_of(name)}")
