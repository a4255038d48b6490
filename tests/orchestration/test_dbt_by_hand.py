"""What dbt's artifacts prove of a build by hand, and what they do not."""

import json
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from orchestration.warehouses.dbt_by_hand import NotProvenError, read_hand_build

JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)
TRIPS, SEED, TEST = "model.taxi.fct_trips", "seed.taxi.findings", "test.taxi.not_null"
ME = "0123456789abcdef"
BY_MONTH = {"materialized": "incremental", "partition_by": {"field": "file_month"}}
Artifacts = dict[str, dict[str, Any]]


def artifacts() -> Artifacts:
    """Those of a `dbt build` of two months that passed, cut down to what counts."""
    in_months = "where file_month in (date '2024-01-01', date '2024-02-01')"
    metadata = {"invocation_id": "i", "dbt_version": version("dbt-core"), "env": {"TAXI_WAREHOUSES": ME}}
    started = {"invocation_started_at": "2024-03-01T10:00:00.000000Z"}

    def node(kind: str, **more: Any) -> dict[str, Any]:
        return {"resource_type": kind, "package_name": "taxi", "schema": "taxi_marts", "tags": [], "alias": "a",
                "name": "a", "raw_code": "select 1", "columns": {}, "config": {"materialized": "table"},
                **more}  # fmt: skip

    def result(name: str, status: str = "success", sql: str | None = None) -> dict[str, Any]:
        return {"unique_id": name, "status": status, "message": "OK", "compiled_code": sql}

    return {
        "manifest": {
            "metadata": {**metadata, "adapter_type": "postgres"},
            "nodes": {
                TRIPS: node("model", tags=["months"], config=BY_MONTH),
                SEED: node("seed"),
                TEST: node("test", tags=["months"]),
            },
            "sources": {},
            "macros": {"macro.taxi.a": {"package_name": "taxi", "macro_sql": "{% macro a() %}1{% endmacro %}"}},
        },
        "run_results": {
            "metadata": {**metadata, **started},
            "args": {"which": "build"},
            "results": [result(TRIPS, sql=f"{in_months} union all {in_months}"), result(SEED), result(TEST, "pass")],
        },
    }


def written(folder: Path, found: Artifacts) -> Path:
    folder.mkdir(exist_ok=True)
    for name, document in found.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def test_a_build_that_passed_proves_its_models_tests_and_months(tmp_path: Path):
    build = read_hand_build(written(tmp_path, artifacts()), ME)
    assert (build.warehouse, build.started_at.isoformat()) == ("postgres", "2024-03-01T10:00:00+00:00")
    assert build.passed == {TRIPS, SEED, TEST}
    assert build.months == {JANUARY, FEBRUARY}
    build.check_nodes({TRIPS, TEST})
    build.check_months([JANUARY])


def change(*path: Any, to: Any) -> Callable[[Artifacts], None]:
    def changed(found: Any) -> None:
        for name in path[:-1]:
            found = found[name]
        found[path[-1]] = to

    return changed


