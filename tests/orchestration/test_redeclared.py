"""A declared column gets another type: every month lands again before BigQuery has it, whatever breaks off between."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.datasets import GREEN
from ingest.months import parse_month
from synthetic import write_zone_lookup
from tests.line import Line, copy_project
from tests.months import write
from tests.warehouses import bigquery_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MONTHS = ("2023-01", "2023-02", "2023-03")
WHOLE = "ehail_fee"


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """Three months that are done. The embedded BigQuery refuses a parquet double under INT64, as every test's does."""
    folder = copy_project(tmp_path / "project")
    for month in MONTHS:
        write(folder / "source", "green", month, rows=100)
        path = folder / "source" / GREEN.file_path(parse_month(month))
        table = pq.read_table(path)
        fees = pa.array([float(number % 3) if number % 2 else None for number in range(table.num_rows)])
        pq.write_table(table.set_column(table.schema.get_field_index(WHOLE), WHOLE, fees), path)
    write_zone_lookup(folder / "source")
    line = Line(folder / "state", folder / "source", models="+monthly_zone_revenue", root=folder, timeout=800)
    line.done("up")  # and leave them running
    line.done("run")
    yield line
    line.run("down", "--force")


def declare(line: Line, old: str, new: str) -> None:
    file = line.root / "ingest" / "datasets.py"
    assert f'Column("{WHOLE}", "{old}"' in file.read_text()
    file.write_text(file.read_text().replace(f'Column("{WHOLE}", "{old}"', f'Column("{WHOLE}", "{new}"'))


def on_bigquery(line: Line) -> str:
    table = bigquery_of(line).get_table("taxi_raw.green_tripdata")
    return next(field.field_type for field in table.schema if field.name == WHOLE)


def fees(line: Line) -> list[tuple]:
    """Rows and the sum of the column by month, as BigQuery reads the lake."""
    query = (
        f"select file_month, count(*), sum({WHOLE}) from taxi_raw.green_tripdata"
        " where file_month > '2000-01-01' group by file_month order by file_month"
    )
    return [row.values() for row in bigquery_of(line).query_and_wait(query)]


def kill_as_the_first_month_has_landed_again(line: Line) -> None:
    run = line.start("run")
    with line.connect() as connection:
        while connection.execute("select count(distinct declared) from taxi_ledger.months").fetchone() == (1,):
            assert run.poll() is None, run.stdout.read()
            time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()


def test_all_months_land_again_those_that_are_gone_from_the_lake_and_a_killed_run_is_gone_on_with(line: Line):
    before = line.stages()
    held = fees(line)
    declare(line, "double", "bigint")
    (line.source / GREEN.file_path(parse_month(MONTHS[0]))).unlink()

    plan = json.loads(line.run("plan", "--json", "--months", MONTHS[2], "-d", "green").stdout)
    found = {month["month"]: (month["action"], month["reason"]) for month in plan["months"]}
    assert found == dict(
        zip(MONTHS, [("land_again", "columns_changed"), *[("land", "columns_changed")] * 2], strict=True)
    )

    kill_as_the_first_month_has_landed_again(line)
    assert on_bigquery(line) == "FLOAT", "some objects have the old type"
    line.done("run")

    assert on_bigquery(line) == "INTEGER"
    assert {name: month["state"] for name, month in line.months().items()} == {
        f"green {month}": "done" for month in MONTHS
    }
    assert fees(line) == held
    assert json.loads(line.run("plan", "--json").stdout)["steps"] == []
    after = line.stages()
    assert after.keys() == before.keys()
    for (service, month, stage), (rows, cents, digest) in after.items():
        assert (rows, cents) == before[service, month, stage][:2]
        if stage in ("file", "lake", "postgres_raw", "bigquery_raw"):
            assert digest == after[service, month, "file"][2] != before[service, month, stage][2]
        else:
            assert digest == before[service, month, stage][2], "the column is in no mart"


def test_a_type_that_does_not_hold_what_landed_is_refused_before_anything_changes(line: Line):
    file = line.root / "ingest" / "datasets.py"
    file.write_text(file.read_text().replace('Column("fare_amount", "double"', 'Column("fare_amount", "bigint"'))
    before = line.query("select sum(fare_amount) from taxi_raw.green_tripdata")
    result = line.run("run")
    assert result.returncode == 1
    assert "taxi_raw.green_tripdata holds values of fare_amount that bigint does not hold" in result.stderr
    assert line.query("select sum(fare_amount) from taxi_raw.green_tripdata") == before
    assert {month["state"] for month in line.months().values()} == {"done"}
