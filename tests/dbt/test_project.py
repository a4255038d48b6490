"""The dbt project keeps rules that no tool of `make lint` knows: short, in step with the ingest, no warning of dbt."""

import json
import re
from pathlib import Path

import pytest
import yaml

from ingest.datasets import DATASETS
from ingest.small_tables import SMALL_TABLES
from tests.dbt.parsing import PROJECT, parse

SQL_FILES = sorted(path for folder in ("models", "macros", "tests") for path in (PROJECT / folder).rglob("*.sql"))
MODEL_FILES = sorted((PROJECT / "models").rglob("*.sql"))
RULES = (PROJECT / "models/intermediate/int_trips_checked.sql").read_text()


def raw_tables() -> dict[str, dict]:
    (source,) = yaml.safe_load((PROJECT / "models/staging/_raw__sources.yml").read_text())["sources"]
    return {table["name"]: table for table in source["tables"]}


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=list(DATASETS))
def test_a_source_has_the_columns_and_descriptions_that_ingest_declares(dataset):
    columns = {column["name"]: column["description"] for column in raw_tables()[dataset.table]["columns"]}
    identity = {name: columns.pop(name) for name in ("dataset", "file_month", "row_number")}
    assert all(identity.values())
    assert columns == {column.name: column.description for column in dataset.columns}


@pytest.mark.parametrize("target", ["postgres", "bigquery"])
def test_a_source_has_the_types_that_ingest_declares(parsed, target: str):
    sources = json.loads((parsed[target] / "manifest.json").read_text())["sources"]
    on_bigquery = target == "bigquery"
    types = {
        "bigint": "bigint",
        "text": "string",
        "double": "float64" if on_bigquery else "double precision",
        "timestamp": "timestamp" if on_bigquery else "timestamp without time zone",
    }
    for dataset in DATASETS.values():
        columns = sources[f"source.taxi.raw.{dataset.table}"]["columns"]
        assert {column.name: types[column.type] for column in dataset.columns}.items() <= {
            name: column["data_type"] for name, column in columns.items()
        }.items()


def test_the_sources_are_the_raw_tables():
    small = {small.name: small.schema.names for small in SMALL_TABLES}
    assert set(raw_tables()) == {dataset.table for dataset in DATASETS.values()} | set(small)
    columns = {name: [column["name"] for column in raw_tables()[name]["columns"]] for name in small}
    assert columns == small


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=list(DATASETS))
def test_a_staging_model_reads_every_column_that_ingest_declares(dataset):
    sql = (PROJECT / f"models/staging/stg_{dataset.name}_trips.sql").read_text()
    unread = {column.name for column in dataset.columns if not re.search(rf"\b{column.name}\b", sql)}
    assert unread <= {"index_level_0"}, "a pandas index says nothing about a trip"


def test_every_rule_is_documented_and_has_a_unit_test(manifest):
    rejecting = set(re.findall(r"then ',(\w+)'", RULES))
    cleaning = (PROJECT / f"macros/cleaning/{name}.sql" for name in ("nulled_fields", "oddities"))
    finding = {code for path in cleaning for code in re.findall(r'^ *\("([\w:]+)", ', path.read_text(), re.MULTILINE)}
    assert len(rejecting) >= 3
    assert len(finding) >= 14
    explained = set(re.findall(r"^\| `([\w:]+)`", (PROJECT / "models/docs/rules.md").read_text(), re.MULTILINE))
    assert rejecting | finding <= explained
    rows = [row for test in manifest["unit_tests"] for row in test["expect"]["rows"] or []]
    assert rejecting <= {row.get("reject_reasons") for row in rows}, "each must be expected alone, by some unit test"
    lists = {row.get(column) or "" for row in rows for column in ("nulled_fields", "oddities")}
    assert finding <= {code for codes in lists for code in codes.split(",")}


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_a_sql_file_is_short(path: Path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 120
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda path: path.stem)
def test_a_model_begins_with_its_grain(path: Path):
    assert re.match(r"-- (One row per|Every) ", path.read_text())


def test_bigquery_takes_every_description_of_a_mart(manifest):
    """1,024 characters a column: docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema."""
    marts = [node for node in manifest["models"] if node["config"]["persist_docs"]]
    assert len(marts) > 30
    columns = [(node["name"], *column) for node in marts for column in node["columns"].items()]
    assert [f"{model}.{name}" for model, name, column in columns if len(column["description"]) > 1024] == []


def test_warehouses_differ_in_macros_only():
    assert [path.name for path in MODEL_FILES if "target." in path.read_text()] == []


def test_dbt_parses_both_targets_with_no_variables_and_no_warning(parsed):
    assert set(parsed) == {"postgres", "bigquery"}


@pytest.mark.slow  # dbt reads the whole project
@pytest.mark.parametrize("months", ['["2024-01-01", "2024-01-02"]', "[]"])
def test_a_file_month_that_is_none_is_named(months: str, tmp_path: Path):
    result = parse(tmp_path, "postgres", options=("--vars", f"{{file_months: {months}}}"))
    assert result.returncode != 0
    assert "file_months" in result.stdout
    assert ("2024-01-02" if "2024" in months else "empty") in result.stdout


def test_an_exposure_is_of_something_in_the_repository_that_reads_its_models(parsed):
    manifest = json.loads((parsed["bigquery"] / "manifest.json").read_text())
    for exposure in manifest["exposures"].values():
        path = PROJECT.parent / exposure["config"]["meta"]["path"]
        assert path.exists(), exposure["name"]
        files = path.rglob("*.sql") if path.is_dir() else [path]
        text = " ".join(file.read_text() for file in files)
        models = {manifest["nodes"][node]["name"] for node in exposure["depends_on"]["nodes"]}
        if exposure["name"] == "reconciliation":  # it finds its tables by what they are
            nodes = [
                node for node in manifest["nodes"].values() if node["original_file_path"].startswith("models/marts")
            ]
            # where the reports by month of pick-up are tables too
            by_month = {node["name"] for node in nodes if node["config"].get("partition_by")}
            assert models == by_month | {"dim_zones"}
        else:
            assert [name for name in sorted(models) if not re.search(rf"\b{name}\b", text)] == [], exposure["name"]
