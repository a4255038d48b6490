"""Who is held against the landing, and what each leaves out of what the landing does."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.environments import REQUIREMENTS, python_of


@dataclass(frozen=True)
class Peer:
    """What people load the same file with today.

    `key` names its requirements file and its environment, `package` the one whose version is told. `leaves_out` says,
    store by store, what it does not do that the landing does; all of them replace the whole table, none just one month
    of it. `why_faster` is told where it is. `rows`: the most that it is asked for, where a month of 3 million would
    take it a minute or more (300,000 took pandas 7 s, dlt 21 s); ours gets as many, and the table says so.
    """

    name: str
    key: str
    package: str
    script: str
    leaves_out: dict[str, str]
    why_faster: str = ""
    rows: int | None = None

    @property
    def version(self) -> str:
        """The pinned version of its package."""
        pins = (REQUIREMENTS / f"{self.key}.txt").read_text(encoding="utf-8")
        return re.search(rf"^{self.package}(?:\[.*\])?==(\S+)", pins, re.MULTILINE)[1]

    def command(self, file: Path, store: str = "postgres", python: Callable[[str], Path] = python_of) -> list[str]:
        """What loads `file`; run it in the repository's root, with PG* and STORAGE_EMULATOR_HOST set.

        Its last line is `{"seconds": …, "rows": …}`. The environment is installed where it is missing.
        """
        table = f"peer_{self.key}.yellow"
        return [str(python(self.key)), "-m", f"benchmarks.peers.{self.script}", str(file), table, "--store", store]

    def rows_asked(self, rows: int) -> int:
        """How many rows it gets where the others get `rows`."""
        return min(rows, self.rows or rows)


_DLT = "truncates the old table, then loads; reads TLC's local times as UTC; adds a row id"
_INGESTR = "the file's own types, whatever they are that month; adds a time of loading (its start, 0.2 s, is timed)"
_MAGE = "types by the values of that month; the whole month in memory"

PEERS = (
    Peer(
        name="pandas to_sql (Data Engineering Zoomcamp)",
        key="pandas",
        package="pandas",
        script="pandas_to_sql",
        leaves_out={
            "postgres": "drops the old table first, commits chunk by chunk; integers with nulls become doubles; no lake"
        },
        rows=300_000,
    ),
    Peer(
        name="dlt's defaults",
        key="dlt",
        package="dlt",
        script="dlt_default",
        leaves_out={"postgres": _DLT, "lake": _DLT},
        rows=300_000,
    ),
    Peer(
        name="ingestr",
        key="ingestr",
        package="ingestr",
        script="ingestr_cli",
        leaves_out={"postgres": f"{_INGESTR}; writes each row twice", "lake": _INGESTR},
    ),
    Peer(
        name="Mage's exporters",
        key="mage",
        package="mage-ai",
        script="mage_export",
        leaves_out={"postgres": f"{_MAGE}, as a frame and as CSV; integers may be smallint", "lake": _MAGE},
        why_faster="nothing is cast, numbered, measured or conditional; one call of pandas, and one upload",
    ),
    Peer(
        name="DuckDB's postgres extension",
        key="duckdb",
        package="duckdb",
        script="duckdb_to_postgres",
        leaves_out={"postgres": "the file's own types, whatever they are that month; no lake here"},
        why_faster="20 columns as the file has them, where this project has 29; nothing is cast",
    ),
)
