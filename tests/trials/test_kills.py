"""kill -9 where a run, or a tick, first writes to each table of the ledger, and at seeded moments over all data sets.

After each a plain re-run ends in an undisturbed run's digests, and nothing is left: see `Scene.heal`.
"""

import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from synthetic import write_zone_lookup
from tests.conftest import ONE_MART
from tests.line import Line
from tests.months import write
from tests.trials.scene import Run, Scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

MONTHS = (("yellow", "2023-01"), ("green", "2023-01"), ("fhv", "2023-01"), ("fhvhv", "2023-01"), ("green", "2023-02"))
SERVERS = ("postgres", "gcs", "bigquery")
ASLEEP = 60.0  # seconds that servers are stopped for
# In the order in which a run writes to them; a tick writes to the last three besides.
TABLES = ("runs", "steps", "events", "months", "stages", "lake_objects", "builds", "publications", "alerts", "ticks")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A line with a month of each data set."""
    root = tmp_path_factory.mktemp("kills")
    for dataset, month in MONTHS:
        write(root / "source", dataset, month, rows=300)
    write_zone_lookup(root / "source")
    line = Line(root / "state", root / "source", ONE_MART)
    line.done("up")
    yield Scene(line)
    line.run("down", "--force")


@pytest.fixture(scope="module")
def seconds(scene: Scene) -> float:
    """How long it takes to replace all months."""
    began = time.monotonic()
    scene.line.done("run", "--force")
    return time.monotonic() - began


def kill(run: Run) -> None:
    """The process alone: what it started has to notice."""
    children = psutil.Process(run.process.pid).children(recursive=True)
    run.process.kill()
    run.process.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive, "a process of a killed run goes on"


@pytest.mark.parametrize("table", TABLES)
def test_kill_9_at_the_first_write_to_a_table_of_the_ledger(scene: Scene, table: str):
    """The last steps of a run and of a tick are among them: alerts, and the row of the tick."""
    if table == "builds":  # which a run writes to as it brings a warehouse up to the dbt project
        scene.line.execute("delete from taxi_ledger.builds where warehouse = 'postgres'")
    waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and application_name like 'nyc-taxi-elt%'"
    with scene.line.connect() as blocker, scene.line.connect() as observer, blocker.transaction():
        blocker.execute(f"lock table taxi_ledger.{table} in share row exclusive mode")
        if table == "ticks":
            run = Run(scene.line, command="tick")
        else:
            run = Run(scene.line, "--force", "-d", "green", "-m", "2023-01")
        scene.wait(run, lambda: observer.execute(waiting).fetchall(), f"a write to {table}")
        kill(run)
    scene.heal()


@pytest.mark.parametrize("seed", range(6))
def test_kill_9_at_a_random_moment_over_all_data_sets(scene: Scene, seconds: float, seed: int):
    run = Run(scene.line, "--force")
    time.sleep(random.Random(seed).uniform(0.05, 0.95) * seconds)
    if run.process.poll() is None:
        kill(run)
    scene.heal()


@pytest.mark.parametrize("seed", range(6, 9))
def test_servers_killed_at_a_random_moment_over_all_data_sets(scene: Scene, seconds: float, seed: int):
    chosen = random.Random(seed)
    server, share = chosen.choice(SERVERS), chosen.uniform(0.05, 0.95)
    run = Run(scene.line, "--force")
    time.sleep(share * seconds)
    since = time.monotonic()
    for process in scene.servers(server):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    assert run.end(f"{server} killed", f"{share:.2f} of the run", since).exit_code in (0, 1)
    scene.heal()


@pytest.mark.parametrize("seed", range(9, 12))
def test_all_servers_stopped_for_a_minute_at_a_random_moment(scene: Scene, seconds: float, seed: int):
    share = random.Random(seed).uniform(0.05, 0.95)
    run = Run(scene.line, "--force")
    time.sleep(share * seconds)
    since = time.monotonic()
    stopped = [process for server in SERVERS for process in scene.servers(server)]
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(ASLEEP)
    finally:
        for process in reversed(stopped):
            process.send_signal(signal.SIGCONT)
    outcome = run.end("all servers stopped for a minute", f"{share:.2f} of the run", since)
    assert outcome.exit_code in (0, 1), "\n".join(outcome.lines)
    assert not any("Traceback" in text for text in outcome.lines)
    scene.heal()
