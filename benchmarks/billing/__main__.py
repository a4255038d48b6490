"""`python -m benchmarks.billing`: the bytes that BigQuery would bill for a typical question to each mart.

Nothing is asked of BigQuery: sqlglot says which columns a query reads, Postgres how many bytes these are, and the rest
is arithmetic. Postgres has to be up with a file month in it: `eval "$(python orchestrate.py env)"`.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.billing.column_bytes import MIB, Sizes, billed_bytes
from benchmarks.billing.columns_read import Project, Read
from benchmarks.billing.questions import QUESTIONS
from linting.artifacts import COMPILE, PROJECT, VARS, environment, folder
from orchestration.run.reports import PICKUP_MONTH, summed_columns

# On demand, US (multi-region), since 2023-07-05; the first TiB of a month is free, which is not taken off here.
# https://cloud.google.com/bigquery/pricing
DOLLARS_PER_TIB = 6.25
TIB = 2**40


@dataclass(frozen=True)
class Cost:
    """What a question costs; bytes are those of the columns read, billed bytes with BigQuery's minimum and rounding."""

    mart: str
    asks: str
    months: str  # named: those that the question names; all: all that the mart holds
    bytes_of_a_month: int
    bytes_of_its_datasets: int  # if clustering spares the blocks of other data sets, which BigQuery does not promise
    billed_for_a_month: int
    billed_for_a_year: int

    @property
    def dollars_for_a_year(self) -> float:
        """Of one question to 12 file months."""
        return self.billed_for_a_year / TIB * DOLLARS_PER_TIB


@dataclass(frozen=True)
class Step:
    """A part of bringing one file month into BigQuery, its bytes billed, and those if it replaces the month."""

    does: str
    billed: int
    billed_if_replaced: int

    @property
    def dollars(self) -> float:
        """If the month is new."""
        return self.billed / TIB * DOLLARS_PER_TIB


def costs(project: Project, sizes: Sizes) -> list[Cost]:
    """Of the typical questions."""
    found = []
    for question in QUESTIONS:
        reads = project.reads(project.analyses[question.analysis] if question.analysis else question.query)
        monthly = [read for read in reads if read.table in project.month_of]
        months = ("named" if all(read.names_months for read in monthly) else "all") if monthly else "–"
        size = round(sum(map(sizes.bytes_read, reads)))
        clustered = round(sum(sizes.bytes_read(read, is_clustered=True) for read in reads))
        billed = sizes.billed(reads), sizes.billed(reads, 12)
        found.append(Cost(question.mart, question.asks, months, size, clustered, *billed))
    return found


def steps(project: Project, sizes: Sizes) -> list[Step]:
    """Of a file month: each table's query, in a MERGE that overwrites its partitions; then every column is measured.

    A report by month of pick-up takes in the months beside it: its MERGE replaces three partitions, and reads five file
    months. Of the newest month's only three exist, and one of these partitions.
    """
    found, measured, compared = [], 0, 0
    for table, column in sorted(project.month_of.items()):
        if "int_" not in table and column == "file_month":
            measured += billed_bytes(sizes.whole(table))
        if table.startswith("taxi_raw."):
            continue
        reads = project.reads(project.models[table])
        source = " from the lake" if any(read.table.startswith("taxi_raw.") for read in reads) else ""
        # the partitions that go, which a new month has none of
        new, replaced, new_gone, gone = (1, 1, 0, 1) if column == "file_month" else (3, 5, 1, 3)
        partition = sizes.whole(table)
        found.append(
            Step(
                f"{table.partition('.')[2]}{source}",
                sizes.billed(reads, new) + billed_bytes(new_gone * partition),
                sizes.billed(reads, replaced) + billed_bytes(gone * partition),
            )
        )
        if column == PICKUP_MONTH:
            names = summed_columns(sorted(project.columns(table)))
            compared += sizes.billed([Read(table, frozenset({"service_type", column, *names}), True)], 3)
    found.sort(key=lambda step: -step.billed)
    return [
        *found,
        Step("measure every column of the lake and of the tables by file month", measured, measured),
        Step("compare the reports by month of pick-up", compared, compared),
    ]


def main(
    month: Annotated[str, typer.Option(help="The file month to measure, as 2025-02; without, the newest")] = "",
    rows: Annotated[str, typer.Option(help="Rows that data sets are to count for, as fhvhv=20000000,fhv=2000000")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON on stdout")] = False,
) -> None:
    """State the bytes that BigQuery would bill for a typical question to each mart, and for a month's build."""
    wanted = {dataset: int(count) for dataset, _, count in (it.partition("=") for it in rows.split(",") if it)}
    command = [str(Path(sys.executable).parent / "dbt"), "--quiet", *COMPILE, "--vars", VARS]
    subprocess.run(command, cwd=PROJECT, env=environment("bigquery"), check=True)
    project = Project.load(folder("bigquery") / "manifest.json")
    try:
        with psycopg.connect() as connection:
            newest = connection.execute("select max(file_month) from taxi_marts.fct_trips").fetchone()[0]
            measured = Sizes(connection, project, date.fromisoformat(f"{month}-01") if month else newest, wanted)
            questions, build = costs(project, measured), steps(project, measured)
    except (psycopg.Error, LookupError) as error:
        sys.exit(
            f"{error}\nRun the pipeline for a file month first, then set the variables of Postgres: see docs/dbt.md"
        )
    if as_json:
        found = {"questions": [asdict(it) for it in questions], "build": [asdict(it) for it in build]}
        typer.echo(json.dumps({"dollars_per_tib": DOLLARS_PER_TIB, **found}))
    else:
        console = Console(width=None if sys.stdout.isatty() else 150)
        console.print(_question_table(questions))
        console.print(_build_table(build))


def _question_table(questions: list[Cost]) -> Table:
    table = _table(
        ("mart", "question", "months"),
        ("MB of a month", "if clustered", "billed MiB", "of a year", "$ for 1,000 of a year"),
    )
    for it in questions:
        billed = _mib(it.billed_for_a_month), _mib(it.billed_for_a_year), f"{it.dollars_for_a_year * 1000:,.2f}"
        read = f"{it.bytes_of_a_month / 1e6:,.2f}", f"{it.bytes_of_its_datasets / 1e6:,.2f}"
        table.add_row(it.mart, it.asks, it.months, *read, *billed)
    return table


def _build_table(build: list[Step]) -> Table:
    table = _table(("to bring a file month into BigQuery",), ("billed MiB", "$", "MiB if replaced"))
    total = Step("sum", sum(it.billed for it in build), sum(it.billed_if_replaced for it in build))
    for it in (*build, total):
        table.add_row(it.does, _mib(it.billed), f"{it.dollars:,.4f}", _mib(it.billed_if_replaced))
    return table


def _table(names: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(*names, box=None, header_style="bold")
    for number in numbers:
        table.add_column(number, justify="right")
    return table


def _mib(size: int) -> str:
    return f"{size // MIB:,}"


if __name__ == "__main__":
    typer.run(main)
