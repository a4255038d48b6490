"""docker-compose.yml at work: who runs, who can reach it, what outlives what."""

import json
import re
import socket
import time

import pytest
import requests

from tests.containers.conftest import SERVERS, OutsideLine
from tests.containers.engine import Compose, container_engine
from tests.orchestration.test_killed import wait_for

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]
SERVICES = (*SERVERS, "page", "schedule")


@pytest.fixture(scope="module")
def running(compose: Compose) -> Compose:
    """All services that start by themselves, on new volumes, healthy."""
    compose.down("--volumes")
    compose.up()
    return compose


def address(compose: Compose) -> str:
    return f"http://localhost:{compose.variables['TAXI_PAGE_PORT']}"


def inside(compose: Compose, *arguments: str, check: bool = True) -> str:
    """What `docker compose run --rm pipeline` prints on stdout."""
    return compose("--profile", "pipeline", "run", "--rm", "-T", "pipeline", *arguments, check=check).stdout


def states(compose: Compose) -> dict[str, str]:
    """The state of each month, as a container of the pipeline sees it."""
    document = json.loads(inside(compose, "status", "--json"))
    return {f"{month['dataset']} {month['month']}": month["state"] for month in document["months"]}


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_is_root_or_can_get_a_right(running: Compose, service: str) -> None:
    found = running.processes(service)
    assert found
    for process in found:
        print(f"{process.container}: user {process.uid}: {process.command[:80]}")
        assert process.uid in (999, 10001), process
        assert process.capabilities == 0, process
        assert not process.may_gain, process


@pytest.mark.parametrize("service", SERVICES)
def test_the_root_file_system_is_read_only(running: Compose, service: str) -> None:
    done = container_engine("exec", running.container(service), "touch", "/written", check=False)
    assert "Read-only file system" in done.stderr


def test_ports_are_on_loopback_only(running: Compose) -> None:
    page, postgres = (int(running.variables[f"TAXI_{name}_PORT"]) for name in ("PAGE", "POSTGRES"))
    for port in (page, postgres, 4443, 9050):
        socket.create_connection(("127.0.0.1", port), 5).close()
        with pytest.raises(OSError, match=r"refused|timed out"):
            socket.create_connection((_outward_address(), port), 2)


def _outward_address() -> str:
    """This machine's address on its network. (Nothing is sent.)"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


def test_the_page_answers_on_this_machine_and_to_its_own_name_only(running: Compose) -> None:
    first = requests.get(address(running), timeout=10)
    assert first.status_code == 200
    assert "docker compose run --rm demo" in first.text, "an empty ledger: the page says how to begin"
    other = requests.get(address(running), headers={"Host": "taxi.example"}, timeout=10)
    assert other.status_code == 421


def test_a_link_from_the_container_signs_a_browser_in(running: Compose) -> None:
    link = running("exec", "-T", "page", "python", "orchestrate.py", "page", "--link").stdout.strip()
    assert link.startswith(f"{address(running)}/enter?key=")
    browser = requests.Session()
    browser.get(link, timeout=10)
    assert "taxi_session" in browser.cookies
    assert "see the plan and run it here" in browser.get(address(running), timeout=10).text


def test_the_demo_runs_inside_and_its_data_outlive_the_containers(running: Compose) -> None:
    begin = time.monotonic()
    shown = running("--profile", "demo", "run", "--rm", "-T", "demo")
    print(f"the demo took {time.monotonic() - begin:.0f} s")
    found = states(running)
    assert found["green 2025-12"] == "failed", shown.stderr[-3000:]
    assert {state for key, state in found.items() if key != "green 2025-12"} == {"done"}
    assert re.search(r"synthetic", requests.get(address(running), timeout=10).text, re.IGNORECASE)
    assert "aused" in inside(running, "tick", check=False) + requests.get(address(running), timeout=10).text

    running.down()
    running.up()
    assert states(running) == found
    assert requests.get(f"{address(running)}/health", timeout=10).status_code == 200


@pytest.mark.parametrize("service", ["page", "schedule"])
def test_the_page_and_the_schedule_come_back_after_a_kill(running: Compose, service: str) -> None:
    running.kill(service)
    running.wait(service)


@pytest.mark.parametrize(
    ("server", "step"), [("gcs", "ingest"), ("postgres", "dbt on postgres"), ("bigquery", "dbt on bigquery")]
)
def test_after_a_server_was_killed_in_mid_run_a_second_run_heals_the_month(
    line_with_a_month: OutsideLine, server: str, step: str
) -> None:
    line = line_with_a_month
    line.done("plan")  # makes the ledger
    is_running = f"select exists(select from taxi_ledger.steps where outcome = 'running' and step = '{step}')"
    with line.connect() as observer:
        process = line.start("run")
        wait_for(lambda: observer.execute(is_running).fetchone()[0], f"it came to the step {step!r}", process)
    line.compose.kill(server)
    output, _ = process.communicate(timeout=300)
    print(f"{server} was killed: the run ended with {process.returncode}\n{output[-1500:]}")
    assert "Traceback" not in output
    line.compose.wait(*SERVERS)
    line.done("run")
    assert line.months()["green 2023-01"]["state"] == "done"
    assert line.months()["green 2023-01"]["difference"] == 0
