"""Signals: each ends a command with 130 and no traceback, from its first moment on, and a second one at once."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.line import ROOT

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

# A program that says where it is, then waits for a signal.
PROGRAM = """
import signal, sys, time
from orchestration import interrupts

def ready():
    print("ready", flush=True)

with interrupts.heeded():
    {body}
"""

STUBBORN = """
    with interrupts.at_once(lambda: print("ended at once", flush=True)):
        try:
            ready()
            time.sleep(60)
        finally:
            print("cleaning up", flush=True)
            time.sleep(60)
"""

LOSES_IT = """
    class Forgetful:
        def __del__(self):  # Python prints what is raised here, and goes on
            signal.raise_signal(signal.SIGTERM)
    forgetful = Forgetful()
    del forgetful
    ready()
    interrupts.check()
    print("went on")
"""

DEFERS = """
    with interrupts.deferred():
        ready()
        time.sleep(1)
        print("not torn", flush=True)
    print("went on")
"""


def start(body: str, **options) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body.strip())],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n", process.communicate()
    return process


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_during_the_imports_ends_the_command_without_a_traceback(number: signal.Signals, tmp_path: Path):
    shutil.copy(ROOT / "orchestrate.py", tmp_path)
    for package in ("common", "orchestration"):
        (tmp_path / package).symlink_to(ROOT / package)
    (tmp_path / "typer.py").write_text("import os, time\nos.write(1, b'importing\\n')\ntime.sleep(60)\n")
    command = [sys.executable, str(tmp_path / "orchestrate.py"), "status"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "importing\n"
    process.send_signal(number)
    assert process.communicate(timeout=20) == ("", "Interrupted.\n")
    assert process.returncode == 130


def test_a_second_signal_ends_a_command_that_hangs_in_its_cleaning_up_and_what_it_started():
    process = start(STUBBORN)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "cleaning up\n"
    time.sleep(0.4)  # until then a second signal may be of the same cause as the first
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("ended at once\n", "")
    assert process.returncode == 130


def test_an_interrupted_command_ends_though_its_cleaning_up_hangs():
    process = start(f"interrupts.MOST_SECONDS = 1\n{STUBBORN}")
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=20) == ("cleaning up\nended at once\n", "")
    assert process.returncode == 130


STOPPED = """
    import threading
    with interrupts.at_once(lambda: print("ended at once", flush=True)):
        try:
            threading.Timer(0.5, interrupts.stop, [ValueError("the lease is lost")]).start()
            ready()
            time.sleep(60)
        except interrupts.Stopped as stopped:
            print(f"because {stopped.error}", flush=True)
            sys.exit(1)
"""


def test_another_thread_stops_the_main_one_and_says_why():
    process = start(STOPPED)
    assert process.communicate(timeout=20) == ("because the lease is lost\n", "")
    assert process.returncode == 1


def test_signals_of_one_cause_count_once():
    process = start(STUBBORN)
    for number in (signal.SIGSTOP, signal.SIGHUP, signal.SIGTERM, signal.SIGCONT):  # both at one moment
        process.send_signal(number)
    assert process.stdout.readline() == "cleaning up\n"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=20) == ("ended at once\n", "")


def test_an_interruption_that_python_lost_is_raised_at_the_next_check():
    output, errors = start(LOSES_IT).communicate(timeout=20)
    assert "went on" not in output
    assert "Exception ignored" in errors


def test_what_is_deferred_is_not_torn():
    process = start(DEFERS)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=20) == ("not torn\n", "Interrupted.\n")
    assert process.returncode == 130


def test_what_the_parent_has_us_ignore_stays_ignored():
    def ignore_hangups() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = start("ready(); time.sleep(0.5); print('went on')", preexec_fn=ignore_hangups)
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=20) == ("went on\n", "")
    assert process.returncode == 0
