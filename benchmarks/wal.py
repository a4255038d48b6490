"""Bytes that a month makes Postgres and the lake write, against the size of what is kept in the end."""

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench import Bench, contender, run_quietly
from benchmarks.compare import Finding
from benchmarks.runs import query, run_line, server_environment

MONTH, FIRST = "2025-02", "2025-01"
STATE = "wal"
ROWS_OF_FIRST = 20_000
_MB = 10**6
_WRITTEN = "select pg_current_wal_lsn() - '0/0'::pg_lsn"
_SIZE = "select pg_total_relation_size(%s::regclass)"
# Tables and their indexes by file month, of all that dbt builds; the raw month is in another schema.
_BUILT = """
    select coalesce(sum(pg_total_relation_size(c.oid)), 0)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and n.nspname like 'taxi\\_%%' and n.nspname not in ('taxi_raw', 'taxi_ledger')
"""


def bytes_written(bench: Bench) -> list[Finding]:
    """WAL by a month landed and by the same month built, each new and replaced, and what the lake is sent.

    The embedded Postgres runs with wal_level = minimal, where rows of a table made in the same transaction are synced
    and not logged. A server with a standby logs them once more: then the data's own size comes on top.
    """
    first, file = bench.month(FIRST, rows=ROWS_OF_FIRST), bench.month(MONTH)
    source = bench.source("source_wal", [first, file])
    bench.remove_state(STATE)
    with bench.servers(STATE, source) as environment:
        bench.say(f"bringing a month of {ROWS_OF_FIRST:,} rows through the line, which makes all tables")
        run_line(environment, "--datasets", "yellow", "--months", FIRST)
        before = _size(environment, _BUILT)
        land = lambda: run_quietly(contender("landing_ours", "both", file), environment)  # noqa: E731
        build = lambda: _build(environment)  # noqa: E731
        logged = {}
        for work, of in (("landed", land), ("built by dbt", build)):
            for how in ("new", "replaced"):
                logged[work, how] = _wal(environment, of)
                bench.say(f"a month {work}, {how}: {logged[work, how] / _MB:.1f} MB of WAL")
        raw = _size(environment, _SIZE, f"taxi_raw.yellow_tripdata_{MONTH.replace('-', '_')}")
        sizes = {"landed": raw, "built by dbt": _size(environment, _BUILT) - before}
    lines = [
        Finding(f"WAL of a month {work}, {how}", [wal / _MB], [sizes[work] / _MB], unit="MB")
        for (work, how), wal in logged.items()
    ]
    lines.append(_lake(bench, file))
    bench.remove_state(STATE)
    return lines


def _wal(environment: dict[str, str], work: Callable[[], object]) -> int:
    """Bytes of WAL that the server wrote meanwhile, by anyone: nobody else is there."""
    before = _size(environment, _WRITTEN)
    work()
    return _size(environment, _WRITTEN) - before


def _build(environment: dict[str, str]) -> None:
    """What orchestrate.py has dbt build for a new month on Postgres, by dbt's own command line."""
    arguments = ("--select", "tag:months", "--exclude-resource-type", "unit_test", "--quiet")
    variables = server_environment(environment) | {"DBT_TAXI_FILE_MONTHS": f"{MONTH}-01"}
    folders = ("--project-dir", "dbt_taxi", "--profiles-dir", ".", "--target", "postgres")
    run_quietly([str(Path(sys.executable).with_name("dbt")), "build", *folders, *arguments], variables)


def _lake(bench: Bench, file: Path) -> Finding:
    """The object as it lies in the bucket, which is one upload's bytes, against TLC's file."""
    folder = bench.folder / STATE / "servers"
    objects = [one for one in folder.rglob(f"{file.stem}*") if one.is_file() and "file_month=" in str(one)]
    sizes = [one.stat().st_size for one in objects]
    return Finding("lake objects of a month", [sum(sizes) / _MB], [file.stat().st_size / _MB], unit="MB")


def _size(environment: dict[str, str], statement: str, *parameters: object) -> int:
    return int(query(environment, statement, parameters)[0][0])
