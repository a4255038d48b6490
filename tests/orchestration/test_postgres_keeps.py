"""Postgres keeps the newest file months, and the lake and BigQuery keep all (setting postgres_keeps)."""

import json

from tests.line import Line
from tests.months import write
from tests.warehouses import bigquery_of

KEEP_ONE = {"TAXI_POSTGRES_KEEPS": "1"}


def months_in_postgres(line: Line) -> dict[str, set[str]]:
    """The file months of which Postgres has partitions, by schema."""
    rows = line.query(
        "select nspname, to_date(right(child.relname, 7), 'YYYY_MM')::text from pg_inherits"
        " inner join pg_class as child on inhrelid = child.oid inner join pg_class as parent on inhparent = parent.oid"
        " inner join pg_namespace on child.relnamespace = pg_namespace.oid where parent.relkind = 'p'"
    )
    found: dict[str, set[str]] = {}
    for schema, month in rows:
        found.setdefault(schema, set()).add(month[:7])
    return found


def test_old_months_leave_postgres_once_they_are_done_and_come_back_from_the_lake(new_line: Line):
    for month in ("2023-01", "2023-02", "2023-03"):
        write(new_line.source, "green", month, rows=100)
    new_line.done("run")
    before, of_trips = new_line.stages(), "select file_month, count(*), sum(total_amount) from taxi_marts.fct_trips group by 1"
    on_bigquery = sorted(row.values() for row in bigquery_of(new_line).query_and_wait(of_trips))
    plan = json.loads(new_line.done("plan", "--json", **KEEP_ONE).stdout)
    assert "drop old partitions" in [one["step"] for one in plan["steps"]]
    result = new_line.done("run", **KEEP_ONE)
    assert "2 file months left Postgres" in result.stderr
    print(result.stderr, plan)
    assert all(months == {"2023-03"} for months in months_in_postgres(new_line).values()), months_in_postgres(new_line)
    assert sorted(row.values() for row in bigquery_of(new_line).query_and_wait(of_trips)) == on_bigquery
    print(new_line.done("verify", **KEEP_ONE).stdout)
    assert "Nothing to do" in new_line.done("run", **KEEP_ONE).stderr
    result = new_line.done("run")
    print(result.stderr)
    assert months_in_postgres(new_line)["taxi_marts"] == {"2023-01", "2023-02", "2023-03"}
    assert new_line.stages() == before
    assert 0
