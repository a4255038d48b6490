"""docs/scale.md's figures, from points whose costs are known: so much a run, and so much a million rows."""

import json

import pytest

from benchmarks.growth import BATCHES, LARGEST, Point
from benchmarks.markdown import RESULTS
from benchmarks.scale import FEWER, MORE, STEPS, measured, rates

FIXED = {"ingest": 1.0, "dbt on postgres": 10.0, "dbt on bigquery": 20.0, "reconcile": 2.0}
YELLOW = {"ingest": 1.5, "dbt on postgres": 8.0, "dbt on bigquery": 4.0, "reconcile": 0.5}
HIGH_VOLUME = {"ingest": 3.0, "dbt on postgres": 12.0, "dbt on bigquery": 6.0, "reconcile": 1.5}


def phases(point: Point, each_million: dict[str, float]) -> dict:
    return {"phases": {step: FIXED[step] + each_million[step] * point.rows / 1e6 for step in STEPS}}


POINTS = {
    FEWER.key: phases(FEWER, YELLOW),
    MORE.key: phases(MORE, YELLOW),
    LARGEST.key: phases(LARGEST, HIGH_VOLUME),
}


def test_the_seconds_of_a_million_rows_are_told_from_those_of_any_run():
    by_row, fixed = rates(POINTS)
    assert fixed == pytest.approx(FIXED)
    assert by_row["yellow"] == pytest.approx(YELLOW)
    assert by_row["high-volume"] == pytest.approx(HIGH_VOLUME)


def test_hours_are_of_all_published_rows_by_the_rate_of_their_service():
    kept = {
        "machine": json.loads(RESULTS.read_text())["machine"],
        "points": {
            key: point | {"peak_mb": 380.4} for key, point in (POINTS | {BATCHES.key: POINTS[FEWER.key]}).items()
        },
        "slopes": {"seconds by rows, the largest two": 0.76, "seconds by months, the largest two": 0.57},
    }
    lines = measured(kept).splitlines()
    assert "| dbt on Postgres, with its tests | 8.0 | 12.0 |" in lines
    assert "| landing all, one worker | 2.5 |" in lines  # (2,740 × 1.5 + 1,662 × 3) ÷ 3,600
    assert "| building and reconciling all, one builder | 19 |" in lines
    assert "| – without the emulator's part | 13 |" in lines
    assert "| both, one after the other, as a run does today | 21 |" in lines
    assert "| one new month of 24 million rows | 0.15 (9 minutes) |" in lines
