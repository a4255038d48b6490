"""`land --share` as a user runs it: several at once on one line, beside a run that builds, and one that is killed."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.cli.exit_codes import ExitCode
from tests.conftest import ONE_MART, opened
from tests.line import Line
from tests.months import write

WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'alter table%detach%'"
LANDINGS = (
    "select service_type || ' ' || to_char(file_month, 'YYYY-MM'), count(*) from taxi_ledger.events"
    " where event = 'landed' group by 1 order by 1"
)
SIX = [(dataset, f"2023-0{month}") for month in (1, 2, 3) for dataset in ("yellow", "green")]


def fill(source: Path, months: list[tuple[str, str]], rows: int = 100) -> None:
    for dataset, month in months:
        write(source, dataset, month, rows)


def ended(process: subprocess.Popen[str]) -> str:
    """What the process printed, which has to end well."""
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    return output


def wait_for(connection: psycopg.Connection, query: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 120
    while not _count(connection, query):
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < until, f"waited for: {query}"
        time.sleep(0.05)


def _count(connection: psycopg.Connection, query: str) -> int:
    try:
        return connection.execute(query).fetchone()[0]
    except psycopg.errors.UndefinedTable:  # the ledger is made by the first of them
        return 0


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, synthetic_source: Path) -> Iterator[Line]:
    """A line for the tests of this file, each of which has months of its own; the first lands six."""
    root = tmp_path_factory.mktemp("landers")
    (root / "source" / "trip-data").mkdir(parents=True)
    shutil.copytree(synthetic_source / "misc", root / "source" / "misc")
    yield from opened(root / "state", root / "source", ONE_MART)


def test_two_landers_and_a_run_that_begin_at_once_land_each_month_once(line: Line):
    fill(line.source, SIX)
    processes = [line.start("land", "--share", f"{index}/2") for index in range(2)]
    processes.append(line.start("run", "--only", "ingest"))
    outputs = [ended(process) for process in processes]
    assert line.query(LANDINGS) == [(f"{dataset} {month}", 1) for dataset, month in sorted(SIX)]
    assert sum(output.count("rows landed in Postgres and the lake") for output in outputs) == len(SIX)
    assert line.query("select kind, outcome, count(*) from taxi_ledger.runs group by 1, 2 order by 1") == [
        ("land", "done", 2),
        ("run", "done", 1),
    ]
    assert line.query("select distinct state from taxi_ledger.months") == [("landed",)]
    left = [path for name in ("scratch", "dlt") for path in (line.state / "runs").glob(f"*/{name}")]
    assert left == [], "a lander removes its working folders"


def test_what_a_lander_has_is_shown_and_left_to_it_and_goes_to_the_next_when_it_is_killed(line: Line):
    of_it = ("--months", "2023-01", "--datasets", "green")
    fill(line.source, [("green", "2023-01")])
    with line.connect() as blocker, line.connect() as observer:
        blocker.execute("begin; lock table taxi_raw.green_tripdata in share update exclusive mode")
        lander = line.start("land", "--force", *of_it, "--share", "2/4")
        wait_for(observer, WAITING, lander)
        run_id = seen_at_work(line, lander, of_it)
        lander.send_signal(signal.SIGKILL)
        lander.communicate()
        blocker.execute("rollback")
    assert line.query("select count(*) from taxi_raw.green_tripdata where file_month = '2023-01-01'") == [(100,)]
    assert line.query("select state from taxi_ledger.months where stores_differ") == [("landing",)]
    after = line.done("run", "--only", "ingest", *of_it)
    assert "green 2023-01: 100 rows landed" in after.stderr
    outcome = f"select outcome from taxi_ledger.runs where run_id = '{run_id}'"
    assert line.query(outcome) == [("interrupted",)]
    assert not list((line.state / "runs").glob("*/scratch")), "a run removes what a killed lander left"


def seen_at_work(line: Line, lander: subprocess.Popen[str], of_it: tuple[str, ...]) -> str:
    """The id of the lander's run, which every command shows, and which a run beside it leaves alone."""
    (worker,) = json.loads(line.done("status", "--json").stdout)["at_work"]
    assert (worker["kind"], worker["pid"], worker["landing"]) == ("land", lander.pid, ["green 2023-01"])
    plan = line.done("plan", *of_it).stdout
    assert f"run {worker['run']} is landing it" in plan
    assert f"At work: {worker['run']} on " in plan
    assert f"It is landing now, in run {worker['run']}" in line.done("explain", "green", "2023-01").stdout
    # The only month is taken: another run says who has it and ends well, and marks nobody as interrupted.
    beside = line.done("run", "--only", "ingest", "--force", *of_it)
    assert f"green 2023-01 is left for later: {worker['run']} is landing it" in beside.stderr
    assert line.query("select run_id from taxi_ledger.runs where outcome = 'running'") == [(worker["run"],)]
    return worker["run"]


