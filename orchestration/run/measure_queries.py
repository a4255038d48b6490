"""The tables by which a run measures one warehouse: each raw table and each mart by month, and the zones."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from ingest.datasets import DATASETS
from orchestration.ledger.records import MonthKey
from orchestration.run.checksum_sql import MEASURED, Kind, MeasuredTable

MARTS_SCHEMA = "taxi_marts"
ZONES = MeasuredTable(
    "dim_zones",
    f"{MARTS_SCHEMA}.dim_zones",
    {"location_id": "bigint", "borough": "text", "zone": "text", "service_zone": "text"},
    is_aggregate=True,
    data_set="''",
    file_month="cast(null as date)",
)
"""The zones that the marts join, for both warehouses."""
# To shorten the SQL saves the embedded BigQuery half a second; of more rows, Postgres' MD5 of each code takes that.
_FEW_ROWS = 100_000
NAMES_OF_TABLES = {"fct_trips": "accepted", "fct_rejected_trips": "rejected"}
"""The tables of trips: they have a row for each of the files'. The others are aggregates."""


def measured_tables(
    warehouse: str,
    months: Sequence[MonthKey],
    columns: Mapping[str, Mapping[str, Kind]],
    sparse: Mapping[str, Collection[str]] = MappingProxyType({}),
    rows: int = 0,
) -> Iterator[MeasuredTable]:
    """Those that hold these `months`; `columns` are the tables' by the data set's or the mart's name.

    `sparse` are columns of which nearly all values are null, by the table's name. The files have so many `rows`.
    """
    is_large = rows > _FEW_ROWS
    for name, kinds in columns.items():
        if name in DATASETS:
            dataset, keys = DATASETS[name], [key for key in months if key[0] == name]
            if keys:
                yield MeasuredTable(
                    f"{warehouse}_raw", f"taxi_raw.{dataset.table}", kinds, dataset.total_columns, keys,
                    is_raw=True, data_set=f"{MEASURED}.dataset",
                    sparse=sparse.get(dataset.table, ()) if is_large else (), is_large=is_large,
                )  # fmt: skip
        elif months:
            totals = [column for column in ("total_amount",) if column in kinds]
            is_aggregate = name not in NAMES_OF_TABLES
            stage, table = stage_of(warehouse, name), f"{MARTS_SCHEMA}.{name}"
            of_trips = is_large and name == "fct_trips"
            yield MeasuredTable(
                stage, table, kinds, totals, months,
                is_aggregate=is_aggregate, sparse=sparse.get(name, ()) if of_trips else (), is_large=of_trips,
            )  # fmt: skip


def stage_of(warehouse: str, mart: str) -> str:
    """As the ledger calls it."""
    return f"{warehouse}_{NAMES_OF_TABLES.get(mart, mart)}"
