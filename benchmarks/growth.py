"""How time and memory grow with months, with rows and with batches: points taken one at a time, kept as they come.

All of them take about an hour. A point that stands in the results file, and was taken on this machine, is not taken
again: after an end before the last, run it again; to take one anew, remove it from the file.
"""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.compare import PEAK_TARGETS, Finding
from benchmarks.growth_picture import draw
from benchmarks.machine import commit, describe
from benchmarks.months import months_until
from benchmarks.report import write
from benchmarks.runs import run_line
from benchmarks.timing import ROOT

RESULTS = ROOT / "benchmarks" / "results" / "growth.json"
PICTURE = ROOT / "docs" / "growth.svg"
STATE = "growth"
LAST_MONTH = "2025-02"


@dataclass(frozen=True)
class Point:
    """A run on an empty line: so many months, of so many rows each."""

    axis: str  # what grows: months, rows or batches
    months: int
    rows: int
    dataset: str = "yellow"
    batch_months: int = 12  # the setting, and its default

    @property
    def key(self) -> str:
        """Its name in the results file."""
        return f"{self.axis}: {self.months} × {self.rows} {self.dataset}"


# What one batch leaves in memory would lie under the next one's landing.
BATCHES = Point("batches", 3, 3_000_000, batch_months=1)
# No month of yellow ever had as many rows as one of the high-volume services.
LARGEST = Point("rows", 1, 20_000_000, "fhvhv")
POINTS = (
    *(Point("months", months, 20_000) for months in (1, 2, 4, 8, 16, 32)),
    *(Point("rows", 1, rows) for rows in (100_000, 1_000_000, 3_000_000, 10_000_000)),
    BATCHES,
    LARGEST,
)
# Those that docs/benchmarks.md shows among the limits, for their memory.
SHOWN = (BATCHES, LARGEST)


def growth(
    bench: Bench, points: Sequence[Point] = POINTS, results: Path = RESULTS, picture: Path = PICTURE
) -> list[Finding]:
    """Take the points that are missing; returns a line for each. Slopes go into the file, the picture into the docs."""
    machine = describe(bench.folder)
    kept = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    if kept.get("machine") != machine:  # points of two machines, or versions, make no curve
        kept = {"machine": machine, "points": {}}
    for point in points:
        if point.key not in kept["points"]:
            bench.say(f"{point.key} rows")
            taken = {"commit": commit(), "taken_at": datetime.now(UTC).isoformat(timespec="seconds")}
            kept["points"][point.key] = asdict(point) | taken | _take(bench, point)
            kept["slopes"] = slopes(kept["points"].values())
            write(results, kept)
    if not draw(kept, picture):
        bench.say("matplotlib is not installed: no picture drawn")
    for name, slope in kept["slopes"].items():
        bench.say(f"slope of {name}: {slope:.2f}")
    return [as_finding(point, kept["points"][point.key]) for point in points]


def as_finding(point: Point, found: dict[str, Any]) -> Finding:
    """The point as a line of a table."""
    batches = ", a batch each" if point.months > 1 and point.batch_months == 1 else ""
    work = f"the whole line on an empty one, {point.months} × {point.rows:,} {point.dataset} rows{batches}"
    target = PEAK_TARGETS.get(point.rows)
    facts = {"rows": point.rows}
    return Finding(work, [found["seconds"]], peak_mb=found["peak_mb"], peak_target=target, facts=facts)


def slopes(points: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Of seconds and memory, by axis: the power of the months or rows that fits best (1: twice as many, twice as long).

    Least squares on logarithms over all points of yellow, and once more over the largest two, where the start of a run
    and of dbt (the same for 20,000 rows as for 10 million) weighs least. High-volume files have other columns: their
    point is drawn, and not fitted. That of batches is neither: it is one.
    """
    found = {}
    for axis in ("months", "rows"):
        own = [point for point in points if point["axis"] == axis and point["dataset"] == "yellow"]
        for value in ("seconds", "peak_mb"):
            pairs = sorted((point[axis], point[value]) for point in own)
            if len(pairs) > 1:
                found[f"{value} by {axis}"] = _slope(pairs)
                found[f"{value} by {axis}, the largest two"] = _slope(pairs[-2:])
    return found


def _slope(pairs: Sequence[tuple[float, float]]) -> float:
    logarithms = [(math.log(x), math.log(y)) for x, y in pairs]
    return statistics.linear_regression(*zip(*logarithms, strict=True)).slope


def _take(bench: Bench, point: Point) -> dict[str, Any]:
    months = months_until(LAST_MONTH, point.months)
    files = [bench.month(month, point.dataset, point.rows) for month in months]
    bench.remove_state(STATE)
    try:
        with bench.servers(STATE, bench.source("source_growth", files)) as environment:
            run = run_line({**environment, "TAXI_BATCH_MONTHS": str(point.batch_months)})
    finally:
        bench.remove_state(STATE)
    return asdict(run)
