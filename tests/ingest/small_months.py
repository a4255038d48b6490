"""Small yellow months for the tests of the stores."""

from datetime import date, datetime

import pyarrow as pa

from tests.ingest.conftest import Stores

ROWS = (
    "select file_month, count(*), sum(total_amount) from taxi_raw.yellow_tripdata where file_month in ({}) group by 1"
)


def trips(rows: int, amount: float = 1.0, **columns: pa.Array) -> dict[str, pa.Array]:
    return {
        "tpep_pickup_datetime": pa.array([datetime(2003, 7, 1, 12)] * rows, pa.timestamp("us")),
        "total_amount": pa.array([amount] * rows, pa.float64()),
        **columns,
    }


def late_failure(rows: int = 40_000) -> dict[str, pa.Array]:
    """Rows of which the last but one, in the third batch, has a passenger count that is none."""
    return trips(rows, 2.0, passenger_count=pa.array(["1"] * (rows - 2) + ["one", "1"]))


def held(stores: Stores, *months: date) -> dict[date, tuple[int, float]]:
    rows = stores.query(ROWS.format(", ".join(f"'{month}'" for month in months)))
    return {month: (count, amount) for month, count, amount in rows}
