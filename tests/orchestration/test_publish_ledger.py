"""The ledger's copy on BigQuery: the same as Postgres' after every run, and made again if it failed."""

from collections.abc import Iterator

import pytest
import yaml
from google.cloud import bigquery

from tests.dbt.parsing import PROJECT
from tests.line import Line
from tests.warehouses import bigquery_of


@pytest.fixture(scope="module")
def client(finished_line: Line) -> bigquery.Client:
    """BigQuery after a copy that is as new as the ledger: other tests may have left runs that were not copied."""
    finished_line.execute(
        "update taxi_ledger.months set change_number = nextval('taxi_ledger.changes') where service_type = 'fhv'"
    )
    finished_line.done("run")
    return bigquery_of(finished_line)


def described_columns() -> dict[str, list[str]]:
    """The columns of the dbt source `ledger`, by table."""
    (source,) = yaml.safe_load((PROJECT / "models/staging/_ledger__sources.yml").read_text())["sources"]
    return {table["name"]: [column["name"] for column in table["columns"]] for table in source["tables"]}


@pytest.mark.parametrize("table", described_columns())
def test_the_copy_holds_what_postgres_holds(finished_line: Line, client: bigquery.Client, table: str):
    names = described_columns()[table]
    copied = [field.name for field in client.get_table(f"taxi_ledger.{table}").schema]
    assert sorted(copied) == sorted(names), "the dbt source describes what is copied"
    columns = ", ".join(f"`{name}`" for name in names)
    there = sorted(row.values() for row in client.query_and_wait(f"select {columns} from taxi_ledger.{table}"))
    latest = "distinct on (service_type, file_month, stage)" if table == "stages" else ""
    order = "order by service_type, file_month, stage, run_number desc" if latest else ""
    here = finished_line.query(f"select {latest} {columns.replace('`', '')} from taxi_ledger.{table} {order}")
    if table == "runs":  # the copy cannot tell when it was finished itself
        end = names.index("finished_at")
        here, there = ([(*row[:end], *row[end + 1 :]) for row in rows] for rows in (here, there))
    if table == "steps":  # its own step is still running when it is made
        here, there = ([row for row in rows if "publish the ledger" not in row] for rows in (here, there))
    assert len(there) > 0
    assert sorted(map(str, here)) == sorted(str(tuple(row)) for row in there)


def test_the_newest_run_has_ended_in_the_copy(finished_line: Line, client: bigquery.Client):
    query = "select outcome, finished_at from taxi_ledger.runs order by run_number desc limit 1"
    ((outcome, finished_at),) = (row.values() for row in client.query_and_wait(query))
    assert outcome == "done"
    assert finished_at is not None


@pytest.fixture
def refusing(finished_line: Line, client: bigquery.Client) -> Iterator[None]:
    """BigQuery cannot take the steps: there is a view of that name. A month's state is newer than the copy."""
    client.query_and_wait("drop table taxi_ledger.steps")
    client.query_and_wait("create view taxi_ledger.steps as select 1 as step")
    finished_line.execute(
        "update taxi_ledger.months set change_number = nextval('taxi_ledger.changes') where service_type = 'fhv'"
    )
    yield
    if client.get_table("taxi_ledger.steps").table_type == "VIEW":  # the test did not come to its end
        client.query_and_wait("drop view taxi_ledger.steps")


@pytest.mark.slow
def test_a_copy_that_fails_fails_the_run_but_no_month_and_the_next_run_makes_it(
    finished_line: Line, client: bigquery.Client, refusing: None
):
    result = finished_line.run("run")
    assert result.returncode == 1
    assert "BigQuery refused the copy of the ledger in taxi-local.taxi_ledger" in result.stderr
    assert "Traceback" not in result.stderr
    assert {month["state"] for month in finished_line.months().values()} == {"done"}
    assert finished_line.query("select outcome from taxi_ledger.runs order by run_number desc limit 1") == [("failed",)]
    client.query_and_wait("drop view taxi_ledger.steps")
    assert "Nothing to do" in finished_line.done("run").stderr
    failed = "select step from taxi_ledger.steps where outcome = 'failed' order by step_number desc limit 1"
    assert [row.values() for row in client.query_and_wait(failed)] == [("publish the ledger",)]
    steps = finished_line.query("select count(*) from taxi_ledger.steps where step = 'publish the ledger'")
    finished_line.done("run")
    assert finished_line.query("select count(*) from taxi_ledger.steps where step = 'publish the ledger'") == steps
