"""The synthetic months that tests of the line use."""

from pathlib import Path

from ingest.months import parse_month
from synthetic import write_month

# Small months of several eras: old names and strings, null-typed columns, doubles for integers, fees that come and go.
MONTHS = [
    ("yellow", "2009-01"),
    ("yellow", "2010-03"),
    ("yellow", "2018-01"),
    ("green", "2023-01"),
    ("green", "2023-02"),
    ("fhv", "2019-01"),
    ("fhvhv", "2023-02"),
    ("yellow", "2025-02"),
]
# And some for the questions of dbt_taxi/analyses: a year before, the fare percentiles, a month of all data sets.
MARTS_MONTHS = [
    *MONTHS,
    ("yellow", "2019-04"),
    ("yellow", "2020-04"),
    ("yellow", "2024-02"),
    ("yellow", "2023-02"),
    ("fhv", "2023-02"),
    ("green", "2019-04"),
    ("green", "2019-10"),
    ("green", "2020-04"),
    ("fhv", "2019-11"),
    ("green", "2022-02"),
    ("yellow", "2020-10"),
]
ROWS = 400
ROWS_OF = dict.fromkeys(MARTS_MONTHS, ROWS) | {
    ("fhv", "2019-11"): 12_000,  # some from each zone
    ("green", "2022-02"): 8_000,  # enough that a wrong clock stands out
}


def write(root: Path, dataset: str, month: str, rows: int = ROWS, seed: int = 0) -> Path:
    """A synthetic month, its name as people write it."""
    return write_month(root, dataset, parse_month(month), rows, seed)
