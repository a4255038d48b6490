"""dbt by hand, as the README has it, on the warehouses of a finished line."""

import os
import subprocess
import sys

import pytest

from tests.line import ROOT, Line
from tests.months import MONTHS

# The embedded BigQuery takes 2 s to prepare a unit test (Postgres 0.2 s): there they run with `-m slow`.
SLOW = pytest.mark.slow


def dbt(line: Line, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a dbt command of the README with the variables that `python orchestrate.py env` prints."""
    command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments]
    folders = ["--project-dir", "dbt_taxi", "--profiles-dir", ".", "--target-path", str(line.state / "by_hand")]
    environment = {**os.environ, **line.servers()}
    return subprocess.run([*command, *folders], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--target", "postgres", "--full-refresh"),
        ("build", "--target", "postgres"),
        ("run", "--target", "bigquery", "--vars", '{file_months: ["2023-01-01"]}'),
        ("test", "--target", "bigquery", "--select", "fct_trips", "--exclude", "test_type:unit"),
        ("docs", "generate", "--target", "postgres"),
        pytest.param(("build", "--target", "bigquery"), marks=SLOW),
        pytest.param(("docs", "generate", "--target", "bigquery"), marks=SLOW),
    ],
    ids=" ".join,
)
def test_dbt_by_hand_passes_and_changes_nothing(finished_line: Line, arguments: tuple[str, ...]):
    counted = "select file_month, count(*), sum(total_amount) from taxi_marts.fct_trips group by 1 order by 1"
    before = finished_line.query(counted)
    result = dbt(finished_line, *arguments)
    assert result.returncode == 0, result.stdout[-3000:]
    assert finished_line.query(counted) == before


@pytest.mark.parametrize("table", ["fct_trips", "rejected_trips", "zone_revenue_by_file"])
def test_a_mart_on_postgres_has_a_partition_for_each_file_month(finished_line: Line, table: str):
    partitions = "select pg_get_expr(relpartbound, oid) from pg_class where oid in (select inhrelid from pg_inherits"
    held = finished_line.query(f"{partitions} where inhparent = 'taxi_marts.{table}'::regclass)")
    assert {bound for (bound,) in held} == {f"FOR VALUES IN ('{month}-01')" for _, month in MONTHS}


def test_freshness_goes_by_file_month_and_is_red_for_months_of_long_ago(finished_line: Line):
    result = dbt(finished_line, "source", "freshness", "--target", "postgres")
    assert result.returncode == 1
    assert "ERROR STALE freshness of raw.yellow_tripdata" in result.stdout
