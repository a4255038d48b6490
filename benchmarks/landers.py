"""Twelve months landed by four landers side by side, against one lander."""

import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

import psutil

from benchmarks.bench import Bench, orchestrate
from benchmarks.compare import Finding
from benchmarks.months import months_until
from benchmarks.timing import ROOT, BenchmarkError
from embedded import state

LAST, COUNT, LANDERS = "2025-02", 12, 4
STATE = "landers"


@dataclass(frozen=True)
class Landed:
    """Seconds until the last lander had ended; processor seconds of the landers and of the servers."""

    seconds: float
    landers_cpu: float
    servers_cpu: float


def landers_side_by_side(bench: Bench) -> list[Finding]:
    """Each round begins with an empty line whose servers are up. Nothing is built.

    Landers and servers share the machine's cores, so the seconds depend on how many it has. The processor seconds show
    what a month costs, and whether several landers cost more than one.
    """
    months = months_until(LAST, COUNT)
    source = bench.source("source_landers", [bench.month(month) for month in months])
    runs: dict[int, list[Landed]] = {1: [], LANDERS: []}
    for turn in range(1, bench.runs + 1):
        for count, of in runs.items():
            bench.remove_state(STATE)
            with bench.servers(STATE, source) as environment:
                orchestrate("status", environment=environment)  # makes the ledger
                landed = _land(bench, environment, count)
            of.append(landed)
            bench.say(f"{count} landers, round {turn} of {bench.runs}: {landed}")
    bench.remove_state(STATE)
    facts = {
        "rows": bench.rows,
        "months": COUNT,
        **{str(count): [asdict(one) for one in of] for count, of in runs.items()},
    }
    several, one = ([landed.seconds for landed in runs[count]] for count in (LANDERS, 1))
    return [Finding(f"{COUNT} months landed by {LANDERS} landers, against 1", several, one, facts=facts)]


def _land(bench: Bench, environment: dict[str, str], count: int) -> Landed:
    before, began = _servers_cpu(bench), time.monotonic()
    processes = [
        subprocess.Popen(
            [sys.executable, "orchestrate.py", "land", "--share", f"{index}/{count}"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for index in range(count)
    ]
    cpu = 0.0
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu += usage.ru_utime + usage.ru_stime
    seconds = time.monotonic() - began
    if failed := [process.returncode for process in processes if process.returncode]:
        raise BenchmarkError(f"{len(failed)} of {count} landers failed")
    return Landed(seconds, cpu, _servers_cpu(bench) - before)


def _servers_cpu(bench: Bench) -> float:
    """Processor seconds of the servers so far, with those of Postgres' sessions, be they at work or over."""
    total = 0.0
    for record in state.read(bench.folder / STATE / "servers").values():
        server = psutil.Process(record.pid)
        for process in [server, *server.children(recursive=True)]:
            times = process.cpu_times()
            total += times.user + times.system
        total += server.cpu_times().children_user + server.cpu_times().children_system
    return total
