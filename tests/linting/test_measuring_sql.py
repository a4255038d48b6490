"""Google's analyzer takes the queries that measure: any name of a column, and each type of the raw times."""

from datetime import date

import pytest

from linting.google_analyzer import Analyzer, SqlError
from orchestration.run.checksum_sql import BIGQUERY, RAW_BIGQUERY, MeasuredTable, measure_query
from orchestration.run.fold_sql import fold_query
from tests.orchestration.test_checksum_sql import NAMES


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.mark.parametrize("name", NAMES)
def test_bigquery_reads_a_quoted_name_as_it_is(analyzer: Analyzer, name: str):
    assert analyzer.check(f"select 1 as {BIGQUERY.quoted(name)}") == [(name, "INT64")]


@pytest.mark.parametrize(("kind", "other"), [("TIMESTAMP", "DATETIME"), ("DATETIME", "TIMESTAMP")])
def test_raw_times_are_measured_by_their_own_type_and_by_no_cast(analyzer: Analyzer, kind: str, other: str):
    identity = [("dataset", "string"), ("file_month", "date"), ("row_number", "int64")]
    analyzer.add_table("project", kind, "raw", [*identity, ("pickup_at", kind)])
    columns = {"row_number": "bigint", "pickup_at": "timestamp"}
    table = MeasuredTable(
        "raw", f"project.{kind}.raw", columns, (), [("yellow", date(2024, 1, 1))], True, data_set="_measured.dataset"
    )
    for query_of, values in ((measure_query, 10), (fold_query, 8)):
        query = query_of(RAW_BIGQUERY[kind], table)
        assert len(analyzer.check(query)) == values
        assert "timestamp(" not in query
        if other == "DATETIME":  # a DATETIME would be taken for a TIMESTAMP, by the project's default time zone
            with pytest.raises(SqlError):
                analyzer.check(query_of(RAW_BIGQUERY[other], table))
