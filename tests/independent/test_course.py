"""The answers by the course's rules that analyses/results/ holds, worked out by DuckDB from the files.

tests/dbt/test_analyses.py holds both warehouses against those results.
"""

import ast
import csv
import re
from pathlib import Path

import duckdb
import pytest

from tests.dbt.parsing import PROJECT
from tests.dbt.test_analyses import RESULTS, as_text
from tests.independent.course import COURSE, Parameter
from tests.independent.raw import open_raw
from tests.line import Line

ASSIGNMENT = re.compile(r"\{%- set (\w+) = (.+?) %\}")


def parameters_of(name: str) -> dict[str, Parameter]:
    """What stands at the top of an analysis."""
    sql = (PROJECT / "analyses" / f"{name}.sql").read_text()
    return {key: ast.literal_eval(value) for key, value in ASSIGNMENT.findall(sql)}


def expected(own: duckdb.DuckDBPyConnection, name: str, parameters: dict[str, Parameter]) -> list[list[str]]:
    """The rows of the course's answer, sorted, as texts."""
    rows = own.execute(COURSE[name](**parameters)).fetchall()
    return sorted([as_text(value) for value in row] for row in rows)


def found(answer: str) -> list[list[str]]:
    """The course's rows of an analysis' answer, sorted."""
    rows = csv.reader(answer.splitlines())
    return sorted(row[1:] for row in rows if row[0] == "course")


@pytest.fixture(scope="module")
def files(marts_line: Line) -> duckdb.DuckDBPyConnection:
    return open_raw(Path(marts_line.source))


@pytest.mark.parametrize("name", COURSE)
def test_the_courses_answer_is_what_its_rules_give(files: duckdb.DuckDBPyConnection, name: str) -> None:
    assert found((RESULTS / f"{name}.csv").read_text()) == expected(files, name, parameters_of(name)) != []


def test_every_analysis_with_an_answer_by_the_courses_rules_is_worked_out_here() -> None:
    assert {path.stem for path in RESULTS.iterdir() if "\ncourse," in path.read_text()} == set(COURSE)
