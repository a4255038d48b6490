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
ROWS = 400


def write(root: Path, dataset: str, month: str, rows: int = ROWS, seed: int = 0) -> Path:
    """A synthetic month, its name as people write it."""
    return write_month(root, dataset, parse_month(month), rows, seed)
