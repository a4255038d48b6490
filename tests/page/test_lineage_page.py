"""The page Lineage shows a model's neighbours first, with how fresh each is and how its tests ended."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestration.catalog.writing import record_build
from orchestration.ledger.ledger import Ledger
from orchestration.page.drawing import draw
from orchestration.page.facts.parts import distances_from, ranks_from
from orchestration.page.facts.similar import nearest
from orchestration.page.site import Site
from tests.page.artifacts import BEGAN, EVIL, RUN, leave
from tests.page.conftest import finish, run_of

CHAIN = [("a", "b"), ("b", "c"), ("c", "d"), ("x", "c")]


@pytest.fixture
def built(site: Site) -> Callable[..., None]:
    """Records a build of some months, as a run does after dbt."""

    def build(*months: str, warehouse: str = "postgres", days: int = 0, run: str = RUN, **statuses: Any) -> None:
        state = site.settings.run.state_dir
        target = leave(state, list(months), warehouse, run, BEGAN + timedelta(days), **statuses)
        record_build(state, run, target, months)

    return build


def nodes(browser: TestClient, query: str = "") -> dict[str, Any]:
    return {one["name"]: one for one in browser.get(f"/api/lineage{query}").json()["part"]["nodes"]}


def test_before_the_first_build_the_page_says_so_and_what_to_do(visitor: TestClient) -> None:
    answer = visitor.get("/lineage")
    assert answer.status_code == 200
    assert "No run has built anything with dbt yet" in answer.text
    assert "<code>python orchestrate.py run</code>" in answer.text


def test_the_trips_and_their_neighbours_come_first(built: Callable[..., None], visitor: TestClient) -> None:
    built("2024-03")
    assert set(nodes(visitor)) == {"int_trips", "fct_trips", "agg_fares"}


def test_more_levels_show_the_neighbours_of_neighbours(built: Callable[..., None], visitor: TestClient) -> None:
    built("2024-03")
    found = set(nodes(visitor, "?model=fct_trips&depth=2"))
    assert found == {"stg_trips", "int_trips", "fct_trips", "agg_fares", "monthly_fares"}


def test_the_whole_graph_is_there_on_demand_with_every_line(built: Callable[..., None], visitor: TestClient) -> None:
    built("2024-03")
    part = visitor.get("/api/lineage?whole=yes").json()["part"]
    assert len(part["nodes"]) == 8
    assert {(one["parent"], one["child"]) for one in part["edges"]} == {
        ("green_tripdata", "stg_trips"), ("stg_trips", "int_trips"), ("int_trips", "fct_trips"),
        ("fct_trips", "agg_fares"), ("agg_fares", "monthly_fares"), ("monthly_fares", "questions"),
    }  # fmt: skip


def test_each_box_is_a_link_with_a_symbol_and_a_title(built: Callable[..., None], visitor: TestClient) -> None:
    built("2024-03", unique_grain_fct_trips_=("fail", "Got 3 results"))
    text = visitor.get("/lineage").text
    box = re.search(r'<a href="/models/fct_trips" class="failed of">.*?</a>', text, re.DOTALL)
    assert box
    assert "<title>fct_trips: a test or build failed</title>" in box.group()
    assert "<tspan>✕</tspan> fct_trips" in box.group()
    assert '<a href="/models/agg_fares" class="passed">' in text


def test_a_page_without_a_model_of_that_name_says_which_are_alike(
    built: Callable[..., None], visitor: TestClient
) -> None:
    built("2024-03")
    answer = visitor.get("/lineage?model=fct_trip")
    assert answer.status_code == 404
    assert "There are fct_trips," in answer.text


@pytest.mark.parametrize("query", ["depth=0", "depth=10", "depth=1;2", "model=Fct", "model=../../x", "whole=no"])
def test_what_is_no_model_and_no_depth_is_refused(built: Callable[..., None], visitor: TestClient, query: str) -> None:
    built("2024-03")
    assert visitor.get(f"/lineage?{query}").status_code == 400


def test_a_model_is_as_fresh_as_the_last_build_on_each_warehouse(
    built: Callable[..., None], visitor: TestClient
) -> None:
    built("2024-03")
    built("2024-03", warehouse="bigquery", days=1)
    built("2024-04", run="20261103T100000-0000", days=2)
    found = nodes(visitor)["fct_trips"]
    assert {name: at[:10] for name, at in found["built"].items()} == {
        "postgres": "2026-11-03",
        "bigquery": "2026-11-02",
    }
    assert found["run"] == "20261103T100000-0000"


def test_a_model_that_failed_keeps_no_time_of_that_build(built: Callable[..., None], visitor: TestClient) -> None:
    built("2024-03", fct_trips=("error", "division by zero"))
    found = nodes(visitor)["fct_trips"]
    assert (found["state"], found["built"]) == ("failed", {})


def test_a_source_is_as_fresh_as_the_month_that_landed_last(
    built: Callable[..., None], ledger: Ledger, visitor: TestClient
) -> None:
    built("2024-03")
    assert nodes(visitor, "?whole=yes")["green_tripdata"]["built"] == {}
    with run_of(ledger):
        finish(ledger)
    assert set(nodes(visitor, "?whole=yes")["green_tripdata"]["built"]) == {"postgres", "bigquery"}


def test_a_test_that_fails_for_one_month_marks_its_model_though_a_later_month_passed(
    built: Callable[..., None], visitor: TestClient
) -> None:
    built("2024-03", unique_grain_fct_trips_=("fail", "Got 3 results"))
    built("2024-04", run="b", days=1)
    found = nodes(visitor)["fct_trips"]
    assert (found["state"], found["passed"], found["failed"]) == ("failed", 2, 1)
    built("2024-03", run="c", days=2)
    assert nodes(visitor)["fct_trips"]["state"] == "passed"


def test_a_warning_is_no_failure(built: Callable[..., None], visitor: TestClient) -> None:
    built("2024-03", vendor_id_is_known=("warn", "Got 3 results"))
    assert nodes(visitor)["fct_trips"]["state"] == "warned"


def test_a_test_of_two_models_counts_once(built: Callable[..., None], visitor: TestClient) -> None:
    built("2024-03", trips_add_up=("fail", "Got 3 results"))
    page = visitor.get("/api/lineage?whole=yes").json()
    assert (page["tests"], page["failed"]) == (3, 1)
    assert "1 of 3 tests failed" in visitor.get("/lineage?whole=yes").text


def test_nothing_of_the_artifacts_gets_onto_the_page_as_html(built: Callable[..., None], visitor: TestClient) -> None:
    built("2024-03")
    for path in ("/lineage?whole=yes", "/models/fct_trips"):
        assert EVIL not in visitor.get(path).text
        assert "<script>" not in visitor.get(path).text
        assert " style=" not in visitor.get(path).text


def test_the_page_asks_few_questions(
    built: Callable[..., None], visitor: TestClient, counted: Callable[[], list[str]]
) -> None:
    built("2024-03")
    visitor.get("/lineage?whole=yes")
    assert len(counted()) <= 5


def test_distances_count_upwards_and_downwards_and_leave_out_siblings() -> None:
    assert distances_from("c", CHAIN) == {"a": -2, "b": -1, "x": -1, "c": 0, "d": 1}


def test_the_columns_of_a_picture_go_by_the_longest_way_so_that_every_line_goes_to_the_right() -> None:
    edges = [*CHAIN, ("c", "e"), ("d", "e"), ("a", "c")]
    assert ranks_from("c", edges) == {"a": -2, "b": -1, "x": -1, "c": 0, "d": 1, "e": 2}


def test_the_neighbours_show_what_they_read_of_each_other(built: Callable[..., None], visitor: TestClient) -> None:
    built("2024-03")
    part = visitor.get("/api/lineage?model=agg_fares&depth=2").json()["part"]
    assert ("int_trips", "fct_trips") in {(one["parent"], one["child"]) for one in part["edges"]}


def test_every_line_begins_and_ends_at_its_boxes() -> None:
    drawing = draw([("", ["a", "x"]), ("", ["b"]), ("", ["c", "d"])], CHAIN)
    places = {box.name: box for box in drawing.boxes}
    assert set(places) == set("abcdx")
    for parent, child in (("a", "b"), ("b", "c"), ("x", "c")):
        begins = re.findall(r"M(\d+) (\d+)c\d+ 0 \d+ -?\d+ (-?\d+) (-?\d+)", drawing.lines[parent])
        ends = {(int(x) + int(dx), int(y) + int(dy)) for x, y, dx, dy in begins}
        assert (places[child].x, places[child].y + 10) in ends
    assert max(box.x for box in drawing.boxes) + 190 <= drawing.width
    assert max(box.y for box in drawing.boxes) + 20 <= drawing.height


def test_no_two_boxes_share_a_place() -> None:
    drawing = draw([("", [f"n{number}" for number in range(30)]), ("", ["m"])], [("n3", "m"), ("n9", "m")])
    assert len({(box.x, box.y) for box in drawing.boxes}) == 31


def test_names_that_contain_what_was_asked_for_are_nearest() -> None:
    names = ["dim_zones", "agg_zone_revenue", "fct_trips", "fct_rejected_trips"]
    assert nearest("trip", names)[:2] == ["fct_trips", "fct_rejected_trips"]
    assert nearest("dim_zonse", names)[0] == "dim_zones"
