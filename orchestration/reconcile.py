"""Holds what each store has of a file month against the next one: every row, cent and column must be accounted for."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from requests.exceptions import RequestException

from ingest import external_tables, lake, postgres
from ingest.checksums import Measure
from ingest.datasets import DATASETS
from ingest.errors import StoreError, first_line
from orchestration.checksum_sql import BIGQUERY, KIND_OF_POSTGRES_TYPE, POSTGRES, Dialect, Kind, measure_query
from orchestration.connections import Connections
from orchestration.ledger import MonthKey

MARTS_SCHEMA = "taxi_marts"
_BIGQUERY_FAULTS = (GoogleAPIError, GoogleAuthError, RequestException)

# The stages in the order of the line, as the ledger names them.
RAW_STAGES = ("file", "postgres_raw", "lake", "bigquery_raw")
STAGES = (
    *RAW_STAGES,
    "postgres_accepted",
    "postgres_rejected",
    "postgres_mart",
    "bigquery_accepted",
    "bigquery_rejected",
    "bigquery_mart",
)
_MART_TABLES = {"accepted": "fct_trips", "rejected": "rejected_trips", "mart": "zone_revenue_by_file"}


@dataclass(frozen=True)
class Stage:
    """What a store holds of a file month, and how many seconds it took to find out."""

    measure: Measure
    seconds: float


_Measured = dict[tuple[MonthKey, str], Stage]


@dataclass(frozen=True)
class Difference:
    """Two stages that ought to agree and don't: right minus left."""

    left: str
    right: str
    rows: int
    cents: int
    columns: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Rows and cents that differ, at least 1."""
        return (abs(self.rows) + abs(self.cents)) or 1

    def __str__(self) -> str:
        parts = [f"{self.rows:+,} rows"] * bool(self.rows) + [f"{self.cents / 100:+,.2f} dollars"] * bool(self.cents)
        if self.columns:
            parts.append(f"other values in {', '.join(self.columns[:5])}{' …' if len(self.columns) > 5 else ''}")
        return f"{self.left} → {self.right}: {', '.join(parts)}"


def measure_stages(connections: Connections, files: dict[MonthKey, Measure]) -> dict[MonthKey, dict[str, Stage]]:
    """Measure every stage of these file months anew, but for the files, which were measured as they landed (`files`).

    One query per table and warehouse, whatever the number of months: preparing one takes BigQuery a second.
    Raises StoreError.
    """
    with postgres.connect(connections.dsn) as connection:
        columns = {name: _mart_columns(connection, table) for name, table in _MART_TABLES.items()}
        for dataset in DATASETS.values():
            columns[dataset.name] = {"row_number": "bigint", **postgres.column_types(connection, dataset)}

    def in_postgres() -> _Measured:
        with postgres.connect(connections.dsn) as connection:
            return _measure_warehouse(
                "postgres", POSTGRES, lambda query: connection.execute(query).fetchall(), files, columns
            )

    def in_bigquery() -> _Measured:
        client = connections.bigquery
        return _measure_warehouse(
            "bigquery",
            BIGQUERY,
            lambda query: [row.values() for row in client.query_and_wait(query, retry=external_tables.RETRY)],
            files,
            columns,
        )

    def in_lake() -> _Measured:
        scratch = connections.settings.state_dir / "scratch"
        return {(key, "lake"): _measure_object(connections, key, scratch) for key in files}

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(work) for work in (in_postgres, in_bigquery, in_lake)]
        try:
            measured = {pair: stage for future in futures for pair, stage in future.result().items()}
        except psycopg.Error as error:
            what = f"Postgres failed while the stages were measured: {first_line(error)}"
            raise StoreError(what, "Run again") from error
        except _BIGQUERY_FAULTS as error:
            what = f"BigQuery failed while the stages were measured: {first_line(error)}"
            raise StoreError(what, "Run again") from error
    for key, file in files.items():
        measured[key, "file"] = Stage(file, 0.0)
    nothing = Stage(Measure(), 0.0)  # a table without a row of the month
    return {key: {name: measured.get((key, name), nothing) for name in STAGES} for key in files}


def check_zones(connections: Connections) -> None:
    """Raise StoreError where the two warehouses know other zones, which the marts join."""
    query = f"select location_id, borough, zone, service_zone from {MARTS_SCHEMA}.dim_zones order by location_id"
    try:
        with postgres.connect(connections.dsn) as connection:
            here = [tuple(row) for row in connection.execute(query).fetchall()]
        there = [tuple(row.values()) for row in connections.bigquery.query_and_wait(query)]
    except (psycopg.Error, *_BIGQUERY_FAULTS) as error:
        raise StoreError(f"dim_zones cannot be read: {first_line(error)}", "Run again") from error
    if here != there:
        raise StoreError("dim_zones differs between Postgres and BigQuery", "Run again, with --force for one month")


def find_differences(stages: dict[str, Measure]) -> list[Difference]:
    """Every pair of neighbouring stages that does not agree; empty if the month is reconciled.

    Raw stages must hold the same values, column by column. On each warehouse accepted + rejected must be raw, and the
    mart the accepted, to the row and the cent; and both warehouses must hold the same values of each.
    """
    found: list[Difference | None] = [
        _compare("file", stages["file"], name, stages[name], by_column=True) for name in RAW_STAGES[1:]
    ]
    for warehouse in ("postgres", "bigquery"):
        accepted, rejected = stages[f"{warehouse}_accepted"], stages[f"{warehouse}_rejected"]
        both = Measure(accepted.rows + rejected.rows, accepted.cents + rejected.cents)
        found += [
            _compare(f"{warehouse}_raw", stages[f"{warehouse}_raw"], f"{warehouse} accepted + rejected", both),
            _compare(f"{warehouse}_accepted", accepted, f"{warehouse}_mart", stages[f"{warehouse}_mart"]),
        ]
    for name in _MART_TABLES:
        left, right = f"postgres_{name}", f"bigquery_{name}"
        found.append(_compare(left, stages[left], right, stages[right], by_column=True))
    return [difference for difference in found if difference]


def _compare(left: str, one: Measure, right: str, other: Measure, by_column: bool = False) -> Difference | None:
    columns = tuple(one.differing_columns(other)) if by_column else ()
    if (one.rows, one.cents) == (other.rows, other.cents) and not columns:
        return None
    return Difference(left, right, other.rows - one.rows, other.cents - one.cents, columns)


def _measure_warehouse(
    warehouse: str,
    dialect: Dialect,
    run: Callable[[str], Sequence[tuple]],
    files: dict[MonthKey, Measure],
    columns: dict[str, dict[str, Kind]],
) -> _Measured:
    """Measure the raw tables and the marts on one warehouse, all months of a table at once."""
    found: _Measured = {}
    by_dataset: dict[str, list[MonthKey]] = {}
    for key in files:
        by_dataset.setdefault(key[0], []).append(key)
    tables = [
        (f"{warehouse}_raw", f"taxi_raw.{DATASETS[name].table}", columns[name], DATASETS[name].total_columns, keys, {})
        for name, keys in by_dataset.items()
    ]
    for name, table in _MART_TABLES.items():
        # The mart has no row numbers: its rows are told apart by their zone, and counted by their trips.
        numbering = {"weight": "pickup_location_id", "rows": "sum(trips)"} if name == "mart" else {}
        tables.append(
            (f"{warehouse}_{name}", f"{MARTS_SCHEMA}.{table}", columns[name], ("total_amount",), list(files), numbering)
        )
    for stage, table, kinds, totals, keys, numbering in tables:
        query = measure_query(dialect, table, kinds, totals, keys, **numbering)
        started = time.monotonic()
        rows = run(query)
        seconds = round((time.monotonic() - started) / len(keys), 3)
        for dataset, month, *values in rows:
            found[(dataset, month), stage] = Stage(_to_measure(values, kinds), seconds)
    return found


def _measure_object(connections: Connections, key: MonthKey, scratch: Path) -> Stage:
    started = time.monotonic()
    try:
        measure = lake.measure_month(connections.bucket, DATASETS[key[0]], key[1], scratch)
    except lake.MissingObjectError:
        measure = Measure()
    return Stage(measure, round(time.monotonic() - started, 3))


def _to_measure(values: Sequence, columns: dict[str, Kind]) -> Measure:
    rows, cents, *sums = (int(value) for value in values)
    triples = zip(sums[0::3], sums[1::3], sums[2::3], strict=True)
    return Measure(rows, cents, dict(zip(columns, triples, strict=True)))


def _mart_columns(connection: psycopg.Connection, table: str) -> dict[str, Kind]:
    """The columns of a model as Postgres has them; BigQuery has the same, or their checksums differ."""
    rows = connection.execute(
        "select column_name, data_type from information_schema.columns where table_schema = %s and table_name = %s"
        " order by ordinal_position",
        (MARTS_SCHEMA, table),
    ).fetchall()
    if not rows:
        raise StoreError(f"Postgres has no table {MARTS_SCHEMA}.{table}", "See the dbt log of this run")
    return {name: KIND_OF_POSTGRES_TYPE[data_type] for name, data_type in rows}
