"""A month that cannot land, so that a newcomer sees what a failure looks like: one amount in it is no number.

`python -m synthetic.red_month` reads `status --json` from standard input, and fails if another month is not done.
"""

import json
import sys
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from synthetic.files import write_month

RED_MONTH = ("green", date(2025, 12, 1))
COLUMN, ROW, VALUE = "fare_amount", 1204, "N/A"
"""The value that is wrong; rows count from 1."""


def write_red_month(root: Path, dataset: str, month: date, rows: int, seed: int = 0) -> Path:
    """Write what `write_month` does, but with the amounts as text and `VALUE` in row `ROW`, or in the last one."""
    path = write_month(root, dataset, month, rows, seed)
    table = pq.read_table(path)
    index = table.schema.get_field_index(COLUMN)
    texts = [None if amount is None else str(amount) for amount in table.column(index).to_pylist()]
    texts[min(ROW, len(texts)) - 1] = VALUE
    pq.write_table(table.set_column(index, COLUMN, pa.array(texts, pa.string())), path)
    return path


def other_failures(status: str) -> list[str]:
    """The months in `status --json` that are not done, but for the red one."""
    dataset, month = RED_MONTH
    unfinished = [(one["dataset"], one["month"]) for one in json.loads(status)["months"] if one["state"] != "done"]
    return [" ".join(one) for one in unfinished if one != (dataset, f"{month:%Y-%m}")]


if __name__ == "__main__":
    failed = other_failures(sys.stdin.read())
    sys.exit(f"The demo failed: {', '.join(failed)}" if failed else 0)
