"""What each store held of a file month when it was last measured, in the order of the line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestration.cli.explanation import STAGES
from orchestration.ledger.records import MonthKey
from orchestration.ledger.stages import OF_TODAY
from orchestration.page.reading import Reading

_RAW = ("file", "postgres_raw", "lake", "bigquery_raw")
_SHOWN_COLUMNS = 10


@dataclass(frozen=True)
class Stage:
    """A store, or accepted and rejected rows of one together. Differences are to the file; None: not comparable."""

    stage: str
    words: str
    rows: int
    cents: int
    rows_off: int | None
    cents_off: int | None
    columns_off: list[str]
    """Columns whose values differ from the file's; at most 10."""
    digest: str | None
    measured_at: datetime | None
    seconds: float | None
    run: str | None

    @property
    def differs(self) -> bool:
        """Whether it does not hold what the file does."""
        return bool(self.rows_off or self.cents_off or self.columns_off)


@dataclass(frozen=True)
class Chain:
    """The stages, the tables of the marts that differ between the warehouses, and the file's values by column."""

    stages: list[Stage]
    marts: int
    marts_off: list[str]
    values: dict[str, int]


def chain(reading: Reading, key: MonthKey) -> Chain:
    """What was last measured of the month."""
    found = reading.rows(
        "select distinct on (stage) stage, rows, cents, digest, columns, seconds, measured_at, run_id, run_number"
        f" from taxi_ledger.stages where (service_type, file_month) = (%s, %s) and {OF_TODAY}"
        " order by stage, run_number desc",
        *key,
    )
    by_name = {row["stage"]: row for row in found}
    stages = []
    for name, words in STAGES.items():
        if row := by_name.get(name):
            stages.append(_stage(name, words, row, by_name.get("file")))
        if name.endswith("_rejected") and (both := _both(name.partition("_")[0], by_name)):
            stages.append(both)
    marts = [name.partition("_")[2] for name in by_name if name.startswith("postgres_") and name != "postgres_raw"]
    off = [name for name in marts if _digest(by_name, f"postgres_{name}") != _digest(by_name, f"bigquery_{name}")]
    held = by_name.get("postgres_raw") or by_name.get("file") or {"columns": {}}
    return Chain(stages, len(marts), sorted(off), {name: sums[0] for name, sums in held["columns"].items()})


def _stage(name: str, words: str, row: Mapping[str, Any], file: Mapping[str, Any] | None) -> Stage:
    rows_off, cents_off, columns_off = None, None, []
    if name in _RAW and file and row["run_number"] >= file["run_number"]:  # else of the edition before
        rows_off, cents_off = row["rows"] - file["rows"], row["cents"] - file["cents"]
        names = sorted({*row["columns"], *file["columns"]})
        columns_off = [one for one in names if row["columns"].get(one) != file["columns"].get(one)]
        columns_off = [one for one in columns_off if _has_values(one, row) or _has_values(one, file)]
    return Stage(
        name, words, row["rows"], row["cents"], rows_off, cents_off, columns_off[:_SHOWN_COLUMNS],
        row["digest"], row["measured_at"], row["seconds"], row["run_id"],
    )  # fmt: skip


def _has_values(column: str, row: Mapping[str, Any]) -> bool:
    return bool(row["columns"].get(column, [0])[0])


def _both(warehouse: str, by_name: Mapping[str, Mapping[str, Any]]) -> Stage | None:
    """Accepted and rejected rows together, which have to be the file's."""
    parts = [by_name.get(f"{warehouse}_{which}") for which in ("accepted", "rejected")]
    file = by_name.get("file")
    if not (parts[0] and parts[1] and file) or parts[0]["run_number"] < file["run_number"]:
        return None
    rows, cents = (parts[0][what] + parts[1][what] for what in ("rows", "cents"))
    where = "in Postgres" if warehouse == "postgres" else "on BigQuery"
    return Stage(
        f"{warehouse}_both", f"accepted + rejected {where}", rows, cents, rows - file["rows"], cents - file["cents"],
        [], None, None, None, None,
    )  # fmt: skip


def _digest(by_name: Mapping[str, Mapping[str, Any]], stage: str) -> str | None:
    return by_name[stage]["digest"] if stage in by_name else None
