"""The questions of dbt_taxi/analyses: on each warehouse they answer as dbt_taxi/analyses/results says.

When an answer changes on purpose, write the results again:
WRITE_RESULTS=1 .venv/bin/python -m pytest tests/dbt/test_analyses.py
"""

import csv
import io
import os
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cache

import pytest

from tests.dbt.parsing import PROJECT
from tests.dbt.test_by_hand import dbt
from tests.line import Line
from tests.warehouses import bigquery_of

ANALYSES = sorted(path.stem for path in (PROJECT / "analyses").glob("*.sql"))
RESULTS = PROJECT / "analyses" / "results"
NOTICE = "# SYNTHETIC data, the months of tests/months.py: no trip in this answer took place.\n"
# Answers that have no row by our rules, and why.
WITHOUT_OURS = {
    "second_longest_travel_times": "# No row by our rules: no pair of zones has the 5 credible times they need.\n"
}


@pytest.fixture(scope="module")
def compiled(marts_line: Line) -> Callable[[str], dict[str, str]]:
    """Gives the SQL of the analyses for a target, by name."""

    @cache
    def of(target: str) -> dict[str, str]:
        result = dbt(marts_line, "compile", "--target", target, "--select", "path:analyses")
        assert result.returncode == 0, result.stdout[-3000:]
        folder = marts_line.state / f"by_hand_{target}/compiled/taxi/analyses"
        return {name: (folder / f"{name}.sql").read_text() for name in ANALYSES}

    return of


def as_text(value: object) -> str:
    """A value alike for both warehouses: numbers without trailing zeros, nothing for null."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return "" if value is None else str(value)


def as_csv(names: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([as_text(value) for value in row] for row in rows)
    return text.getvalue()


def on_postgres(line: Line, statement: str) -> str:
    with line.connect() as connection:
        cursor = connection.execute(statement)
        return as_csv((column.name for column in cursor.description), cursor.fetchall())


def on_bigquery(line: Line, statement: str) -> str:
    rows = bigquery_of(line).query_and_wait(statement)
    return as_csv((field.name for field in rows.schema), (row.values() for row in rows))


# The answer to this one is that both warehouses have all rows, which only slow tests have.
OF_BOTH = "is_a_month_complete"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == OF_BOTH else name for name in ANALYSES]
)
@pytest.mark.parametrize("target", ["postgres", pytest.param("bigquery", marks=pytest.mark.slow)])
def test_an_analysis_answers_on_each_warehouse_as_written_down(
    marts_line: Line, compiled: Callable[[str], dict[str, str]], target: str, name: str
):
    answer = (on_postgres if target == "postgres" else on_bigquery)(marts_line, compiled(target)[name])
    assert answer.count("\n") > 1, "no row: choose parameters that the synthetic months answer"
    assert ("\ncourse," in answer and "\nours," not in answer) == (name in WITHOUT_OURS)
    answer = NOTICE + WITHOUT_OURS.get(name, "") + answer
    path = RESULTS / f"{name}.csv"
    if os.environ.get("WRITE_RESULTS"):
        path.write_text(answer)
    assert path.read_text() == answer


def test_every_analysis_has_a_result_and_every_result_an_analysis():
    assert sorted(path.stem for path in RESULTS.iterdir()) == ANALYSES


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_begins_with_its_question_and_reads_marts_by_ref(name: str):
    sql = (PROJECT / "analyses" / f"{name}.sql").read_text()
    comment = sql.partition("\n\n")[0]
    assert comment.startswith("-- ")
    assert "?" in comment
    assert "ref('" in sql
    assert "taxi_" not in sql, "tables are named by ref"
