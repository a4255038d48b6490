"""Faults at every step of a run: one clear line in time, no traceback, and a plain re-run heals it all.

`pytest -m slow tests/trials -n 0 --write-faults docs/faults.md` writes what the user sees, and after how many seconds.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil
import pytest

from tests.line import ROOT, Line
from tests.trials.report import write
from tests.trials.scene import Outcome, Run, Scene, free_of_tracebacks
from tests.trials.sources import FAULTS, Mirror

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STEPS = (
    "prepare", "ingest", "external tables", "dbt on postgres", "dbt on bigquery", "reconcile", "publish the ledger",
)  # fmt: skip
SERVERS = ("postgres", "gcs", "bigquery")
INTERRUPTED = 130


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[list[Outcome]]:
    """What came of each trial; written down at the end where that is asked for."""
    found: list[Outcome] = []
    yield found
    if path := request.config.getoption("--write-faults"):
        write(found, path)


@pytest.fixture(scope="module")
def scene(module_line: Line) -> Scene:
    return Scene(module_line)


def told_and_healed(scene: Scene, outcomes: list[Outcome], outcome: Outcome, *exit_codes: int) -> None:
    """What holds after every trial."""
    outcomes.append(outcome)
    assert outcome.exit_code in exit_codes, "\n".join(outcome.lines)
    assert free_of_tracebacks(outcome), "\n".join(outcome.lines)
    assert outcome.exit_code == 0 or outcome.told, "a run that fails says why:\n" + "\n".join(outcome.lines)
    scene.heal()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("server", SERVERS)
def test_a_server_that_is_killed_is_named_and_the_next_run_heals(
    scene: Scene, outcomes: list[Outcome], server: str, step: str
):
    run = scene.start()
    scene.wait_for_step(run, step)
    since = time.monotonic()
    for process in scene.servers(server):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    told_and_healed(scene, outcomes, run.end(f"{server} killed", step, since), 0, 1)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("server", SERVERS)
def test_a_server_that_hangs_is_named_and_the_next_run_heals(
    scene: Scene, outcomes: list[Outcome], server: str, step: str
):
    run = scene.start()
    scene.wait_for_step(run, step)
    stopped = scene.servers(server)
    since = time.monotonic()
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        outcome = run.end(f"{server} hangs", step, since)
    finally:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.resume()
    told_and_healed(scene, outcomes, outcome, 0, 1)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_run_within_seconds(scene: Scene, outcomes: list[Outcome], name: str, step: str):
    run = scene.start()
    scene.wait_for_step(run, step)
    since = time.monotonic()
    run.process.send_signal(signal.Signals[name])
    outcome = run.end(name, step, since, 60)
    told_and_healed(scene, outcomes, outcome, INTERRUPTED)
    assert outcome.seconds_until_end < 20  # 5 s on a quiet machine


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_while_the_program_starts_prints_no_traceback(
    scene: Scene, outcomes: list[Outcome], name: str, seconds: float
):
    run = scene.start()
    time.sleep(seconds)
    since = time.monotonic()
    run.process.send_signal(signal.Signals[name])
    outcome = run.end(name, f"{seconds} s after its start", since, 60)
    if outcome.exit_code != INTERRUPTED:  # before a line of ours was run, the system ends it, or Python itself
        assert outcome.exit_code in (-signal.Signals[name], 1)
        assert not any(str(ROOT) in line for line in outcome.lines)
        return
    told_and_healed(scene, outcomes, outcome, INTERRUPTED)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("what", ["the run", "the run and all its processes"])
def test_kill_9_leaves_nothing_that_the_next_run_does_not_heal(
    scene: Scene, outcomes: list[Outcome], what: str, step: str
):
    run = scene.start()
    scene.wait_for_step(run, step)
    since = time.monotonic()
    children = psutil.Process(run.process.pid).children(recursive=True)
    run.process.kill()
    for process in children if what == "the run and all its processes" else []:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    outcome = run.end(f"kill -9 of {what}", step, since)
    outcome.told = "nothing: it was killed"
    told_and_healed(scene, outcomes, outcome, -signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive, "a process of a killed run goes on"


@pytest.mark.parametrize("step", ["ingest", "dbt on postgres", "dbt on bigquery", "reconcile"])
def test_a_run_whose_sessions_are_ended_stops(scene: Scene, outcomes: list[Outcome], step: str):
    run = scene.start()
    scene.wait_for_step(run, step)
    since = time.monotonic()
    scene.end_sessions(run.process.pid)
    told_and_healed(scene, outcomes, run.end("pg_terminate_backend on all sessions", step, since), 1)


@pytest.mark.parametrize("step", ["ingest", "dbt on bigquery"])
def test_a_second_run_says_who_is_at_work_and_disturbs_nothing(scene: Scene, outcomes: list[Outcome], step: str):
    first = scene.start()
    scene.wait_for_step(first, step)
    since = time.monotonic()
    second = Run(scene.line)
    outcome = second.end("a second run", step, since)
    assert str(first.process.pid) in outcome.told
    assert first.end("", step, since).exit_code == 0
    told_and_healed(scene, outcomes, outcome, 1, 3)


@pytest.mark.parametrize("step", ["ingest", "dbt on bigquery"])
def test_down_during_a_run_is_refused_and_with_force_ends_the_run_soon(
    scene: Scene, outcomes: list[Outcome], step: str
):
    run = scene.start()
    scene.wait_for_step(run, step)
    refused = scene.line.run("down")
    assert refused.returncode != 0
    assert str(run.process.pid) in refused.stderr
    assert "--force" in refused.stderr
    since = time.monotonic()
    scene.line.done("down", "--force")
    told_and_healed(scene, outcomes, run.end("down --force", step, since), 1, INTERRUPTED)


def test_a_clock_that_was_an_hour_ahead_changes_nothing(scene: Scene, outcomes: list[Outcome]):
    for table, columns in {
        "runs": ("started_at", "finished_at"), "steps": ("finished_at",),
        "stages": ("measured_at",), "months": ("updated_at",),
    }.items():  # fmt: skip
        moved = ", ".join(f"{column} = {column} + interval '1 hour'" for column in columns)
        scene.line.execute(f"update taxi_ledger.{table} set {moved}")
    since = time.monotonic()
    told_and_healed(scene, outcomes, scene.start().end("the clock was set back an hour", "all", since), 0)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_source_fails_its_month_alone(scene: Scene, outcomes: list[Outcome], fault: str):
    with Mirror(scene.line.source, "green_tripdata_2023-01.parquet", FAULTS[fault]) as mirror:
        arguments = ("--force", "--source", mirror.url, "-d", "green", "-m", "2023-01..2023-02")
        since = time.monotonic()
        run = Run(scene.line, *arguments)
        outcome = run.end(f"source: {fault}", "ingest", since, 600)
    states = {name: month["state"] for name, month in scene.line.months().items()}
    assert states["green 2023-02"] == "done"
    told_and_healed(scene, outcomes, outcome, 0, 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("step", ["ingest", "dbt on postgres", "dbt on bigquery", "reconcile"])
def test_a_full_disk_is_told_in_one_line(outcomes: list[Outcome], small_disk: Callable[[], Line], step: str):
    line = small_disk()
    scene = Scene(line)
    filler = line.state / "filler"
    run = scene.start()
    scene.wait_for_step(run, step)
    since = time.monotonic()
    with suppress(OSError), filler.open("wb", buffering=0) as handle:
        while True:
            handle.write(bytes(1 << 20))
    outcome = run.end("disk full", step, since)
    filler.unlink()
    told_and_healed(scene, outcomes, outcome, 0, 1)
