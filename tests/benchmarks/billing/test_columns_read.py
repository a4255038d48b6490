import pytest

from benchmarks.billing.column_bytes import MIB, billed_bytes
from benchmarks.billing.columns_read import Project, Read


def _model(name: str, query: str, columns: str, **config: object) -> dict:
    return {
        "resource_type": "model", "schema": "marts", "name": name, "alias": name, "compiled_code": query,
        "columns": {column: {"data_type": "bigint"} for column in columns.split()}, "config": config,
    }  # fmt: skip


@pytest.fixture(scope="module")
def project() -> Project:
    """A table of trips by file month, and a view by zone on it, which has a view of its own on top."""
    by_zone = """
        with trips as (select * from `project`.`marts`.`trips`)
        select zone, sum(fare) as fares, sum(tip) as tips, file_month from trips group by zone, file_month
    """
    nodes = [
        _model(
            "trips", "select 1", "service_type zone fare tip tolls file_month",
            materialized="incremental", partition_by={"field": "file_month"},
        ),
        _model("by_zone", by_zone, "zone fares tips file_month", materialized="view"),
        _model("top", "select zone, fares from `project`.`marts`.`by_zone`", "zone fares", materialized="view"),
    ]  # fmt: skip
    return Project({"nodes": {node["name"]: node for node in nodes}, "sources": {}})


def test_a_column_that_only_a_view_mentions_is_not_read(project: Project):
    assert project.reads("select max(fares) from marts.top") == [
        Read("marts.trips", frozenset({"zone", "fare", "file_month"}), names_months=False)
    ]


@pytest.mark.parametrize(
    ("condition", "names_months"),
    [
        ("file_month = date '2025-02-01'", True),
        ("file_month between date '2025-01-01' and date '2025-12-01' and tolls > 0", True),
        ("file_month = date '2025-02-01' or tolls > 0", False),
        ("extract(year from file_month) = 2025", False),
        ("zone = 1", False),
    ],
)
def test_only_the_bare_month_compared_with_constants_prunes_partitions(
    project: Project, condition: str, names_months: bool
):
    (read,) = project.reads(f"select sum(fare) from marts.trips where {condition}")
    assert read.names_months is names_months


@pytest.mark.parametrize("column", ["file_month", "fares"])
def test_a_condition_on_a_subquery_prunes_if_it_is_on_the_bare_month(project: Project, column: str):
    subquery = "select * replace (fare + 1 as fare), fare as fares from marts.trips"
    (read,) = project.reads(f"select max(tip) from ({subquery}) as trips where {column} > date '2025-02-01'")
    assert read.names_months is (column == "file_month")


@pytest.mark.parametrize(
    ("condition", "datasets"),
    [
        ("service_type in ('fhv', 'green') and zone = 1", {"fhv", "green"}),
        ("service_type != 'fhv'", set()),
        ("zone = 1", set()),
    ],
)
def test_only_data_sets_that_are_named_spare_clusters(project: Project, condition: str, datasets: set[str]):
    (read,) = project.reads(f"select sum(fare) from marts.trips where {condition}")
    assert read.datasets == datasets


def test_a_table_read_with_and_without_months_is_read_as_a_whole_and_once(project: Project):
    (read,) = project.reads("""
        select fare from marts.trips where file_month = date '2025-02-01' union all select tip from marts.trips
    """)
    assert read.columns == {"fare", "tip", "file_month"}
    assert not read.names_months


def test_a_table_is_billed_in_whole_mebibytes_and_at_least_ten():
    assert [billed_bytes(size) // MIB for size in (0, 5, 10 * MIB, 10 * MIB + 1)] == [10, 10, 10, 11]
