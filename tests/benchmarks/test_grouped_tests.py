import pytest

from benchmarks.compiled import Compiled
from benchmarks.grouped_tests import GroupedTests

MONTH = "file_month = date '2025-02-01'"


def _model(name: str, parents: list[str], **config: object) -> dict:
    return {
        "resource_type": "model", "unique_id": name, "name": name, "schema": "marts", "alias": name,
        "relation_name": f'"db"."marts"."{name}"', "compiled_code": "select 1", "depends_on": {"nodes": parents},
        "config": {"materialized": "view", "tags": [], **config},
    }  # fmt: skip


def _test(
    name: str,
    parents: list[str],
    kind: str = "",
    query: str = "select 1",
    tags: tuple[str, ...] = (),
    **arguments: object,
) -> dict:
    return {
        "resource_type": "test", "unique_id": name, "name": name, "compiled_code": query,
        "attached_node": parents[0] if kind else None, "depends_on": {"nodes": parents},
        "test_metadata": {"name": kind, "kwargs": arguments} if kind else None, "config": {"tags": tags},
    }  # fmt: skip


@pytest.fixture(scope="module")
def groups() -> GroupedTests:
    """Trips and a mart by file month, zones, and tests of each kind."""
    by_month = {"materialized": "incremental", "tags": ["months"], "partition_by": {"field": "file_month"}}
    few = """
        -- a warning
        with trips as (
            select service_type, file_month, case when a then 1 else 0 end as is_odd from "db"."marts"."fct_trips"
            where file_month in (date '2025-02-01') and kind = 'x'
        )
        select service_type, file_month from trips group by service_type, file_month having sum(is_odd) > 0.1 * count(*)
    """
    both = 'select 1 from "db"."marts"."fct_trips" join "db"."marts"."mart" using (service_type)'
    nodes = [
        _model("zones", []),
        _model("fct_trips", ["zones"], **by_month),
        _model("mart", ["fct_trips"], **by_month),
        _test("zone_is_known", ["fct_trips", "zones"], "relationships", to="ref('zones')", field="id", column_name="z"),
        _test("kinds", ["fct_trips"], "accepted_values", column_name="kind", values=["x", "y"]),
        _test("grain", ["mart"], "unique_grain", columns=["service_type", "z"]),
        _test("sums", ["mart", "fct_trips"], "adds_up_to_trips", sums=["fare", ["n", "case when b then 1 end"]]),
        _test("odd_ones_are_few", ["fct_trips"], query=few),
        _test("row_by_row", ["fct_trips", "mart"], query=both),
        _test("no_matter_of_a_months_run", ["mart"], "report_adds_up", tags=("reports",), of="ref('mart')"),
    ]
    return GroupedTests(Compiled({"nodes": {node["unique_id"]: node for node in nodes}, "sources": {}}))


def test_one_scan_of_a_table_serves_all_tests_that_one_pass_can_answer(groups: GroupedTests):
    assert sorted(groups.scans["fct_trips"].tests) == ["kinds", "odd_ones_are_few", "sums", "zone_is_known"]
    assert groups.scans["mart"].tests == ["sums"]
    scans = [query for _, query in groups.statements(MONTH) if query.startswith("create temporary table")]
    assert len(scans) == 2
    assert all(query.count('from "db"."marts".') == 1 or "zones" in query for query in scans)


def test_what_refers_to_nothing_breaks_no_relationship_not_even_with_an_empty_table(groups: GroupedTests):
    (counted,) = (expression for expression in groups.scans["fct_trips"].columns if "zones" in expression)
    assert "z is not null and z not in (select id" in counted


def test_every_test_is_made(groups: GroupedTests):
    names = [name for name, _ in (*groups.grains, *groups.comparisons, *groups.others)]
    assert sorted(names) == ["grain", "row_by_row", "sums"]
    assert len(groups.scans["fct_trips"].broken) == 3


def test_a_query_of_one_table_by_data_set_becomes_conditions_on_what_the_scan_finds(groups: GroupedTests):
    found = {name: expression for expression, name in groups.scans["fct_trips"].columns.items()}
    broken = next(it for it in groups.scans["fct_trips"].broken if " and " in it)
    rows, total, count = (found[word.strip("()")] for word in broken.split() if word.strip("()") in found)
    assert rows == "count(*) filter (where kind = 'x')"
    assert total == "SUM(CASE WHEN a THEN 1 ELSE 0 END) filter (where kind = 'x')"
    assert count == "COUNT(*) filter (where kind = 'x')"
