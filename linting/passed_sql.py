"""Which SQL files sqlfluff must read: those that it has not passed with the same text, rendered to the same query.

It takes 40 s of a processor for all of them, half of what `make lint` takes; most changes touch a few.
"""

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

FOLDERS = ("analyses", "models", "tests")
# tests/generic has macros: see .sqlfluffignore.
IGNORED = ("tests/generic/",)
PACKAGES = ("sqlfluff", "sqlfluff-templater-dbt", "dbt-core", "dbt-postgres")


class PassedSql:
    """What sqlfluff has passed in a dbt project, remembered in a file beside what dbt has compiled."""

    def __init__(self, project: Path, target: Path):
        """`project` is dbt's, `target` the folder of its artifacts after `dbt compile`."""
        self._project, self._compiled = project, target / "compiled" / "taxi"
        self._file = target / "sqlfluff_passed.json"
        rules = (project / ".sqlfluff").read_text(encoding="utf-8")
        self._common = "\0".join([rules, *map(version, PACKAGES)])

    def unread(self) -> list[str]:
        """The files to be read, relative to the project."""
        passed = set(json.loads(self._file.read_text(encoding="utf-8"))) if self._file.exists() else set()
        return [path for path, mark in self._marks() if mark not in passed]

    def remember(self) -> None:
        """Take all files as passed."""
        marks = sorted(mark for _, mark in self._marks() if mark)
        self._file.write_text(json.dumps(marks, indent=0), encoding="utf-8")

    def _marks(self) -> Iterator[tuple[str, str]]:
        """Each file, and a digest of all that its verdict depends on; '' for one that dbt has not compiled."""
        for folder in FOLDERS:
            for file in sorted((self._project / folder).rglob("*.sql")):
                path = file.relative_to(self._project).as_posix()
                if path.startswith(IGNORED):
                    continue
                rendered = self._compiled / path
                if not rendered.exists():
                    yield path, ""
                    continue
                parts = (self._common, path, file.read_text(encoding="utf-8"), rendered.read_text(encoding="utf-8"))
                yield path, hashlib.sha256("\0".join(parts).encode()).hexdigest()
