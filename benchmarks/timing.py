"""Runs commands by turns, each time as a fresh process, and keeps their time and peak memory.

By turns (A B C A B C …), because a machine's speed drifts: disk caches, clock rates and neighbours change over minutes,
and would otherwise be taken for a difference between contenders. A ratio is for the same reason that of two runs of one
round, and of these the median.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.memory import MemorySampler
from ingest.errors import TaxiError

ROOT = Path(__file__).resolve().parent.parent


class BenchmarkError(TaxiError):
    """A contender that failed: its figures would mean nothing."""


@dataclass(frozen=True)
class Contender:
    """A command to be timed.

    If the last line of its stdout is a JSON object with `seconds`, that counts: the timed section by the command's own
    clock, without imports and preparation. Else the whole process' wall time does. `before` is run first, each time,
    untimed. `environment` comes on top of the caller's.
    """

    name: str
    command: Sequence[str]
    before: Sequence[str] | None = None
    note: str = ""
    environment: dict[str, str] = field(default_factory=dict, repr=False)  # holds passwords


@dataclass
class Result:
    """All runs of a contender: seconds and peak memory (MB) of each, and what else its command printed."""

    name: str
    note: str = ""
    seconds: list[float] = field(default_factory=list)
    peaks_mb: list[float] = field(default_factory=list)
    printed: list[dict[str, Any]] = field(default_factory=list)

    @property
    def peak_mb(self) -> float:
        """The most that any of the runs held."""
        return max(self.peaks_mb)

    def as_document(self) -> dict[str, Any]:
        """For JSON: every run, and the summary."""
        document = {"name": self.name, **summary(self.seconds), "peak_mb": round(self.peak_mb), "runs": self.printed}
        return document | ({"note": self.note} if self.note else {})


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Median, least and most, and the values themselves."""
    rounded = [round(value, 4) for value in values]
    return {"median": statistics.median(rounded), "min": min(rounded), "max": max(rounded), "values": rounded}


def ratios(ours: Sequence[float], limit: Sequence[float]) -> list[float]:
    """Round by round: the i-th run of one by the i-th run of the other."""
    return [mine / other for mine, other in zip(ours, limit, strict=True)]


def interleave(
    contenders: Sequence[Contender], runs: int = 3, say: Callable[[str], None] = lambda _: None
) -> list[Result]:
    """Run all contenders once, then all of them again, `runs` times. Raises BenchmarkError where one fails."""
    results = [Result(contender.name, contender.note) for contender in contenders]
    for turn in range(1, runs + 1):
        for contender, result in zip(contenders, results, strict=True):
            seconds, peak_mb, printed = run_once(contender)
            result.seconds.append(seconds)
            result.peaks_mb.append(peak_mb)
            result.printed.append(printed)
            say(f"{contender.name}, run {turn} of {runs}: {seconds:.2f} s, {peak_mb:.0f} MB")
    return results


def run_once(contender: Contender) -> tuple[float, float, dict[str, Any]]:
    """Seconds, peak memory (MB), and what the command printed besides. Raises BenchmarkError."""
    if contender.before:
        _run(f"{contender.name} (before it)", contender.before, contender.environment)
    os.sync()  # else it may wait for the disk to take what the one before it wrote
    wall, peak_mb, output = _run(contender.name, contender.command, contender.environment)
    lines = output.strip().splitlines()
    printed = _json_object(lines[-1]) if lines else {}
    return float(printed.pop("seconds", wall)), peak_mb, printed


def _run(name: str, command: Sequence[str], environment: dict[str, str]) -> tuple[float, float, str]:
    # To files, not pipes: a pipe that nobody empties while we wait would stop the command.
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as output,
        tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
    ):
        began = time.perf_counter()
        try:
            process = subprocess.Popen(
                command, stdout=output, stderr=errors, cwd=ROOT, env={**os.environ, **environment}
            )
        except OSError as error:
            raise BenchmarkError(f"{name} cannot be started: {error}", "Check its command") from None
        sampler = MemorySampler(process.pid)
        sampler.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:  # ctrl-C: leave nothing behind that goes on writing
            process.kill()
            process.wait()
            raise
        wall = time.perf_counter() - began
        peak_mb = max(sampler.stop(), _maxrss_mb(used))
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            said = (errors.read() or output.read()).strip().splitlines()
            raise BenchmarkError(
                f"{name} failed with exit code {process.returncode}: {said[-1].strip() if said else 'it said nothing'}",
                f"Try it by hand: {' '.join(map(str, command))}",
            )
        return wall, peak_mb, output.read()


def _maxrss_mb(used: resource.struct_rusage) -> float:
    """The peak of the largest process of the command, which the samples may have missed; 0 where it tells nothing.

    Linux begins the count of a new process with what the one that started it holds: less than our own peak is unknown.
    """
    if used.ru_maxrss <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        return 0.0
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 2**10) / 10**6


def _json_object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
