"""Who is held against the landing, and what each leaves out of what the landing does."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.environments import REQUIREMENTS, python_of


@dataclass(frozen=True)
class Contestant:
    """A peer and what it writes to.

    `rows`: the most that it is asked for, where a whole month would take a minute or more (200,000 rows took pandas
    7 s, dlt 27 s, Mage 4.4 s); ours gets as many, and the table says so. What a peer leaves out is told in a few words
    by `note`; all of them replace the whole table, none just one month of it.
    """

    name: str
    peer: str  # its requirements file and environment
    package: str  # of which the version is told
    script: str
    stores: tuple[str, ...]
    rows: int | None
    note: str

    @property
    def version(self) -> str:
        """The pinned version of its package."""
        pins = (REQUIREMENTS / f"{self.peer}.txt").read_text()
        return re.search(rf"^{self.package}(?:\[.*\])?==(\S+)", pins, re.MULTILINE)[1]

    def command(self, file: Path, store: str = "postgres", python: Callable[[str], Path] = python_of) -> list[str]:
        """What loads `file`; run it in the repository's root, with PG* and STORAGE_EMULATOR_HOST set.

        Its last line is `{"seconds": …, "rows": …}`. The environment is installed where it is missing.
        """
        table = f"peer_{self.peer}.yellow"
        return [str(python(self.peer)), "-m", f"benchmarks.peers.{self.script}", str(file), table, "--store", store]

    def rows_asked(self, rows: int) -> int:
        """How many rows it gets where the others get `rows`."""
        return min(rows, self.rows or rows)


CONTESTANTS = (
    Contestant(
        name="pandas to_sql (Data Engineering Zoomcamp)",
        peer="pandas",
        package="pandas",
        script="pandas_to_sql",
        stores=("postgres",),
        rows=300_000,
        note="drops the old table first, commits chunk by chunk; integers with nulls become doubles; no lake",
    ),
    Contestant(
        name="dlt's defaults",
        peer="dlt",
        package="dlt",
        script="dlt_default",
        stores=("postgres", "lake"),
        rows=300_000,
        note="truncates the old table, then loads; reads TLC's local times as UTC; adds a row id",
    ),
    Contestant(
        name="ingestr",
        peer="ingestr",
        package="ingestr",
        script="ingestr_cli",
        stores=("postgres", "lake"),
        rows=None,
        note="the file's own types, whatever they are that month; writes each row twice; adds a time of loading",
    ),
    Contestant(
        name="Mage's exporters",
        peer="mage",
        package="mage-ai",
        script="mage_export",
        stores=("postgres", "lake"),
        rows=1_000_000,
        note="types by the values of that month (integers may be smallint); the whole month in memory, twice",
    ),
    Contestant(
        name="DuckDB's postgres extension",
        peer="duckdb",
        package="duckdb",
        script="duckdb_to_postgres",
        stores=("postgres",),
        rows=None,
        note="the file's own types, whatever they are that month; no lake here",
    ),
)
