"""The ledger's migrations: an old ledger keeps its rows, a newer one is refused, two programs at once migrate once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from operator import itemgetter
from pathlib import Path

import psycopg
import pytest

from ingest.errors import StoreError
from orchestration.ledger.builds import Builds
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.migrate import migrate
from orchestration.ledger.session import Session
from tests.orchestration.conftest import new_database

BEFORE_MIGRATIONS = Path(__file__).with_name("ledger_before_migrations.sql")
KEY = ("fhv", date(2023, 1, 1))
KEYS = ("run_id", "service_type", "file_month", "stage", "step", "subject", "started_at", "warehouse")
TABLES = ("runs", "steps", "months", "builds", "stages")
MIGRATIONS = sorted((Path(__file__).parents[2] / "orchestration/ledger/migrations").glob("*.sql"))


@pytest.fixture
def dsn(postgres_server: str, request: pytest.FixtureRequest) -> str:
    """An empty database of the test's own."""
    return new_database(postgres_server, request.node.name[:60])


def connect(dsn: str) -> psycopg.Connection:
    return psycopg.connect(dsn, autocommit=True)


def contents(connection: psycopg.Connection) -> dict[str, list[dict]]:
    """Every row of the ledger that a run wrote, by table, as JSON."""
    return {
        table: [row for (row,) in connection.execute(f"select to_jsonb(t) from taxi_ledger.{table} t order by t::text")]
        for table in TABLES
    }


def test_a_ledger_from_before_migrations_keeps_every_row(dsn: str):
    with connect(dsn) as connection:
        connection.execute(BEFORE_MIGRATIONS.read_text(encoding="utf-8"))
        before = contents(connection)
        migrate(connection)
        after = contents(connection)
        months = Ledger(connection).months.all()
    assert {table: len(rows) for table, rows in before.items()} == {
        "runs": 2, "steps": 12, "months": 3, "builds": 2, "stages": 30,
    }  # fmt: skip
    for rows in (before["months"], before["stages"]):  # their names of today
        for row in rows:
            row["service_type"] = row.pop("dataset")
            if "stage" in row:
                row["stage"] = row["stage"].replace("zone_revenue_by_file", "agg_zone_revenue")
    for table, rows in before.items():
        by_names = itemgetter(*(name for name in KEYS if name in rows[0]))
        rows.sort(key=by_names)
        after[table].sort(key=by_names)
        kept = [{name: row[name] for name in old} for old, row in zip(rows, after[table], strict=True)]
        if table == "months":  # the same names, with types
            for old, row in zip(rows, kept, strict=True):
                assert list(row.pop("undeclared")) == old.pop("undeclared")
        assert kept == rows, table
    states = {f"{dataset} {month:%Y-%m}": record.state for (dataset, month), record in months.items()}
    assert states == {"fhv 2019-01": "done", "green 2023-01": "done", "green 2023-02": "failed"}


RENAMED = {
    "base_trips_by_file": "agg_base_trips",
    "code_counts_by_file": "agg_code_counts",
    "column_nulls_by_file": "agg_column_nulls",
    "fare_counts_by_file": "agg_fares",
    "findings_by_file": "agg_findings",
    "high_volume_by_file": "agg_high_volume_trips",
    "hourly_demand_by_file": "agg_hourly_demand",
    "rejections_by_file": "agg_rejections",
    "travel_time_counts_by_file": "agg_travel_times",
    "zone_pairs_by_file": "agg_zone_pairs",
    "zone_revenue_by_file": "agg_zone_revenue",
    "accepted": "accepted",
    "raw": "raw",
}


