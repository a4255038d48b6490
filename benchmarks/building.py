"""dbt on Postgres for one month, against the same SQL by hand."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.bench import Bench, contender, run_quietly
from benchmarks.compare import Finding, hold_against
from benchmarks.runs import keep_line
from benchmarks.timing import Contender

MONTH, FIRST = "2025-02", "2025-01"
STATE = "building"
ROWS_OF_FIRST = 20_000
TARGET = 1.5


def dbt_on_postgres(bench: Bench) -> list[Finding]:
    """Typing, cleaning, marts and tests of a month that has landed; the tables are there and hold another month."""
    with _landed(bench) as environment:
        contenders = [
            dbt_limit(bench, MONTH, environment),
            Contender(
                "dbt build",
                contender("dbt_ours", MONTH, bench.folder / "dbt_ours"),
                contender("dbt_ours", MONTH, bench.folder / "dbt_ours", "--prepare"),
                environment=environment,
            ),
        ]
        work = "dbt on Postgres: typing, cleaning, tests of a month"
        return [hold_against(bench, contenders, work, "dbt build", ["the SQL by hand"], TARGET)]


def dbt_limit(bench: Bench, month: str, environment: dict[str, str]) -> Contender:
    """The limit of that; its statements are written to dbt_limit/limit.sql in the bench's folder."""
    command = contender("dbt_limit", month, bench.folder / "dbt_limit")
    return Contender("the SQL by hand", command, [*command, "--prepare"], environment=environment)


@contextmanager
def _landed(bench: Bench) -> Iterator[dict[str, str]]:
    """A line whose tables hold a small month, and the raw rows of the month that is to be built."""
    first, file = bench.month(FIRST, rows=ROWS_OF_FIRST), bench.month(MONTH)
    bench.say(f"bringing a month of {ROWS_OF_FIRST:,} rows through the line, which makes all tables, once")
    keep_line(bench, STATE, [first])
    with bench.servers(STATE, bench.source("source_building", [first, file])) as environment:
        run_quietly(contender("landing_ours", "postgres", file), environment)
        yield environment
    bench.remove_state(STATE)
