"""Postgres keeps the newest file months, and the lake and BigQuery keep all (setting postgres_keeps)."""

import json

from tests.line import Line
from tests.warehouses import bigquery_of

# Of the seven file months of the line, all but the oldest: yellow 2009-01.
KEEP_SIX = {"TAXI_POSTGRES_KEEPS": "6"}
OLDEST = "yellow 2009-01"
ON_BIGQUERY = "select count(*), sum(total_amount) from taxi_marts.fct_trips where file_month = date '2009-01-01'"


def months_in_postgres(line: Line) -> dict[str, set[str]]:
    """The file months of which Postgres has partitions, by schema."""
    rows = line.query(
        "select nspname, to_char(to_date(right(child.relname, 7), 'YYYY_MM'), 'YYYY-MM') from pg_inherits"
        " inner join pg_class as child on inhrelid = child.oid inner join pg_class as parent on inhparent = parent.oid"
        " inner join pg_namespace on child.relnamespace = pg_namespace.oid where parent.relkind = 'p'"
    )
    found: dict[str, set[str]] = {}
    for schema, month in rows:
        found.setdefault(schema, set()).add(month)
    return found


def test_an_old_month_leaves_postgres_is_verified_without_it_and_comes_back_from_the_lake(finished_line: Line):
    line = finished_line
    held, digests = months_in_postgres(line), line.stages()
    on_bigquery = [row.values() for row in bigquery_of(line).query_and_wait(ON_BIGQUERY)]
    assert "Left Postgres, and stay in the lake and on BigQuery: 2009-01" in line.done("run", **KEEP_SIX).stderr
    assert "Nothing to do" in line.done("run", **KEEP_SIX).stderr
    assert months_in_postgres(line) == {schema: months - {"2009-01"} for schema, months in held.items()}
    assert [row.values() for row in bigquery_of(line).query_and_wait(ON_BIGQUERY)] == on_bigquery
    assert line.months()[OLDEST]["is_in_postgres"] is False
    assert "It left Postgres" in line.done("explain", *OLDEST.split(), **KEEP_SIX).stdout
    verified = json.loads(line.done("verify", *OLDEST.split(), "--json", **KEEP_SIX).stdout)
    assert verified == [{"dataset": "yellow", "month": "2009-01", "findings": []}]
    assert f"Back in Postgres, from the lake: {OLDEST}" in line.done("run").stderr
    assert (months_in_postgres(line), line.stages()) == (held, digests)