def test_a_ledger_of_seven_migrations_keeps_its_rows_by_the_new_names_and_is_published_again(dsn: str, tmp_path: Path):
    for file in MIGRATIONS[:7]:
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    with connect(dsn) as connection:
        migrate(connection, tmp_path)
        connection.execute(
            "insert into taxi_ledger.runs (run_id, command, profile, source, versions) values ('r', '', '', '', '{}');"
            " insert into taxi_ledger.months (dataset, file_month, state) values ('fhv', '2023-01-01', 'done');"
            " insert into taxi_ledger.publications (stores, change_number)"
            " select 'there', change_number from taxi_ledger.months"
        )
        stages = [f"{warehouse}_{old}" for warehouse in ("postgres", "bigquery") for old in RENAMED] + ["file", "lake"]
        for number, stage in enumerate(stages):
            connection.execute(
                "insert into taxi_ledger.stages (run_id, run_number, dataset, file_month, stage, rows, cents, digest,"
                " columns, seconds) values ('r', 1, 'fhv', '2023-01-01', %s, %s, 0, '', '{}', 0)",
                (stage, number),
            )
        before = contents(connection)
        migrate(connection)
        after = contents(connection)
        held = {stage: measure.rows for stage, measure in Ledger(connection).stages.latest(KEY).items()}
        is_published = Builds(Session(connection, "")).is_published("there")
        names = connection.execute(
            "select attname from pg_attribute inner join pg_class on pg_class.oid = attrelid"
            " where relnamespace = 'taxi_ledger'::regnamespace and relkind = 'r' and attname = 'dataset'"
            " union all select indexname from pg_indexes"
            " where schemaname = 'taxi_ledger' and strpos(indexname, 'dataset') > 0"
            " union all select conname from pg_constraint"
            " where connamespace = 'taxi_ledger'::regnamespace and strpos(conname, 'dataset') > 0"
        ).fetchall()
    new = [f"{warehouse}_{name}" for warehouse in ("postgres", "bigquery") for name in RENAMED.values()]
    assert held == {stage: number for number, stage in enumerate([*new, "file", "lake"])}
    assert not is_published, "the copy on BigQuery has the old column"
    assert names == []
    for row in before["months"] + before["stages"]:
        row["service_type"] = row.pop("dataset")
    stage = itemgetter("rows")
    columns = before["months"][0].keys()  # later migrations add columns
    assert [{name: row[name] for name in columns} for row in after["months"]] == before["months"]
    assert [row | {"stage": ""} for row in sorted(after["stages"], key=stage)] == [
        row | {"stage": ""} for row in sorted(before["stages"], key=stage)
    ]


def test_undeclared_columns_get_the_types_that_they_landed_with(dsn: str):
    with connect(dsn) as connection:
        connection.execute(BEFORE_MIGRATIONS.read_text(encoding="utf-8"))
        connection.execute(
            "create schema if not exists taxi_raw; create table taxi_raw.green_tripdata"
            " (fee double precision, seen_at timestamp, code bigint, word text, of_another_month text);"
            ' update taxi_ledger.months set undeclared = \'["fee", "seen_at", "code", "word"]\''
            " where (dataset, file_month) = ('green', '2023-01-01')"
        )
        migrate(connection)
        months = Ledger(connection).months.all()
    types = {"fee": "double", "seen_at": "timestamp", "code": "bigint", "word": "text"}
    assert months["green", date(2023, 1, 1)].undeclared == types
    assert months["green", date(2023, 2, 1)].undeclared == {}


def test_a_migrated_ledger_has_the_columns_of_a_new_one(dsn: str):
    columns = (
        "select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns"
        " where table_schema = 'taxi_ledger' order by table_name, column_name"
    )
    with connect(dsn) as connection:
        connection.execute(BEFORE_MIGRATIONS.read_text(encoding="utf-8"))
        migrate(connection)
        migrated = connection.execute(columns).fetchall()
        connection.execute("drop schema taxi_ledger cascade")
        migrate(connection)
        assert connection.execute(columns).fetchall() == migrated


def test_each_migration_is_recorded_once_though_two_programs_start_at_once(dsn: str):
    def start(_: int) -> None:
        with connect(dsn) as connection:
            Ledger(connection)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))
    with connect(dsn) as connection:
        recorded = connection.execute("select version, name from taxi_ledger.migrations order by version").fetchall()
    assert recorded == [(number, file.stem) for number, file in enumerate(MIGRATIONS, start=1)]


def test_a_ledger_of_a_newer_program_is_refused_in_one_line(dsn: str):
    with connect(dsn) as connection:
        migrate(connection)
        connection.execute("insert into taxi_ledger.migrations values (999, 'from_the_future')")
        with pytest.raises(StoreError, match=r"^The ledger has version 999, and this program knows versions up to"):
            Ledger(connection)


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(dsn: str, tmp_path: Path):
    (tmp_path / "001_ledger.sql").write_text(MIGRATIONS[0].read_text(encoding="utf-8"), encoding="utf-8")
    with connect(dsn) as connection:
        migrate(connection, tmp_path)
        (tmp_path / "002_good.sql").write_text("alter table taxi_ledger.runs add column host text", encoding="utf-8")
        (tmp_path / "003_bad.sql").write_text("alter table taxi_ledger.nowhere add column x text", encoding="utf-8")
        with pytest.raises(psycopg.errors.UndefinedTable):
            migrate(connection, tmp_path)
        names = connection.execute("select name from taxi_ledger.migrations").fetchall()
        host = "select from information_schema.columns where table_name = 'runs' and column_name = 'host'"
        assert names == [("001_ledger",)]
        assert not connection.execute(host).fetchall()


def test_migrations_are_numbered_without_gaps():
    assert [int(file.name[:3]) for file in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