RESULTS = ("run_results", "results")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (change(*RESULTS, 0, "status", to="error"), "that dbt command failed: a: OK"),
        (change(*RESULTS, 2, "status", to="fail"), "that dbt command failed: a: OK"),
        (change("run_results", "args", "which", to="test"), "the last dbt command in that folder was `dbt test`"),
        (change("run_results", "args", "empty", to=True), "had the option --empty"),
        (change("run_results", "args", "sample", to="3 days"), "had the option --sample"),
        (change("run_results", "args", "defer", to=True), "had the option --defer"),
        (change("manifest", "metadata", "invocation_id", to="j"), "another dbt command wrote its manifest.json"),
        (change("manifest", "metadata", "env", to={}), "did not build on the warehouses in use"),
        (change("manifest", "metadata", "adapter_type", to="duckdb"), "did not build on the warehouses in use"),
        (change("manifest", "metadata", "dbt_version", to="1.0.0"), "dbt 1.0.0 built, and "),
        (change("manifest", "nodes", TRIPS, "schema", to="mine_marts"), "built into mine_marts"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_build_that_proves_nothing_is_refused_in_one_line(tmp_path: Path, edit: Callable, said: str):
    found = artifacts()
    edit(found)
    with pytest.raises(NotProvenError, match=said) as refused:
        read_hand_build(written(tmp_path, found), ME)
    assert str(refused.value).startswith("Nothing is adopted: ")
    assert "\n" not in str(refused.value)


def test_a_folder_without_artifacts_is_named(tmp_path: Path):
    with pytest.raises(NotProvenError, match=str(tmp_path)):
        read_hand_build(tmp_path, ME)


def test_models_and_months_that_were_left_out_are_named(tmp_path: Path):
    found = artifacts()
    found["run_results"]["results"][1]["status"] = "skipped"
    build = read_hand_build(written(tmp_path, found), ME)
    with pytest.raises(NotProvenError, match=r"left out seed\.taxi\.findings"):
        build.check_nodes({TRIPS, SEED})
    with pytest.raises(NotProvenError, match="2 of 3 file months, without 2024-03"):
        build.check_months([JANUARY, FEBRUARY, date(2024, 3, 1)])


def test_a_column_that_was_dropped_takes_a_full_refresh(tmp_path: Path):
    before, found = artifacts(), artifacts()
    before["manifest"]["nodes"][TRIPS]["columns"]["old_name"] = {}
    written(tmp_path / "before", before)
    with pytest.raises(NotProvenError, match=r"the table of model\.taxi\.fct_trips still has the column old_name"):
        read_hand_build(written(tmp_path / "built", found), ME).check_columns(tmp_path / "before" / "manifest.json")
    found["run_results"]["args"]["full_refresh"] = True
    read_hand_build(written(tmp_path / "built", found), ME).check_columns(tmp_path / "before" / "manifest.json")


def test_a_table_by_file_month_whose_sql_names_fewer_months_limits_all(tmp_path: Path):
    found = artifacts()
    found["run_results"]["results"][0]["compiled_code"] += " and file_month in (date '2024-02-01')"
    assert read_hand_build(written(tmp_path, found), ME).months == {FEBRUARY}


def test_a_report_by_month_of_pickup_has_a_file_month_with_both_its_neighbours(tmp_path: Path):
    found = artifacts()
    found["manifest"]["nodes"][TRIPS]["config"] = {**BY_MONTH, "partition_by": {"field": "pickup_month"}}
    months = ", ".join(f"date '{month}-01'" for month in ("2023-12", "2024-01", "2024-02", "2024-04", "2024-05"))
    found["run_results"]["results"][0]["compiled_code"] = f"where pickup_month in ({months}) and file_month in (…)"
    assert read_hand_build(written(tmp_path, found), ME).months == {JANUARY}


@pytest.mark.parametrize(
    "edit",
    [
        change("manifest", "nodes", TRIPS, "raw_code", to="select 2"),
        change("manifest", "nodes", SEED, "checksum", to={"checksum": "other"}),
        change("manifest", "macros", "macro.taxi.a", "macro_sql", to="another rule"),
        change("manifest", "sources", "source.taxi.raw.a", to={"package_name": "taxi", "schema": "other"}),
    ],
)
def test_a_project_that_was_edited_since_is_another_one(tmp_path: Path, edit: Callable):
    build = read_hand_build(written(tmp_path / "built", artifacts()), ME)
    same, edited = artifacts(), artifacts()
    same["manifest"]["metadata"]["generated_at"] = "later"
    build.check_project(written(tmp_path / "same", same) / "manifest.json")
    edit(edited)
    with pytest.raises(NotProvenError, match="is not what it was when dbt built"):
        build.check_project(written(tmp_path / "edited", edited) / "manifest.json")