def with_column(path: Path, name: str, values: list) -> None:
    table = pq.read_table(path)
    pq.write_table(table.append_column(name, pa.array(values)), path)


@pytest.mark.slow  # a line of its own
def test_a_month_that_widens_a_column_lands_last_and_earlier_months_follow(line: Line):
    for month, value in (("2019-01", 1), ("2019-02", 0.5), ("2019-03", 2)):
        with_column(write(line.source, "fhv", month, 50), "robo_fee", [value] * 50)
    write(line.source, "fhv", "2019-04", 50)
    result = line.done("land", "--datasets", "fhv")
    assert "fhv 2019-01 is left for later: it needs other columns than the raw table of fhv has" in result.stderr
    order = [said.split()[2] for said in result.stderr.splitlines() if "rows landed in Postgres" in said]
    assert order[0] == "2019-04:"
    assert line.query(
        "select to_char(file_month, 'YYYY-MM'), sum(robo_fee) from taxi_raw.fhv_tripdata group by 1 order by 1"
    ) == [("2019-01", 50), ("2019-02", 25), ("2019-03", 100), ("2019-04", None)]
    undeclared = line.query("select distinct undeclared from taxi_ledger.months where undeclared <> '{}'")
    assert undeclared == [({"robo_fee": "double"},)]
    assert line.query("select count(*) from taxi_ledger.data_set_claims") == [(0,)]


def test_a_task_lands_its_share_and_is_refused_where_nobody_says_how_many_there_are(line: Line):
    fill(line.source, [("yellow", "2018-01"), ("yellow", "2018-02")])
    result = line.run("land", "--months", "2018-01..2018-02", CLOUD_RUN_TASK_INDEX="1", CLOUD_RUN_TASK_COUNT="2")
    assert "Share 1/2: 1 of its 1 file months are to be landed" in result.stderr
    assert line.query("select file_month::text from taxi_ledger.months where file_month < '2019-01-01'") == [
        ("2018-01-01",)
    ]
    refused = line.run("land", JOB_COMPLETION_INDEX="1")
    assert refused.returncode == ExitCode.USAGE
    assert "Give it to the command: --share=$(JOB_COMPLETION_INDEX)/4" in refused.stderr


@pytest.mark.timeout(900)
@pytest.mark.slow  # two minutes: four landers and a builder on one line, and a run on another
def test_four_landers_one_of_them_killed_beside_a_builder_end_as_one_ordinary_run(tmp_path: Path, new_line: Line):
    months = [(dataset, f"2023-{month:02d}") for month in range(1, 5) for dataset in ("yellow", "green", "fhvhv")]
    fill(new_line.source, months, 1000)
    landers = [new_line.start("land", "--share", f"{index}/4") for index in range(4)]
    began = (
        "select count(*) from taxi_ledger.steps inner join taxi_ledger.runs using (run_id)"
        " where step = 'ingest' and steps.outcome = 'running' and command like '%--share 1/4'"
    )
    with new_line.connect() as observer:
        wait_for(observer, began, landers[1])
        landers[1].send_signal(signal.SIGKILL)
        landers[1].communicate()
        builder = new_line.start("run")
        for process in (landers[0], landers[2], landers[3]):
            ended(process)
        ended(builder)
    new_line.done("land", "--share", "1/4")
    new_line.done("run")
    assert {month["state"] for month in new_line.months().values()} == {"done"}
    assert new_line.query(LANDINGS) == [(f"{dataset} {month}", 1) for dataset, month in sorted(months)]
    new_line.done("verify")

    with contextmanager(opened)(tmp_path / "ordinary", new_line.source, new_line.models) as ordinary:
        ordinary.done("run")
        assert ordinary.stages() == new_line.stages()
