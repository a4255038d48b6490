"""Who runs the program, on which machine, and which code it is."""

import getpass
import hashlib
import os
import subprocess
from dataclasses import dataclass

from orchestration import host
from orchestration.settings import ROOT


@dataclass(frozen=True)
class Provenance:
    """What the ledger keeps of a run's origin. None where it cannot be known, such as without git."""

    started_by: str
    host: str
    trigger: str
    git_commit: str | None
    is_dirty: bool | None
    requirements_sha256: str | None


def provenance(trigger: str) -> Provenance:
    """Of this process; `trigger` is what began it: hand or tick."""
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no") if commit else None
    requirements = ROOT / "requirements" / "base.txt"
    sha256 = hashlib.sha256(requirements.read_bytes()).hexdigest() if requirements.is_file() else None
    dirty = None if changes is None else bool(changes)
    return Provenance(user(), host.host(), trigger, commit, dirty, sha256)


def user() -> str:
    """The user's name; a number where it has none, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _git(*arguments: str) -> str | None:
    """What git prints of the project; None where there is no git, or the project is not its own repository."""
    if not (ROOT / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(ROOT), *arguments]
        done = subprocess.run(
            command,
            env=dict(os.environ),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
