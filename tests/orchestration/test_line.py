"""The whole line on synthetic months, through the command line: every row is accounted for, on every way there."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from tests.line import Line
from tests.months import MONTHS, ROWS, write


def test_every_month_of_a_folder_is_reconciled_with_a_difference_of_zero(finished_line: Line):
    months = finished_line.months()
    assert set(months) == {f"{dataset} {month}" for dataset, month in MONTHS}
    assert {(month["state"], month["difference"], month["rows"]) for month in months.values()} == {("done", 0, ROWS)}


def test_every_raw_row_is_accepted_or_rejected_on_both_warehouses(finished_line: Line):
    stages = finished_line.stages()
    for dataset, month in MONTHS:
        for warehouse in ("postgres", "bigquery"):
            accepted = stages[dataset, month, f"{warehouse}_accepted"]
            rejected = stages[dataset, month, f"{warehouse}_rejected"]
            raw = stages[dataset, month, f"{warehouse}_raw"]
            assert (accepted[0] + rejected[0], accepted[1] + rejected[1]) == raw[:2]
            assert accepted[0] > 0
            assert rejected[0] > 0, "synthetic months hold rows of every fault"


def test_file_and_stores_hold_the_same_values_by_digest(finished_line: Line):
    stages = finished_line.stages()
    for dataset, month in MONTHS:
        raw = {stages[dataset, month, stage] for stage in ("file", "postgres_raw", "lake", "bigquery_raw")}
        assert len(raw) == 1, f"{dataset} {month}: {raw}"
    assert len({stages[dataset, month, "file"][2] for dataset, month in MONTHS}) == len(MONTHS), "digests tell months apart"


def test_a_second_run_says_that_there_is_nothing_to_do_and_records_it(finished_line: Line):
    before = finished_line.query("select count(*) from taxi_ledger.stages")
    result = finished_line.done("run")
    assert f"Nothing to do: all {len(MONTHS)} wanted months are done." in result.stderr
    assert finished_line.query("select count(*) from taxi_ledger.stages") == before
    assert finished_line.query("select outcome from taxi_ledger.runs order by started_at desc limit 1") == [("done",)]


def test_plan_tells_what_would_be_done_and_why_and_does_nothing(finished_line: Line):
    before = finished_line.query("select count(*) from taxi_ledger.runs")
    document = json.loads(finished_line.done("plan", "--json", "--force", "--months", "2009-01", "-d", "yellow").stdout)
    assert document == {"months": [{"dataset": "yellow", "month": "2009-01", "action": "land", "reason": "forced"}]}
    assert finished_line.query("select count(*) from taxi_ledger.runs") == before


def test_forcing_a_month_leaves_every_digest_and_count_as_it_was(finished_line: Line):
    before = finished_line.stages()
    finished_line.done("run", "--force", "--months", "2023-02", "--datasets", "green")
    assert finished_line.stages() == before
    partitions = finished_line.query(
        "select count(*) from pg_class where relname = 'green_tripdata_2023_02' or relname like 'new\\_%'"
    )
    assert partitions == [(1,)]


def test_a_republished_month_replaces_its_rows_and_no_others(finished_line: Line):
    before = finished_line.stages()
    write(finished_line.source, "green", "2023-01", rows=ROWS - 50, seed=1)
    assert "the file changed" in finished_line.done("plan", "--months", "2023-01").stdout
    finished_line.done("run", "--months", "2023-01", "--datasets", "green")
    after = finished_line.stages()
    assert after["green", "2023-01", "bigquery_raw"][0] == ROWS - 50
    assert finished_line.months()["green 2023-01"]["rows"] == ROWS - 50
    changed = {key[:2] for key, stage in after.items() if before[key] != stage}
    assert changed == {("green", "2023-01")}

    write(finished_line.source, "green", "2023-01")
    finished_line.done("run", "--months", "2023-01", "--datasets", "green")
    assert finished_line.stages() == before


def test_a_file_that_was_only_touched_is_not_landed_again(finished_line: Line):
    path = finished_line.source / "trip-data" / "fhv_tripdata_2019-01.parquet"
    landed_at = "select updated_at from taxi_ledger.months where dataset = 'fhv'"
    path.touch()
    result = finished_line.done("run", "-d", "fhv", "-m", "2019-01")
    assert "the file did not" in result.stderr
    before = finished_line.query(landed_at)
    assert "Nothing to do" in finished_line.done("run", "-d", "fhv", "-m", "2019-01").stderr
    assert finished_line.query(landed_at) == before


def test_a_value_changed_in_postgres_is_found_and_named_by_its_column(finished_line: Line):
    before = finished_line.stages()
    finished_line.execute("update taxi_raw.green_tripdata_2023_02 set tip_amount = tip_amount + 0.01 where row_number = 7")
    finished_line.execute("update taxi_ledger.months set state = 'landed' where (dataset, file_month) = ('green', '2023-02-01')")
    result = finished_line.run("run", "--months", "2023-02", "-d", "green")
    assert result.returncode == 1
    assert "file → postgres_raw: other values in tip_amount" in result.stderr
    failed = finished_line.months()["green 2023-02"]
    assert failed["state"] == "failed"
    assert failed["difference"] > 0

    finished_line.done("run", "--months", "2023-02", "-d", "green")
    assert finished_line.stages() == before


def test_a_row_lost_from_the_lake_is_found_in_every_store_behind_it(finished_line: Line):
    before = finished_line.stages()
    lake = finished_line.state / "servers" / "gcs" / "taxi-lake" / "raw" / "dataset=yellow" / "file_month=2018-01-01"
    path = next(lake.glob("*.parquet"))
    pq.write_table(pq.read_table(path).slice(1), path)
    finished_line.execute("update taxi_ledger.months set state = 'landed' where (dataset, file_month) = ('yellow', '2018-01-01')")
    result = finished_line.run("run", "--months", "2018-01", "-d", "yellow")
    assert result.returncode == 1
    assert "file → bigquery_raw: -1 rows" in result.stderr

    finished_line.done("run", "--months", "2018-01", "-d", "yellow")
    assert finished_line.stages() == before


def test_an_undeclared_column_lands_and_is_reported(finished_line: Line):
    before = finished_line.stages()
    path = finished_line.source / "trip-data" / "fhv_tripdata_2019-01.parquet"
    original = path.with_suffix(".original")
    shutil.copy(path, original)
    table = pq.read_table(path)
    pq.write_table(table.append_column("Robo Fee", [[number * 0.5 for number in range(table.num_rows)]]), path)
    result = finished_line.done("run", "-d", "fhv", "-m", "2019-01")
    assert "columns that nobody declared landed too: robo_fee (double)" in result.stderr
    assert finished_line.months()["fhv 2019-01"]["undeclared_columns"] == ["robo_fee"]
    stages = finished_line.stages()
    assert stages["fhv", "2019-01", "bigquery_raw"] == stages["fhv", "2019-01", "file"] != before["fhv", "2019-01", "file"]

    shutil.move(original, path)
    finished_line.done("run", "-d", "fhv", "-m", "2019-01")
    assert finished_line.stages() == before


def test_a_month_that_fails_dbts_tests_is_held_back_and_the_others_go_on(finished_line: Line):
    before = finished_line.stages()
    finished_line.execute("insert into taxi_raw.yellow_tripdata select * from taxi_raw.yellow_tripdata_2009_01 where row_number = 1")
    finished_line.execute(
        "update taxi_ledger.months set state = 'landed' where dataset = 'yellow' and file_month < '2011-01-01'"
    )
    result = finished_line.run("run", "--months", "2009-01,2010-03", "-d", "yellow")
    assert result.returncode == 1
    months = finished_line.months()
    assert months["yellow 2009-01"]["state"] == "failed"
    assert "dbt on postgres" in months["yellow 2009-01"]["error"]
    assert months["yellow 2010-03"]["state"] == "done"

    finished_line.done("run", "--months", "2009-01", "-d", "yellow")
    assert finished_line.stages() == before


@pytest.mark.parametrize("command", ["run", "plan", "status"])
def test_output_in_a_pipe_has_no_escape_codes(finished_line: Line, command: str):
    result = finished_line.done(command)
    assert "\x1b" not in result.stdout + result.stderr


def test_the_ledger_holds_no_secret(finished_line: Line):
    password = finished_line.servers()["TAXI_POSTGRES_PASSWORD"]
    for table in ("runs", "steps", "months"):
        assert password not in str(finished_line.query(f"select * from taxi_ledger.{table}"))
    logs = [path for path in finished_line.state.rglob("*.log") if path.is_file()]
    assert logs
    for log in logs:
        assert password not in log.read_text(errors="replace"), log
