"""Makes the measured part of docs/scale.md from the points of `growth`: seconds per million rows, hours for all of TLC.

Each step has a fixed cost, and one for each row. Two points of yellow tell them apart. High-volume FHV has one point
only, so we assume that its fixed cost is yellow's.
"""

from collections.abc import Mapping
from typing import Any

from benchmarks.growth import BATCHES, LARGEST, Point
from benchmarks.machine import in_words

# Of rows, to 2026-09. Their source: "How much there is" in docs/scale.md.
MILLIONS_PUBLISHED = {"yellow": 2_740, "high-volume": 1_662}
MILLIONS_A_MONTH = {"yellow": 3.9, "high-volume": 20.1}
STEPS = {
    "ingest": "landing in both stores",
    "dbt on postgres": "dbt on Postgres, with its tests",
    "dbt on bigquery": "dbt on BigQuery's emulator (no forecast for the real one)",
    "reconcile": "reconciling all stages",
}
FEWER, MORE = Point("rows", 1, 1_000_000), Point("rows", 1, 10_000_000)

# Seconds per million rows, by service and step.
Rates = Mapping[str, Mapping[str, float]]


def rates(points: Mapping[str, Any]) -> tuple[Rates, Mapping[str, float]]:
    """Seconds per million rows, and the fixed seconds of each step; takes the points of growth.json."""
    few, many, largest = (points[point.key]["phases"] for point in (FEWER, MORE, LARGEST))
    millions = (MORE.rows - FEWER.rows) / 1e6
    yellow = {step: (many[step] - few[step]) / millions for step in STEPS}
    fixed = {step: few[step] - yellow[step] * FEWER.rows / 1e6 for step in STEPS}
    high_volume = {step: (largest[step] - fixed[step]) / (LARGEST.rows / 1e6) for step in STEPS}
    return {"yellow": yellow, "high-volume": high_volume}, fixed


def measured(kept: Mapping[str, Any]) -> str:
    """The tables of rates and of hours, and how time and memory grow; takes what growth.json holds."""
    by_row, fixed = rates(kept["points"])
    lines = [
        f"Measured on {in_words(kept['machine'])}.",
        "",
        "| seconds per million rows | yellow, from 1 to 10 million rows a month | high-volume, 20 million rows |",
        "| --- | ---: | ---: |",
        *(
            f"| {name} | {by_row['yellow'][step]:.1f} | {by_row['high-volume'][step]:.1f} |"
            for step, name in STEPS.items()
        ),
        "",
        f"The first month on an empty line adds {sum(fixed.values()):.0f} s, whatever its rows: dbt's starts, the"
        " project, the emulator's queries, and making all tables.",
        "",
        "| all of TLC, on such a machine | hours |",
        "| --- | ---: |",
        *(f"| {work} | {hours} |" for work, hours in _hours(by_row, sum(fixed.values()))),
        "",
        *_growth(kept),
    ]
    return "\n".join(lines) + "\n"


def _hours(by_row: Rates, fixed: float) -> list[tuple[str, str]]:
    landing, postgres, bigquery, reconciling = (_seconds(by_row, MILLIONS_PUBLISHED, step) / 3600 for step in STEPS)
    building = postgres + bigquery + reconciling
    month = fixed + _seconds(by_row, MILLIONS_A_MONTH, *STEPS)
    return [
        ("landing all, one worker", f"{landing:.1f}"),
        ("building and reconciling all, one builder", f"{building:.0f}"),
        ("– of that, dbt on Postgres", f"{postgres:.1f}"),
        ("– without the emulator's part", f"{postgres + reconciling:.0f}"),
        ("both, one after the other, as a run does today", f"{landing + building:.0f}"),
        (
            "4 landers while one builder builds, with cores for all: the longer of the two",
            f"{max(landing / 4, building):.0f}",
        ),
        (
            f"one new month of {sum(MILLIONS_A_MONTH.values()):.0f} million rows",
            f"{month / 3600:.2f} ({month / 60:.0f} minutes)",
        ),
    ]


def _seconds(by_row: Rates, rows: Mapping[str, float], *steps: str) -> float:
    return sum(rows[service] * by_row[service][step] for service in rows for step in steps)


def _growth(kept: Mapping[str, Any]) -> list[str]:
    by_rows, by_months = (kept["slopes"][f"seconds by {axis}, the largest two"] for axis in ("rows", "months"))
    peaks = {key: point["peak_mb"] for key, point in kept["points"].items()}
    batches, largest = peaks.pop(BATCHES.key), peaks.pop(LARGEST.key)
    return [
        f"From 3 to 10 million rows, time grows as the rows to the power of {by_rows:.2f}, because the fixed cost"
        " counts for less. From 16 to 32 small months (then two batches and three), it grows as the months to the"
        f" power of {by_months:.2f}.",
        "",
        f"Memory is {min(peaks.values()):.0f} to {max(peaks.values()):.0f} MB, from one month of 20,000 rows to 32"
        f" such months or one month of 10 million rows. Three batches of 3 million rows take {batches:.0f} MB, and a"
        f" month of 20 million high-volume rows {largest:.0f} MB.",
    ]
