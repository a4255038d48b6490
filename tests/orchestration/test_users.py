"""Who is at work with the embedded servers: `down` says so and leaves them alone, or ends them where it is told to."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration import host
from orchestration.cli.exit_codes import ExitCode
from orchestration.warehouses.users import Users
from tests.line import ROOT, Line

# A run, as far as its servers' folder tells. Told to end, it takes its time, or does not listen.
RUN = """
import sys, time
from pathlib import Path
from orchestration import interrupts
from orchestration.warehouses.users import Users

with interrupts.heeded(), Users(Path(sys.argv[1])).joined("orchestrate.py run") as us:
    us.tell_run("20240101T120000-abcd", "orchestrate.py run -d green")
    print("at work", flush=True)
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            interrupts.acknowledge()
            if sys.argv[2] == "ends":
                raise
"""


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """A line whose servers were never started."""
    (tmp_path / "state/servers").mkdir(parents=True)
    return Line(tmp_path / "state", tmp_path)


@pytest.fixture
def at_work(line: Line) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    started = []

    def start(how: str = "ends") -> subprocess.Popen[str]:
        command = [sys.executable, "-c", RUN, str(line.state / "servers"), how]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "at work\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_down_says_who_is_at_work_and_leaves_it_alone(line: Line, at_work: Callable[[], subprocess.Popen[str]]):
    process = at_work()
    result = line.run("down")
    assert result.returncode == ExitCode.BUSY
    told = f"The embedded servers are at work: run 20240101T120000-abcd, process {process.pid}, since 20"
    assert told in result.stderr
    assert "UTC: orchestrate.py run -d green" in result.stderr
    assert "`python orchestrate.py down --force`" in result.stderr
    assert process.poll() is None


def test_down_by_force_ends_who_is_at_work(line: Line, at_work: Callable[[], subprocess.Popen[str]]):
    process = at_work()
    result = line.done("down", "--force")
    assert f"Ending run 20240101T120000-abcd, process {process.pid}" in result.stderr
    assert process.wait(10) == 130
    assert line.done("down").stderr.endswith("The embedded servers are down; their data stays.\n")


def test_one_that_does_not_listen_is_stopped_by_a_second_signal(
    line: Line, at_work: Callable[[str], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
):
    # Long enough that the first signal is heeded by then: two that come together count as one.
    monkeypatch.setattr("orchestration.warehouses.users._PATIENCE", (3.0, 20.0, 0.0))
    process = at_work("does not listen")
    assert Users(line.state / "servers").end() == []
    assert process.wait(10) == 130


def test_one_on_another_machine_is_not_touched(line: Line, at_work: Callable[[], subprocess.Popen[str]]):
    process = at_work()
    (file,) = (line.state / "servers/users").glob(f"{process.pid}-*.json")
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), "machine": "another"}), "utf-8")
    (user,) = Users(line.state / "servers").end()
    assert user.pid == process.pid
    assert process.poll() is None


def test_a_killed_command_is_not_at_work(line: Line, at_work: Callable[[], subprocess.Popen[str]]):
    process, users = at_work(), Users(line.state / "servers")
    assert [user.pid for user in users.others()] == [process.pid]
    process.kill()
    process.wait()
    assert users.others() == []
    assert list((line.state / "servers/users").iterdir()) == []


@pytest.mark.parametrize("command", ["up", "down"])
@pytest.mark.parametrize("profile", ["docker", "gcp"])
def test_up_and_down_are_refused_for_other_profiles(line: Line, command: str, profile: str):
    result = line.run(command, TAXI_PROFILE=profile)
    assert result.returncode == ExitCode.USAGE
    told = f"`{command}` is for the embedded servers of the profile local, and the profile is {profile}"
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_a_process_is_known_by_its_start_too():
    began = host.process_started(os.getpid())
    assert began
    assert host.process_started(os.getpid()) == began
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert host.process_started(other.pid) not in ("", began)
        other.send_signal(signal.SIGKILL)
        while host.process_started(other.pid):  # it stays as a zombie until we ask for its end
            pass
