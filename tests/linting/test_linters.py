"""The tools of `make lint` see what they are there to see."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from dbt_bouncer.testing import check_fails, check_passes
from dbt_score import Model, RuleViolation
from dbt_score.rule import Rule

from linting import column_docs, line_statements
from linting.artifacts import PROJECT
from linting.bigquery_sql import FALSE_ALARMS, complaints, complaints_of, of_the_line
from linting.google_analyzer import Analyzer, SqlError
from linting.reconciled_types import complaints as unreconciled
from linting.score_rules import (
    description_says_what_a_row_is,
    mart_has_a_consumer,
    mart_has_a_primary_key,
    view_has_no_not_null_constraint,
)

TRIPS = "`taxi-local`.`taxi_raw`.`trips`"


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    known = Analyzer()
    columns = [
        ("zone", "bigint"),
        ("fare", "numeric(18, 2)"),
        ("vendor", "string"),
        ("pickup_at", "datetime"),
        ("seen_at", "timestamp"),
    ]
    known.add_table("taxi-local", "taxi_raw", "trips", columns)
    return known


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("select tip from {trips}", "Unrecognized name: tip [at 1:8]"),
        ("select fare from `taxi-local`.`taxi_raw`.`trip`", "Table not found: `taxi-local`.taxi_raw.trip"),
        ("select zone + vendor as x from {trips}", "No matching signature for operator +"),
        ("select zone from {trips} where vendor = 1", "No matching signature for operator ="),
        (
            "select case when true then zone else vendor end as x from {trips}",
            "No matching signature for operator CASE",
        ),
        ("select zone from {trips} union all select vendor from {trips}", "incompatible types: INT64, STRING"),
        ("select zone, vendor, count(*) as trips from {trips} group by zone", "neither grouped nor aggregated"),
        ("select date_part('dow', pickup_at) as x from {trips}", "Function not found: date_part"),
        ("select vendor::int64 as x from {trips}", "Syntax error"),
        ("select sum(fare) as fare from {trips} having sum(fare) > 0", "Aggregations of aggregations are not allowed"),
    ],
)
def test_what_bigquery_refuses_is_named(analyzer: Analyzer, query: str, complaint: str):
    with pytest.raises(SqlError) as caught:
        analyzer.check(query.format(trips=TRIPS))
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "query",
    [
        "select cast(vendor as bigint) as x, cast(fare as decimal) as y from {trips}",
        "select zone, row_number() over (order by fare) as place from {trips} qualify place = 1",
        "merge into {trips} as t using (select * from {trips}) as s on false"
        " when not matched by source and t.zone in (1) then delete when not matched then insert (zone) values (zone)",
    ],
)
def test_what_bigquery_takes_is_no_false_alarm(analyzer: Analyzer, query: str):
    analyzer.check(query.format(trips=TRIPS))


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("timestamp_trunc(cast(pickup_at as timestamp), hour)", "a cast from or to TIMESTAMP, timestamp_trunc without"),
        ("cast(seen_at as date)", "a cast from or to TIMESTAMP"),
        ("extract(hour from seen_at)", "extract without a time zone"),
        ("timestamp(pickup_at)", "timestamp without a time zone"),
        ("current_date", "current_date without a time zone"),
    ],
)
def test_what_takes_the_projects_default_time_zone_is_refused(analyzer: Analyzer, expression: str, complaint: str):
    with pytest.raises(SqlError, match=f"default time zone: {complaint}"):
        analyzer.check(f"select {expression} as x from {TRIPS}")


def test_what_names_its_time_zone_or_needs_none_passes(analyzer: Analyzer):
    passing = (
        "datetime(seen_at, 'UTC')", "extract(hour from seen_at at time zone 'UTC')", "current_date('UTC')",
        "datetime_trunc(pickup_at, hour)", "cast(pickup_at as date)", "extract(hour from pickup_at)", "trim(vendor)",
        "current_timestamp()", "timestamp_diff(seen_at, seen_at, hour)", "cast(date '2024-01-01' as datetime)",
    )  # fmt: skip
    analyzer.check(f"select {', '.join(f'{one} as x{n}' for n, one in enumerate(passing))} from {TRIPS}")


def test_each_statement_of_a_script_is_analyzed(analyzer: Analyzer):
    assert analyzer.check_script(f"select 1;\n drop table if exists {TRIPS};\n") == 2
    with pytest.raises(SqlError, match="Unrecognized name: nope"):
        analyzer.check_script("select 1; select nope")


def node(name: str, kind: str, **others) -> dict:
    where = {"database": "taxi-local", "schema": "taxi", "alias": name, "resource_type": kind}
    config = {"contract": {"enforced": False}, "column_types": {}}
    return {"name": name, "unique_id": f"{kind}.{name}", **where, "config": config, **others}


def found(*nodes: dict, false_alarms: dict | None = None) -> list[tuple[str, str]]:
    """The complaints about a project of one source, `raw`, that has an integer `a`, and `nodes`."""
    source = node("raw", "source", columns={"a": {"data_type": "bigint"}})
    manifest = {"sources": {"source.raw": source}, "nodes": {it["unique_id"]: it for it in nodes}}
    return list(complaints(Analyzer(), manifest, false_alarms or {}))


def model(name: str, query: str, parent: str, columns: list[str] | dict[str, str]) -> dict:
    """A model with documented columns; if they come with types, these are its contract."""
    types = columns if isinstance(columns, dict) else {}
    documented = {column: {"data_type": types.get(column)} for column in columns}
    made = node(name, "model", compiled_code=query, depends_on={"nodes": [parent]}, columns=documented)
    made["config"]["contract"]["enforced"] = bool(types)
    return made


STG = model("stg", "select a, cast(a as numeric) as b from `taxi-local`.taxi.raw", "source.raw", ["a", "b"])


def test_a_model_knows_the_types_of_the_models_before_it():
    assert found(STG, model("mart", "select upper(b) as c from `taxi-local`.taxi.stg", "model.stg", ["c"])) != []
    assert found(STG, model("mart", "select b / 2 as c from `taxi-local`.taxi.stg", "model.stg", ["c"])) == []


def test_a_column_that_is_documented_or_selected_only_is_named():
    query = "select a, b as c from `taxi-local`.taxi.stg"
    message = "columns that are selected or documented, not both: b, c"
    assert found(STG, model("mart", query, "model.stg", ["a", "b"])) == [("mart", message)]


def test_a_broken_contract_is_named_with_both_types():
    query = "select a, b / 2 as b from `taxi-local`.taxi.stg"
    kept = {"a": "bigint", "b": "numeric"}
    assert found(STG, model("mart", query, "model.stg", kept)) == []
    ((name, message),) = found(STG, model("mart", query, "model.stg", {"a": "string", "b": "numeric", "c": "date"}))
    assert (name, message) == ("mart", "breaks its contract: a is INT64, not STRING; c is missing, not DATE")


def test_what_reads_a_broken_model_is_said_not_to_be_checked():
    broken = model("stg", "select nope from `taxi-local`.taxi.raw", "source.raw", ["nope"])
    reader = model("mart", "select nope from `taxi-local`.taxi.stg", "model.stg", ["nope"])
    first, second = found(broken, reader)
    assert first[0] == "stg"
    assert second == ("1 queries", "not checked, since they read what is named above")


def test_a_false_alarm_counts_only_for_its_node_and_message_and_as_long_as_it_occurs():
    query = model("stg", "select nope from `taxi-local`.taxi.raw", "source.raw", ["nope"])
    assert found(query, false_alarms={("stg", "Unrecognized name: nope"): "why"}) == []
    assert len(found(query, false_alarms={("other", "Unrecognized name: nope"): "why"})) == 2
    ((name, message),) = found(STG, false_alarms={("stg", "Unrecognized name: nope"): "why"})
    assert name == "stg"
    assert "no longer occurs" in message


def test_a_seed_has_the_types_that_dbt_gives_it(tmp_path: Path):
    (tmp_path / "codes.csv").write_text("code,name,is_listed,since,place,share\n01,x,true,2020-01-01,1,0.5\n")
    seed = node("codes", "seed", root_path=str(tmp_path), original_file_path="codes.csv")
    seed["config"]["column_types"] = {"code": "string"}
    contract = {"code": "string", "name": "string", "is_listed": "boolean", "since": "date", "place": "bigint"}
    contract["share"] = "float64"
    query = f"select {', '.join(contract)} from `taxi-local`.taxi.codes"
    assert found(seed, model("dim", query, "seed.codes", contract)) == []


TRIPS_OF_A_MONTH = "`taxi-local`.taxi_marts.fct_trips"
MERGE = (
    f"merge into {TRIPS_OF_A_MONTH} as t using (select * from {TRIPS_OF_A_MONTH}) as s on false"
    " when not matched then insert ({column}) values ({column})"
)
PARTITIONED = f"create table x.y partition by file_month cluster by {{column}} as (select * from {TRIPS_OF_A_MONTH})"


@pytest.fixture(scope="module")
def line() -> Analyzer:
    """Knows the raw tables as the line makes them, a mart by file month, one by month of pick-up, and the zones."""
    known = Analyzer()
    for name, statement in line_statements.external_tables("taxi-local", "TIMESTAMP"):
        known.add_table("taxi-local", "taxi_raw", name, known.created(statement))
    identity = [("service_type", "string"), ("file_month", "date"), ("row_number", "int64")]
    kinds = ["int64", "float64", "numeric", "string", "bool", "date", "datetime"]
    each = [(f"of_{kind}", kind) for kind in kinds]
    known.add_table("taxi-local", "taxi_marts", "fct_trips", [*identity, *each])
    report = [("service_type", "string"), ("pickup_month", "date"), ("trips", "int64"), ("timed_trips", "int64")]
    known.add_table("taxi-local", "taxi_marts", "report", report)
    zones = [("location_id", "int64"), *((name, "string") for name in ("borough", "zone", "service_zone"))]
    known.add_table("taxi-local", "taxi_marts", "dim_zones", zones)
    return known


def complaints_of_the_line(
    known: Analyzer, *, only: tuple[str, ...] = ("",), column: str = "row_number", loaded_at: str = "file_month"
) -> dict[str, str]:
    """Of the statements whose names begin with one of `only`."""
    source = {"name": "yellow", "relation_name": "taxi_raw.yellow_tripdata", "database": "taxi-local"}
    aged = {**source, "freshness": {"filter": "file_month > current_date('UTC') - 730"}, "loaded_at_field": loaded_at}
    marts = {
        name: {"alias": name, "schema": "taxi_marts", "config": {"partition_by": {"field": field}}}
        for name, field in (("fct_trips", "file_month"), ("report", "pickup_month"))
    }
    manifest = {"sources": {"source.yellow": aged}, "nodes": marts}
    built = [("fct_trips", statement.format(column=column)) for statement in (PARTITIONED, MERGE)]
    statements = [one for one in of_the_line(known, manifest, built) if one[0].startswith(only)]
    assert statements
    return dict(complaints_of(statements))


def test_what_the_line_sends_besides_compiled_queries_is_no_false_alarm(line: Analyzer):
    assert complaints_of_the_line(line) == {}


def test_a_broken_statement_of_each_kind_is_named(line: Analyzer, monkeypatch: pytest.MonkeyPatch):
    built, raw = ("create", "merge"), "external table yellow_tripdata"
    assert complaints_of_the_line(line, only=built, column="nope").keys() == {
        "create of fct_trips",
        "merge of fct_trips",
    }
    (complaint,) = complaints_of_the_line(line, only=("freshness",), loaded_at="month").values()
    assert "Unrecognized name: month" in complaint
    (complaint,) = complaints_of_the_line(line, only=("freshness",), loaded_at="cast(file_month as timestamp)").values()
    assert complaint == "depends on the project's default time zone: a cast from or to TIMESTAMP"
    with monkeypatch.context() as broken:
        broken.setitem(line_statements.BIGQUERY_TYPES, "double", "DOUBLE PRECISION")
        assert "Syntax error" in complaints_of_the_line(line, only=(raw,))[raw]
    with monkeypatch.context() as broken:
        broken.setitem(line_statements.BIGQUERY_TYPES, "double", "NUMERIC")
        complaint = complaints_of_the_line(line, only=(raw,))[raw]
        assert "made or declared as a source, not both: airport_fee FLOAT64, airport_fee NUMERIC, " in complaint
    with monkeypatch.context() as broken:
        # Times that are read as TIMESTAMP, measured as DATETIME are.
        broken.setattr(line_statements, "RAW_BIGQUERY", {"TIMESTAMP": line_statements.BIGQUERY})
        (complaint,) = complaints_of_the_line(line, only=("measure of taxi_raw.fhv_",)).values()
        assert "DATETIME_DIFF" in complaint
    with monkeypatch.context() as broken:
        broken.setitem(line.tables, "taxi_marts.report", [("gone_trips", "int64")])
        (complaint,) = complaints_of_the_line(line, only=("comparison",)).values()
        assert "Unrecognized name: gone_trips" in complaint
    with monkeypatch.context() as broken:
        broken.setattr(line_statements, "BIGQUERY", replace(line_statements.BIGQUERY, text="md6({0})"))
        found = complaints_of_the_line(line, only=("measure of",))
        assert found.keys() == {"measure of the folds", "measure of taxi_marts.fct_trips"}
    with monkeypatch.context() as broken:
        broken.setattr(line_statements, "ZONES", replace(line_statements.ZONES, columns={"boro": "text"}))
        (complaint,) = complaints_of_the_line(line, only=("measure of",)).values()
        assert "boro" in complaint


def test_each_false_alarm_has_a_reason():
    assert all(reason.strip() for reason in FALSE_ALARMS.values())


def test_children_that_are_leaves_are_counted_and_others_are_not():
    names = ["leaf_1", "leaf_2", "leaf_3", "leaf_4", "with_child"]
    parent = {"name": "fct", "unique_id": "model.taxi.fct"}
    children = [
        {"name": name, "unique_id": f"model.taxi.{name}", "depends_on": {"nodes": ["model.taxi.fct"]}} for name in names
    ]
    grandchild = {"name": "x", "unique_id": "model.taxi.x", "depends_on": {"nodes": ["model.taxi.with_child"]}}
    check = {"custom_checks_dir": PROJECT.parent / "linting/bouncer_checks", "model": parent}
    enough = [parent, *children[1:], grandchild]
    check_passes("check_model_max_leaf_children", ctx_models=enough, **check)
    check_fails("check_model_max_leaf_children", ctx_models=[*enough, children[0]], **check)


def scored(materialized: str = "incremental", constraint: str | None = "not_null", **others) -> Model:
    key = SimpleNamespace(name="id", tests=[], constraints=[SimpleNamespace(type=constraint)])
    unique = SimpleNamespace(type="unique_grain", kwargs={"columns": ["id"]})
    described = {
        "description": "Trips, one row per trip.", "columns": [key], "tests": [unique], "children": [],
        "config": {"materialized": materialized}, "original_file_path": "models/marts/core/fct_trips.sql",
    }  # fmt: skip
    return SimpleNamespace(**{**described, **others})


def complaint_of(rule: type[Rule], model: Model) -> RuleViolation | None:
    return rule.evaluate(rule, model)


@pytest.mark.parametrize(
    ("description", "is_enough"),
    [
        ("Trips.", False),
        ("Trips, one\nrow per trip.", True),
        ("Trips. Primary key: id.", True),
        ("Trips, one row per trip. Primary key: id, month.", False),
    ],
)
def test_a_description_says_what_a_row_is(description: str, is_enough: bool):
    assert (complaint_of(description_says_what_a_row_is, scored(description=description)) is None) == is_enough


def test_a_mart_without_a_tested_key_that_is_never_null_or_without_a_consumer_is_told():
    assert complaint_of(mart_has_a_primary_key, scored()) is None
    assert complaint_of(mart_has_a_primary_key, scored(constraint=None)) is not None
    assert complaint_of(mart_has_a_primary_key, scored(tests=[])) is not None
    assert complaint_of(mart_has_a_consumer, scored()) is not None
    assert complaint_of(view_has_no_not_null_constraint, scored(materialized="view")) is not None


@pytest.mark.parametrize(
    ("folder", "materialized", "kind", "is_told"),
    [
        ("marts/core", "incremental", "string", False),
        ("marts/core", "incremental", "NUMERIC(18, 2)", False),
        ("marts/core", "incremental", "timestamp", False),
        ("marts/core", "incremental", "timestamp(6) with time zone", True),
        ("marts/core", "incremental", "numeric(18, 2)[]", True),
        ("marts/core", "incremental", None, True),
        ("marts/core", "view", "json", False),
        ("intermediate", "incremental", None, False),
    ],
)
def test_a_column_that_no_run_could_reconcile_is_told(folder: str, materialized: str, kind: str | None, is_told: bool):
    mart = node("mart", "model", columns={"x": {"name": "x", "data_type": kind}})
    mart["original_file_path"] = f"models/{folder}/mart.sql"
    mart["config"]["materialized"] = materialized
    found = unreconciled({"nodes": {"model.mart": mart}})
    assert [sentence.partition("(")[0] for sentence in found] == ["mart: the type of x "] * is_told


def marts(*columns: tuple[str, str, str, str]) -> dict:
    """A manifest of marts: each column's model, name, type and description."""
    nodes: dict[str, dict] = {}
    for model, name, data_type, description in columns:
        node = nodes.setdefault(
            model, {"name": model, "resource_type": "model", "original_file_path": "models/marts/a.sql", "columns": {}}
        )
        node["columns"][name] = {"data_type": data_type, "description": description}
    return {"nodes": nodes}


def test_a_column_that_means_something_else_in_another_mart_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(column_docs, "TYPES", {})
    monkeypatch.setattr(column_docs, "DESCRIPTIONS", {"speed": "it was once two"})
    found = column_docs.differences(
        marts(
            ("daily", "trips", "bigint", "Number of trips."),
            ("monthly", "trips", "numeric", "Trips."),
            ("daily", "fare", "numeric", "Sum of fares."),
            ("fct_trips", "fare", "numeric", "The fare."),
        )
    )
    assert list(found) == [
        "trips has 2 types: in daily, monthly",
        "trips has 2 descriptions: in daily, monthly",
        "speed is excused for its descriptions, and has one: take it off the list in linting/column_docs.py",
    ]
