"""Breaks the program in one place after another, and sees whether a test notices.

`python -m tests.mutants [part of a name …]` takes some 40 minutes for all, and ends with 1 where a mutant survives.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.line import ROOT
from tests.mutants.edits import EDITS, Edit

# Longer than the slowest of the tests takes; a mutant that hangs is noticed as well.
_SECONDS = 900


def main(parts: list[str]) -> int:
    """Try the mutants that have one of `parts` in their name or file; all of them, if there is none."""
    chosen = [edit for edit in EDITS if not parts or any(part in f"{edit.file} {edit.name}" for part in parts)]
    survivors = []
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        project = _copy(Path(folder) / "project")
        for number, edit in enumerate(chosen, start=1):
            began = time.monotonic()
            outcome = _try(project, edit)
            print(f"{number}/{len(chosen)}  {outcome:8}  {time.monotonic() - began:4.0f} s  {edit.file}: {edit.name}")
            survivors += [edit] if outcome == "survived" else []
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants were noticed.")
    for edit in survivors:
        print(f"survived: {edit.file}: {edit.name}{f' ({edit.excuse})' if edit.excuse else ''}")
    return 1 if any(not edit.excuse for edit in survivors) else 0


def _copy(folder: Path) -> Path:
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in files.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def _try(project: Path, edit: Edit) -> str:
    """'noticed' or 'survived'. Raises ValueError where the edit does not fit the program of today."""
    file = project / edit.file
    text = file.read_text(encoding="utf-8")
    if text.count(edit.old) != 1:
        raise ValueError(f"{edit.file}: {edit.name}: {edit.old!r} is there {text.count(edit.old)} times, not once")
    changed = text.replace(edit.old, edit.new)
    compile(changed, edit.file, "exec")
    file.write_text(changed, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "--timeout",
        "120",
        *edit.tests,
    ]
    try:
        ended = subprocess.run(
            command, cwd=project, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "noticed"
    finally:
        file.write_text(text, encoding="utf-8")
    if ended.returncode not in (0, 1):  # no test was collected, or pytest itself failed
        raise ValueError(f"{edit.file}: {edit.name}: {ended.stdout[-800:]}{ended.stderr[-800:]}")
    return "noticed" if ended.returncode == 1 else "survived"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
