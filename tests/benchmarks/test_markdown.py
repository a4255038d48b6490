import json

from benchmarks.growth import RESULTS as GROWTH
from benchmarks.markdown import PAGE, README, RESULTS, SCALE, figures, headlines, tables, with_tables
from benchmarks.scale import measured

LINE = {
    "work": "file → Postgres",
    "unit": "s",
    "ours": {"median": 5.39, "min": 5.3, "max": 5.4, "values": [5.3, 5.39, 5.4]},
    "limit": {"median": 4.35, "min": 4.3, "max": 4.4, "values": [4.3, 4.35, 4.4]},
    "compared": {"in": "times", "median": 1.24, "min": 1.22, "max": 1.26, "values": [1.22, 1.24, 1.26]},
    "target": 1.2,
    "is_reached": False,
    "peak_mb": 410,
    "peak_target_mb": 400,
    "is_peak_reached": False,
}


def kept(name: str, **changes) -> dict:
    machine = json.loads(RESULTS.read_text())["machine"]
    return {"machine": machine, "comparisons": {name: {"rows": 3_000_000, "lines": [LINE | changes]}}}


def test_a_missed_target_is_said_to_be_missed():
    row = tables(kept("landing/postgres")).splitlines()[-1]
    assert row == (
        "| file → Postgres | 3,000,000 | 5.39 s | 4.35 s | 1.24 (1.22–1.26)"
        " | ≤ 1.2 **missed** | 410 (≤ 400) **missed** |"
    )
    reached = tables(kept("landing/postgres", is_reached=True, is_peak_reached=True))
    assert "missed" not in reached


def test_peers_have_a_table_of_their_own_that_says_what_they_leave_out():
    text = tables(kept("peers", leaves_out="all types", why_faster="fewer bytes", rows=300_000))
    row = "| file → Postgres | 5.39 s | 4.35 s | 1.24 (1.22–1.26) | **the peer is faster**: fewer bytes. all types |"
    assert text.splitlines()[-1] == row


def test_the_tables_of_the_page_are_those_of_the_figures_kept():
    text = PAGE.read_text()
    assert "pipeline / limit" in text
    assert text == with_tables(text, tables(figures()))


def test_the_three_figures_of_the_readme_are_those_of_the_figures_kept():
    text = README.read_text()
    assert text == with_tables(text, headlines(figures()))
    assert headlines(figures()) in text


def test_what_the_page_on_scale_calls_measured_is_made_from_the_figures_kept():
    text = SCALE.read_text()
    made = measured(json.loads(GROWTH.read_text()))
    assert text == with_tables(text, made)
    assert made in text
