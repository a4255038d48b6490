"""The whole line on synthetic months, through the command line: every row is accounted for, on every way there."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pyarrow.parquet as pq
import pytest

from orchestration.catalog.records import Graph, Months, Results, folder_of, read_piece
from orchestration.page.catalog import Catalog
from tests.line import Line
from tests.months import MONTHS, ROWS, write
from tests.orchestration.test_killed import kill_while_waiting_for_lock
from tests.warehouses import bigquery_of


def test_every_month_of_a_folder_is_reconciled_with_a_difference_of_zero(finished_line: Line):
    months = finished_line.months()
    assert set(months) == {f"{dataset} {month}" for dataset, month in MONTHS}
    assert {(month["state"], month["difference"]) for month in months.values()} == {("done", 0)}
    assert {month["rows"] for month in months.values()} == {ROWS}


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
    digests = {stages[dataset, month, "file"][2] for dataset, month in MONTHS}
    assert len(digests) == len(MONTHS), "digests tell months apart"
    objects = finished_line.query("select digest, bytes from taxi_ledger.lake_objects")
    assert {digest for digest, _ in objects} == digests, "by which a run can know the objects again"
    assert min(size for _, size in objects) > 1_000


def test_a_source_without_tlcs_monthly_report_costs_a_line_of_the_run_and_nothing_more(finished_line: Line):
    notes = [line for line in finished_line.first_run.stderr.splitlines() if "monthly report" in line]
    place = finished_line.source / "misc" / "data_reports_monthly.csv"
    assert len(notes) == 1
    assert f"TLC's monthly report stays as it is, or empty: {place} does not exist (setting tlc_report)" in notes[0]
    assert finished_line.query("select count(*) from taxi_raw.tlc_monthly_report") == [(0,)]


def months_tested(line: Line) -> Months:
    """What the catalog of models says of the tests of each file month."""
    found = read_piece(folder_of(line.state) / "months.json", Months)
    assert found
    return found


def test_a_run_leaves_a_catalog_of_the_models_that_it_built_and_tested(finished_line: Line):
    catalog = folder_of(finished_line.state)
    graph = read_piece(catalog / "graph.json", Graph)
    fct_trips = next(node for node in graph.nodes if node.name == "fct_trips")
    assert {"int_trips_checked", "int_refund_pairs"} == set(fct_trips.parents)
    assert set(Catalog(finished_line.state).compiled(fct_trips)) == {"postgres", "bigquery"}
    for warehouse in ("postgres", "bigquery"):
        results = read_piece(catalog / f"results_{warehouse}.json", Results)
        assert results[fct_trips.id].outcome == "passed"
        assert any(name in results for name in fct_trips.tests) == (warehouse == "postgres")
    assert set(months_tested(finished_line)) >= {month for _, month in MONTHS}


def test_a_second_run_says_that_there_is_nothing_to_do_and_records_it(finished_line: Line):
    before = finished_line.query("select count(*) from taxi_ledger.stages")
    result = finished_line.done("run")
    assert f"Nothing to do: all {len(MONTHS)} wanted months are done." in result.stderr
    assert finished_line.query("select count(*) from taxi_ledger.stages") == before
    assert finished_line.query("select outcome from taxi_ledger.runs order by run_number desc limit 1") == [("done",)]


def test_plan_tells_what_would_be_done_and_why_and_does_nothing(finished_line: Line):
    before = finished_line.query("select count(*) from taxi_ledger.runs")
    document = json.loads(finished_line.done("plan", "--json", "--force", "--months", "2009-01", "-d", "yellow").stdout)
    assert [(one["dataset"], one["month"], one["action"], one["reason"]) for one in document["months"]] == [
        ("yellow", "2009-01", "land", "forced")
    ]
    assert finished_line.query("select count(*) from taxi_ledger.runs") == before


def test_the_setting_datasets_chooses_among_what_a_folder_holds(finished_line: Line):
    document = json.loads(finished_line.run("plan", "--json", TAXI_DATASETS="green").stdout)
    assert [one["month"] for one in document["months"]] == [month for dataset, month in MONTHS if dataset == "green"]
    assert {one["dataset"] for one in document["months"]} == {"green"}


@pytest.mark.parametrize("command", ["run", *(pytest.param(one, marks=pytest.mark.slow) for one in ("plan", "status"))])
def test_output_in_a_pipe_has_no_escape_codes(finished_line: Line, command: str):
    result = finished_line.done(command)
    assert "\x1b" not in result.stdout + result.stderr


def kept(line: Line) -> Iterator[tuple[str, bytes]]:
    """All that the line keeps of its runs, and where: the state folder's files, the ledger, BigQuery's copy of it."""
    tables = [name for (name,) in line.query("select tablename from pg_tables where schemaname = 'taxi_ledger'")]
    assert {"runs", "steps", "months", "lease"} <= set(tables)
    for name in tables:
        yield f"taxi_ledger.{name}", str(line.query(f"select * from taxi_ledger.{name}")).encode()
    client = bigquery_of(line)
    for table in client.list_tables("taxi_ledger"):
        rows = [row.values() for row in client.query_and_wait(f"select * from taxi_ledger.{table.table_id}")]
        yield f"BigQuery's {table.table_id}", str(rows).encode()
    for path in line.state.rglob("*"):  # with the data folders of the servers, dbt's target and logs, dlt's folder
        if path.is_file() and path.suffix not in (".password", ".token"):
            with suppress(FileNotFoundError):
                yield str(path), path.read_bytes()


def holders(line: Line, *secrets: str) -> dict[str, list[str]]:
    """Where each of the secrets is kept, as it is or as JSON and addresses write it."""
    found: dict[str, list[str]] = {secret: [] for secret in secrets}
    for where, content in kept(line):
        for secret in secrets:
            found[secret] += [where] * (secret.encode() in content)
    return found


def test_nothing_that_is_kept_holds_a_password(finished_line: Line):
    secrets = [value for name, value in finished_line.servers().items() if re.search("PASSWORD|TOKEN", name)]
    assert len(secrets) >= 2
    found = holders(finished_line, *secrets, "fct_trips")
    assert found.pop("fct_trips"), "the search finds what is there"
    assert not any(found.values()), found


def test_passwords_in_the_sources_addresses_are_kept_nowhere(finished_line: Line):
    first, last = "http://user:hunter2@127.0.0.1:1", "--source=http://127.0.0.1:1?sig=correct%20horse"
    result = finished_line.run("run", "-s", first, last, "-d", "green", "-m", "2024-05", TAXI_SOURCE_TRIES="1")
    assert result.returncode == 1
    assert "http://127.0.0.1:1/trip-data/green_tripdata_2024-05.parquet cannot be reached" in result.stderr
    command = "select command from taxi_ledger.runs order by run_number desc limit 1"
    shown = "orchestrate.py run -s http://***@127.0.0.1:1 --source=http://127.0.0.1:1?*** -d green -m 2024-05"
    assert finished_line.query(command) == [(shown,)]
    secrets = ("hunter2", "correct%20horse", "correct horse")
    assert not any(secret in result.stdout + result.stderr for secret in secrets)
    found = holders(finished_line, *secrets)
    assert not any(found.values()), found
    finished_line.execute("delete from taxi_ledger.months where file_month = '2024-05-01'")


def test_no_variable_that_env_prints_is_a_setting(finished_line: Line):
    assert not [name for name in finished_line.servers() if name.startswith("TAXI_")]


CHANGED = {("yellow", "2025-02"), ("fhv", "2019-01")}


@dataclass(frozen=True)
class Mended:
    """The run after all that was broken, and the file months whose partitions it replaced in the marts."""

    run: subprocess.CompletedProcess[str]
    months: set[str]


# From here on things are changed behind the pipeline's back, all in one run, since each run takes half a minute.


@pytest.fixture(scope="module")
def before(finished_line: Line) -> dict:
    """What the stores held before anything was changed."""
    return finished_line.stages()


@pytest.fixture(scope="module")
def corrupted(finished_line: Line, before: dict) -> subprocess.CompletedProcess[str]:
    """A run over three landed months that were corrupted: a row twice, a row lost from the lake, a value changed."""
    finished_line.execute(
        "insert into taxi_raw.yellow_tripdata select * from taxi_raw.yellow_tripdata_2009_01 where row_number = 1"
    )
    lake = finished_line.state / "servers" / "gcs" / "taxi-lake" / "raw" / "dataset=yellow" / "file_month=2018-01-01"
    path = next(lake.glob("*.parquet"))
    pq.write_table(pq.read_table(path).slice(1), path)
    finished_line.execute(
        "update taxi_raw.green_tripdata_2023_02 set tip_amount = tip_amount + 0.01 where row_number = 7"
    )
    corrupted_months = "(('yellow', date '2009-01-01'), ('yellow', date '2018-01-01'), ('green', date '2023-02-01'))"
    finished_line.execute(
        f"update taxi_ledger.months set state = 'landed' where (service_type, file_month) in {corrupted_months}"
    )
    return finished_line.run("run", TAXI_RECONCILE_LAKE="checksum")


def test_a_month_that_fails_dbts_tests_is_held_back_from_bigquery(finished_line: Line, corrupted):
    month = finished_line.months()["yellow 2009-01"]
    assert month["state"] == "failed"
    assert "dbt on postgres" in month["error"]
    assert "row_numbers_run_from_1" in month["error"]


def test_the_catalog_blames_the_month_that_failed_and_not_those_built_with_it(finished_line: Line, corrupted):
    months = months_tested(finished_line)
    assert months["2009-01"]["postgres"].failed == ["row_numbers_run_from_1_stg_yellow_trips_"]
    assert [month for month, one in months.items() if one["postgres"].failed] == ["2009-01"]
    assert months["2018-01"]["postgres"].run == months["2009-01"]["postgres"].run


def test_a_row_lost_from_the_lake_is_found_in_every_store_behind_it(finished_line: Line, corrupted):
    month = finished_line.months()["yellow 2018-01"]
    assert month["state"] == "failed"
    for stage in ("lake", "bigquery_raw"):
        assert f"file → {stage}: -1 rows" in month["error"]


def test_a_value_changed_in_postgres_is_found_and_named_by_its_column(finished_line: Line, corrupted):
    month = finished_line.months()["green 2023-02"]
    assert month["state"] == "failed"
    assert "file → postgres_raw: other values in tip_amount" in month["error"]
    assert month["difference"] > 0


def test_a_run_with_a_difference_fails_and_says_where(corrupted):
    assert corrupted.returncode == 1
    assert "file → postgres_raw: other values in tip_amount" in corrupted.stderr
    assert "Traceback" not in corrupted.stderr


@pytest.fixture(scope="module")
def killed(finished_line: Line, corrupted) -> None:
    """A run is killed when the rows of a month are in Postgres, and its partition is about to be attached."""
    lock = "lock table taxi_raw.green_tripdata in share update exclusive mode"
    kill_while_waiting_for_lock(finished_line, lock, "-d", "green", "-m", "2023-02")


def test_a_run_killed_while_it_lands_leaves_the_former_rows_of_the_month(finished_line: Line, killed: None):
    assert finished_line.months()["green 2023-02"]["state"] == "landing"
    held = "select count(*) from taxi_raw.green_tripdata where file_month = '2023-02-01'"
    assert finished_line.query(held) == [(ROWS,)]


@pytest.fixture(scope="module")
def mended(finished_line: Line, killed: None) -> Mended:
    """The next run. Meanwhile one file was published again, one got a column that nobody declared, one was touched."""
    held = partitions_of_the_marts(finished_line)
    files = finished_line.source / "trip-data"
    write(finished_line.source, "yellow", "2025-02", rows=ROWS - 50, seed=1)
    with_column = files / "fhv_tripdata_2019-01.parquet"
    table = pq.read_table(with_column)
    table = table.append_column("Robo Fee", [[number * 0.5 for number in range(ROWS)]])
    pq.write_table(table.append_column("trips", [["a column of the pipeline"] * ROWS]), with_column)
    (files / "fhvhv_tripdata_2023-02.parquet").touch()
    assert finished_line.done("plan").stdout.count("the file changed") == 3
    run = finished_line.done("run")
    replaced = held.items() ^ partitions_of_the_marts(finished_line).items()
    return Mended(run, {name[-7:] for name, _ in replaced})


def test_the_next_run_lands_again_what_failed_and_ends_as_before(finished_line: Line, before, mended: Mended):
    assert mended.run.stderr.count("landed in Postgres and the lake") == 3 + len(CHANGED)
    after = finished_line.stages()
    assert {key[:2] for key in after if before[key] != after[key]} == CHANGED
    assert after.keys() == before.keys()
    assert mended.months == {"2009_01", "2018_01", "2023_02", "2025_02", "2019_01"}, "other months are left alone"


@pytest.mark.parametrize("warehouse", ["postgres", "bigquery"])
def test_a_build_of_months_by_an_unchanged_project_has_its_results_and_a_copy_of_the_manifest(
    finished_line: Line, mended: Mended, warehouse: str
):
    kept = finished_line.state / "dbt" / f"{warehouse}_as_built" / "manifest.json"
    newest = sorted((finished_line.state / "runs").iterdir())[-1]
    targets = list(newest.glob(f"dbt_{warehouse}_*/target"))
    assert {(target / "manifest.json").read_bytes() == kept.read_bytes() for target in targets} == {True}
    for target in targets:
        results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
        assert "model.taxi.fct_trips" in [result["unique_id"] for result in results]


def test_the_catalog_says_that_the_month_that_was_mended_failed_before(finished_line: Line, mended: Mended):
    built = months_tested(finished_line)["2009-01"]["postgres"]
    assert built.failed == []
    assert list(built.once_failed) == ["row_numbers_run_from_1_stg_yellow_trips_"]


@pytest.mark.slow
def test_a_table_that_is_gone_is_built_again_with_all_its_months_in_batches(finished_line: Line):
    finished_line.done("run")  # after the tests above, where they were run
    held = "select file_month, sum(trips) from taxi_marts.agg_zone_revenue group by 1 order by 1"
    whole = finished_line.query(held)
    finished_line.execute("drop table taxi_marts.agg_zone_revenue")
    scratch = finished_line.state / "scratch"
    scratch.rename(finished_line.state / "aside")
    scratch.touch()  # to download an object takes a folder of that name
    result = finished_line.run("run", TAXI_BATCH_MONTHS="5", TAXI_RECONCILE_LAKE="checksum")
    scratch.unlink()
    (finished_line.state / "aside").rename(scratch)
    assert result.returncode == 0, result.stderr
    assert f"a table is gone: {len(whole)} more file months are brought up to it" in result.stderr
    assert len(re.findall("dbt on postgres: .* passed", result.stderr)) == len(whole) // 5 + 1
    assert finished_line.query(held) == whole
    assert "Nothing to do" in finished_line.done("run").stderr


def test_autovacuum_has_no_cause_to_analyze_a_month_of_the_marts_again(finished_line: Line):
    settings = finished_line.query(
        "select distinct reloptions from pg_class where relispartition and relkind = 'r'"
        " and relnamespace in ('taxi_marts'::regnamespace, 'taxi_intermediate'::regnamespace)"
    )
    assert settings == [(["autovacuum_analyze_threshold=2147483647"],)]


def partitions_of_the_marts(line: Line) -> dict[str, int]:
    """The oid of every partition, by name; one that was replaced has another oid."""
    return dict(
        line.query(
            "select relname, oid::bigint from pg_class"
            " where relispartition and relnamespace = 'taxi_marts'::regnamespace"
        )
    )


def test_a_republished_month_replaces_its_rows_and_no_others(finished_line: Line, mended: Mended):
    after = finished_line.stages()
    for stage in ("file", "postgres_raw", "lake", "bigquery_raw"):
        assert after["yellow", "2025-02", stage][0] == ROWS - 50
    assert finished_line.months()["yellow 2025-02"]["rows"] == ROWS - 50


def test_an_undeclared_column_lands_and_is_reported(finished_line: Line, before, mended: Mended):
    assert "columns that nobody declared landed too: robo_fee (double), trips (text)" in mended.run.stderr
    assert sorted(finished_line.months()["fhv 2019-01"]["undeclared_columns"]) == ["robo_fee", "trips"]
    after = finished_line.stages()
    key = ("fhv", "2019-01", "file")
    assert after["fhv", "2019-01", "bigquery_raw"] == after[key] != before[key]
    assert finished_line.query("select sum(robo_fee) from taxi_raw.fhv_tripdata") == [(ROWS * (ROWS - 1) / 4,)]


def test_a_file_that_was_only_touched_is_not_landed_again(mended: Mended):
    assert "fhvhv 2023-02: the source's ETag changed, the file did not" in mended.run.stderr
    assert "fhvhv 2023-02: 400 rows landed" not in mended.run.stderr


@pytest.mark.slow
def test_forcing_a_month_leaves_every_digest_and_count_as_it_was(finished_line: Line):
    finished_line.done("run")
    before = finished_line.stages()
    result = finished_line.done("run", "--force", "--months", "2023-02", "--datasets", "green")
    assert "green 2023-02: 400 rows landed" in result.stderr
    assert finished_line.stages() == before
    partitions = "select count(*) from pg_class where relname = 'green_tripdata_2023_02' or relname like 'new\\_%'"
    assert finished_line.query(partitions) == [(1,)]
