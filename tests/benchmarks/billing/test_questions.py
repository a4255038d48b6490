from pathlib import Path

from benchmarks.billing.questions import QUESTIONS

DBT = Path(__file__).parents[3] / "dbt_taxi"


def test_every_mart_is_asked_something_but_those_aggregates_that_views_read():
    marts = {path.stem for path in DBT.glob("models/marts/*/*.sql")}
    asked = {question.mart for question in QUESTIONS}
    assert asked <= marts
    assert all(name.startswith("agg_") for name in marts - asked)


def test_a_question_is_an_analysis_or_has_a_query():
    analyses = {path.stem for path in DBT.glob("analyses/*.sql")}
    assert all(bool(question.query) != (question.analysis in analyses) for question in QUESTIONS)
