"""Holds what each store has of a file month against the next one: every row, cent and column must be accounted for."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import chain

import psycopg
from google.api_core.exceptions import GoogleAPIError
from requests.exceptions import RequestException

from ingest import lake, postgres
from ingest.checksums import Measure
from ingest.datasets import DataSet
from ingest.errors import StoreError
from ingest.months import label
from orchestration.checksum_sql import BIGQUERY, KIND_OF_POSTGRES_TYPE, POSTGRES, Dialect, Kind, measure_query
from orchestration.connections import Connections

MARTS_SCHEMA = "taxi_marts"

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


def measure_stages(connections: Connections, dataset: DataSet, month: date, file: Measure) -> dict[str, Stage]:
    """Measure every stage of the month anew, but for the file, which was measured as it landed. Raises StoreError."""
    with postgres.connect(connections.dsn) as connection:
        raw = {"row_number": "bigint", **postgres.column_types(connection, dataset)}
        marts = {name: _mart_columns(connection, table) for name, table in _MART_TABLES.items()}

    def in_postgres() -> dict[str, Stage]:
        with postgres.connect(connections.dsn) as connection:
            return _measure_warehouse(
                "postgres", POSTGRES, lambda query: connection.execute(query).fetchone(), dataset, month, raw, marts
            )

    def in_bigquery() -> dict[str, Stage]:
        client = connections.bigquery
        return _measure_warehouse(
            "bigquery",
            BIGQUERY,
            lambda query: next(iter(client.query_and_wait(query))).values(),
            dataset,
            month,
            raw,
            marts,
        )

    def in_lake() -> dict[str, Stage]:
        scratch = connections.settings.state_dir / "scratch"
        return {"lake": _timed(lambda: lake.measure_month(connections.bucket, dataset, month, scratch))}

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(work) for work in (in_postgres, in_bigquery, in_lake)]
        try:
            parts = [future.result() for future in futures]
        except psycopg.Error as error:
            raise StoreError(
                f"Postgres failed while {dataset.name} {label(month)} was measured: {error}", "Run again"
            ) from error
        except (GoogleAPIError, RequestException) as error:
            raise StoreError(
                f"BigQuery failed while {dataset.name} {label(month)} was measured: {error}", "Run again"
            ) from error
    measured = {"file": Stage(file, 0.0), **dict(chain.from_iterable(part.items() for part in parts))}
    return {name: measured[name] for name in STAGES}


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
    run: Callable[[str], tuple],
    dataset: DataSet,
    month: date,
    raw: dict[str, Kind],
    marts: dict[str, dict[str, Kind]],
) -> dict[str, Stage]:
    where = f"file_month = date '{month.isoformat()}' and dataset = '{dataset.name}'"

    def measured(table: str, columns: dict[str, Kind], totals: tuple[str, ...], **numbering: str) -> Stage:
        query = measure_query(dialect, table, columns, totals, where, **numbering)
        return _timed(lambda: _to_measure(run(query), columns))

    stages = {f"{warehouse}_raw": measured(f"taxi_raw.{dataset.table}", raw, dataset.total_columns)}
    for name, table in _MART_TABLES.items():
        # The mart has no row numbers: its rows are told apart by their zone, and counted by their trips.
        numbering = {"weight": "pickup_location_id", "rows": "coalesce(sum(trips), 0)"} if name == "mart" else {}
        stages[f"{warehouse}_{name}"] = measured(f"{MARTS_SCHEMA}.{table}", marts[name], ("total_amount",), **numbering)
    return stages


def _to_measure(values: tuple, columns: dict[str, Kind]) -> Measure:
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


def _timed(work: Callable[[], Measure]) -> Stage:
    started = time.monotonic()
    measure = work()
    return Stage(measure, round(time.monotonic() - started, 3))
