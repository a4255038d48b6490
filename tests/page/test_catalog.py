"""The catalog holds what dbt's artifacts say, in small files, whatever order and however often builds are recorded."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.catalog import records
from orchestration.catalog.records import Details, Graph, Months, Results, folder_of, read_piece
from orchestration.catalog.writing import record_build, record_what_is_left, shortened
from orchestration.page.catalog import Catalog
from tests.page.artifacts import BEGAN, BOTH_TEST, CODE_TEST, GRAIN_TEST, RUN, leave, manifest

LATER = BEGAN + timedelta(hours=1)
TWO = ["2024-03", "2024-04"]
FAILS = {"unique_grain_fct_trips_": ("fail", "Got 3 results")}


def graph_of(state_dir: Path) -> Graph:
    graph = read_piece(folder_of(state_dir) / "graph.json", Graph)
    assert graph
    return graph


def months_of(state_dir: Path) -> Months:
    found = read_piece(folder_of(state_dir) / "months.json", Months)
    assert found is not None
    return found


def content(state_dir: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder_of(state_dir).rglob("*") if path.is_file()}


def test_every_node_has_its_layer_and_its_parents(tmp_path: Path) -> None:
    record_build(tmp_path, RUN, leave(tmp_path, TWO), TWO)
    assert {node.name: (records.LAYERS[node.layer], node.parents) for node in graph_of(tmp_path).nodes} == {
        "green_tripdata": ("raw", []),
        "vendors": ("staging and seeds", []),
        "stg_trips": ("staging and seeds", ["green_tripdata"]),
        "int_trips": ("checked", ["stg_trips"]),
        "fct_trips": ("facts and dimensions", ["int_trips"]),
        "agg_fares": ("facts and dimensions", ["fct_trips"]),
        "monthly_fares": ("reports", ["agg_fares"]),
        "questions": ("read by", ["monthly_fares"]),
    }


def test_parents_come_before_children(tmp_path: Path) -> None:
    record_build(tmp_path, RUN, leave(tmp_path, TWO), TWO)
    names = [node.name for node in graph_of(tmp_path).nodes]
    for node in graph_of(tmp_path).nodes:
        assert all(names.index(parent) < names.index(node.name) for parent in node.parents), node.name


def test_a_test_of_two_models_is_a_test_of_both_and_one_that_is_attached_of_that_one(tmp_path: Path) -> None:
    record_build(tmp_path, RUN, leave(tmp_path, TWO), TWO)
    tests = {node.name: set(node.tests) for node in graph_of(tmp_path).nodes if node.tests}
    assert tests == {"fct_trips": {GRAIN_TEST, CODE_TEST, BOTH_TEST}, "agg_fares": {BOTH_TEST}}


def test_a_source_with_the_name_of_a_model_gives_way_to_it(tmp_path: Path) -> None:
    target = leave(tmp_path, TWO)
    document = manifest()
    document["sources"]["source.taxi.raw.green_tripdata"]["name"] = "fct_trips"
    (target / "manifest.json").write_text(json.dumps(document))
    record_build(tmp_path, RUN, target, TWO)
    nodes = {node.name: node for node in graph_of(tmp_path).nodes}
    assert (nodes["fct_trips"].kind, nodes["raw_fct_trips"].kind) == ("model", "source")
    assert nodes["stg_trips"].parents == ["raw_fct_trips"]


def test_the_types_relations_and_sql_of_both_warehouses_are_kept_side_by_side(tmp_path: Path) -> None:
    record_build(tmp_path, RUN, leave(tmp_path, TWO), TWO)
    record_build(tmp_path, RUN, leave(tmp_path, TWO, "bigquery", at=LATER), TWO)
    details = read_piece(folder_of(tmp_path) / "nodes" / "fct_trips.json", Details)
    assert details
    assert details.columns[0].types == {"postgres": "text", "bigquery": "STRING"}
    assert details.relations == {
        "postgres": '"taxi"."taxi_marts"."fct_trips"',
        "bigquery": "`taxi`.`taxi_marts`.`fct_trips`",
    }
    assert details.filters == {"postgres": "file_month", "bigquery": "file_month"}
    assert (details.grain, details.owner, details.unit_tests) == ("One row per fct_trips", "Taxi data team", 1)
    node = next(node for node in graph_of(tmp_path).nodes if node.name == "fct_trips")
    assert set(Catalog(tmp_path).compiled(node)) == {"postgres", "bigquery"}


def test_what_a_later_build_leaves_out_keeps_its_last_result(tmp_path: Path) -> None:
    record_build(tmp_path, RUN, leave(tmp_path, TWO, **FAILS), TWO)
    skipped = {"unique_grain_fct_trips_": ("skipped", ""), "fct_trips": ("success", "")}
    record_build(tmp_path, "20261101T110000-0000", leave(tmp_path, TWO, run="b", at=LATER, **skipped), TWO)
    results = read_piece(folder_of(tmp_path) / "results_postgres.json", Results)
    assert results
    assert (results[GRAIN_TEST].outcome, results[GRAIN_TEST].failures, results[GRAIN_TEST].run) == ("failed", 3, RUN)
    assert results["model.taxi.fct_trips"].run == "20261101T110000-0000"


def test_an_older_build_that_is_recorded_later_changes_no_newer_result(tmp_path: Path) -> None:
    old, new = leave(tmp_path, ["2024-03"], run="a", **FAILS), leave(tmp_path, ["2024-03"], run="b", at=LATER)
    record_build(tmp_path, "b", new, ["2024-03"])
    results = json.loads((old / "run_results.json").read_text())
    for one in results["results"]:
        one["compiled_code"] = "select 'of old'"
    (old / "run_results.json").write_text(json.dumps(results))
    before = content(tmp_path)
    record_build(tmp_path, "a", old, ["2024-03"])
    assert content(tmp_path) == before


def test_recording_a_build_twice_changes_nothing(tmp_path: Path) -> None:
    target = leave(tmp_path, ["2024-03"], **FAILS)
    record_build(tmp_path, RUN, target, ["2024-03"])
    before = content(tmp_path)
    record_build(tmp_path, RUN, target, ["2024-03"])
    assert content(tmp_path) == before


def test_months_that_fail_together_are_blamed_only_once_each_was_built_alone(tmp_path: Path) -> None:
    record_build(tmp_path, RUN, leave(tmp_path, TWO, **FAILS), TWO)
    assert months_of(tmp_path) == {}
    record_build(tmp_path, RUN, leave(tmp_path, ["2024-03"], at=LATER), ["2024-03"])
    record_build(tmp_path, RUN, leave(tmp_path, ["2024-04"], at=LATER, **FAILS), ["2024-04"])
    found = months_of(tmp_path)
    assert {month: one["postgres"].failed for month, one in found.items()} == {
        "2024-03": [],
        "2024-04": ["unique_grain_fct_trips_"],
    }
    assert (found["2024-03"]["postgres"].passed, found["2024-04"]["postgres"].passed) == (3, 2)


def test_a_month_that_was_mended_says_when_its_test_failed(tmp_path: Path) -> None:
    record_build(tmp_path, RUN, leave(tmp_path, ["2024-03"], **FAILS), ["2024-03"])
    record_build(tmp_path, "b", leave(tmp_path, ["2024-03"], run="b", at=LATER), ["2024-03"])
    record_build(tmp_path, "c", leave(tmp_path, ["2024-03"], run="c", at=LATER + timedelta(1)), ["2024-03"])
    built = months_of(tmp_path)["2024-03"]["postgres"]
    assert (built.failed, list(built.once_failed), built.run) == ([], ["unique_grain_fct_trips_"], "c")
    assert BEGAN <= built.once_failed["unique_grain_fct_trips_"] < LATER


def test_a_build_without_tests_says_nothing_of_the_tests_of_its_months(tmp_path: Path) -> None:
    record_build(tmp_path, RUN, leave(tmp_path, TWO, "bigquery"), TWO)
    assert months_of(tmp_path) == {}


def test_the_months_of_a_build_are_read_off_its_sql_where_nobody_names_them(tmp_path: Path) -> None:
    leave(tmp_path, TWO)
    assert record_what_is_left(tmp_path) == 1
    assert sorted(months_of(tmp_path)) == TWO


def test_a_model_that_the_project_lost_goes_from_the_catalog(tmp_path: Path) -> None:
    record_build(tmp_path, RUN, leave(tmp_path, TWO), TWO)
    target, document = leave(tmp_path, TWO, run="b", at=LATER), manifest(at=LATER)
    del document["exposures"]["exposure.taxi.questions"], document["nodes"]["model.taxi.monthly_fares"]
    (target / "manifest.json").write_text(json.dumps(document))
    record_build(tmp_path, "b", target, TWO)
    assert "monthly_fares" not in {node.name for node in graph_of(tmp_path).nodes}
    assert not (folder_of(tmp_path) / "nodes" / "monthly_fares.json").exists()


def test_long_lists_of_months_are_cut_in_the_sql_and_short_ones_are_not() -> None:
    def listed(count: int) -> str:
        return ", ".join(f"date '20{10 + number // 12}-{number % 12 + 1:02}-01'" for number in range(count))

    short = f"select 1 where file_month in ({listed(5)}) and x = 'date'"
    assert shortened(short) == short
    assert shortened(f"select 1 where file_month in ({listed(200)})") == (
        "select 1 where file_month in (date '2010-01-01', date '2010-02-01', /* and 197 more, */ date '2026-08-01')"
    )


def test_half_a_manifest_is_left_out_and_the_others_are_taken(tmp_path: Path) -> None:
    (leave(tmp_path, ["2024-03"], run="a") / "manifest.json").write_text('{"metadata": {"generated_at": "2026')
    leave(tmp_path, ["2024-04"], run="b")
    assert record_what_is_left(tmp_path) == 1
    assert list(months_of(tmp_path)) == ["2024-04"]


def test_the_page_has_a_catalog_made_where_it_is_missing_or_older_than_the_manifest(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    assert catalog.graph() is None
    leave(tmp_path, ["2024-03"])
    graph = catalog.graph()
    assert graph
    assert graph.manifests == {"postgres": BEGAN.isoformat().replace("+00:00", "Z")}
    kept = tmp_path / "dbt" / "postgres_as_built" / "manifest.json"
    kept.parent.mkdir()
    document = manifest(at=LATER)
    document["nodes"]["model.taxi.fct_new"] = document["nodes"]["model.taxi.agg_fares"] | {"name": "fct_new"}
    kept.write_text(json.dumps(document))
    newer = catalog.graph()
    assert newer
    assert "fct_new" in {node.name for node in newer.nodes}


def test_a_catalog_that_is_as_new_as_the_manifest_costs_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = leave(tmp_path, ["2024-03"])
    record_build(tmp_path, RUN, target, ["2024-03"])
    kept = tmp_path / "dbt" / "postgres_as_built" / "manifest.json"
    kept.parent.mkdir()
    kept.write_bytes((target / "manifest.json").read_bytes())  # later by its time on disk, not by dbt's
    monkeypatch.setattr("orchestration.page.catalog.subprocess.run", lambda *_, **__: pytest.fail("a process"))
    assert Catalog(tmp_path).graph()


def test_a_manifest_that_cannot_be_read_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (leave(tmp_path, ["2024-03"]) / "run_results.json").write_text("{")
    tries = []
    monkeypatch.setattr("orchestration.page.catalog.subprocess.run", lambda *_, **__: tries.append(1))
    assert [Catalog(tmp_path).graph() for _ in range(3)] == [None, None, None]
    assert len(tries) == 1
