"""Some 300 file months of 200 rows in one run: what a month costs whose rows cost nothing."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.compare import Finding
from benchmarks.memory import MemorySampler
from benchmarks.processors import SAMPLE_SECONDS, Sample, by_step, sample
from benchmarks.runs import steps
from benchmarks.timing import ROOT, BenchmarkError
from synthetic.files import write_month
from synthetic.layouts import FIRST_MONTHS
from synthetic.zones import write_zone_lookup

STATE = "tiny"
ROWS = 200
LAST = date(2025, 12, 1)
EVERY = {"yellow": 1, "green": 4, "fhv": 4, "fhvhv": 3}
"""Each month of yellow, every fourth of green, …: 301 files of 204 months, in all layouts that TLC has had."""

TARGET_SECONDS = 600.0


def tiny_months(bench: Bench) -> list[Finding]:
    """On an empty line whose servers are up. Processor time is counted besides: it is the same on a busy machine."""
    files = _files(bench.folder / "tiny_months")
    source = bench.source("source_tiny", files)
    seconds, peaks, used = [], [], []
    for turn in range(1, bench.runs + 1):
        bench.remove_state(STATE)
        with bench.servers(STATE, source) as environment:
            took, peak_mb, samples = _run(bench, environment)
            used.append(by_step(samples, steps(environment)))
        seconds.append(took)
        peaks.append(peak_mb)
        of_processors = sum(sum(of.values()) for of in used[-1].values())
        bench.say(f"run {turn} of {bench.runs}: {took:.0f} s, {of_processors:.0f} s of processors")
    bench.remove_state(STATE)
    facts = {"rows": ROWS, "months": len(files), "processor_seconds": used}
    whole = Finding(f"{len(files)} file months of {ROWS} rows in one run", seconds, peak_mb=max(peaks), facts=facts)
    whole.limit, whole.target = [TARGET_SECONDS] * len(seconds), 1.0
    return [whole, *_lines(used)]


def _files(root: Path) -> list[Path]:
    """Written where they are missing. After a change of the generator, delete .bench."""
    files = []
    for dataset, every in EVERY.items():
        first = FIRST_MONTHS[dataset]
        for index in range(first.year * 12 + first.month - 1, LAST.year * 12 + LAST.month, every):
            month = date(index // 12, index % 12 + 1, 1)
            file = root / "trip-data" / f"{dataset}_tripdata_{month:%Y-%m}.parquet"
            files.append(file if file.exists() else write_month(root, dataset, month, ROWS))
    write_zone_lookup(root)
    return files


def _run(bench: Bench, environment: dict[str, str]) -> tuple[float, float, list[Sample]]:
    """Seconds, peak memory (MB), and samples until its end. Raises BenchmarkError where it fails."""
    began, servers = time.perf_counter(), bench.folder / STATE / "servers"
    with open(bench.folder / "tiny.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "orchestrate.py", "run"],
            cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        memory = MemorySampler(process.pid)
        memory.start()
        samples = []
        while process.poll() is None:
            samples.append(sample(process.pid, servers))
            time.sleep(SAMPLE_SECONDS)
        seconds, peak_mb = time.perf_counter() - began, memory.stop()
    if process.returncode:
        raise BenchmarkError(f"orchestrate.py run failed with exit code {process.returncode}", f"See {log.name}")
    return seconds, peak_mb, samples


def _lines(used: Sequence[Mapping[str, Mapping[str, float]]]) -> Iterator[Finding]:
    """All processors' seconds; then each step's, with those of each process in its name."""
    yield Finding("  seconds of processors", [sum(sum(of.values()) for of in run.values()) for run in used])
    for step, of in used[-1].items():
        shown = ", ".join(f"{process} {seconds:.0f}" for process, seconds in of.items() if seconds >= 0.5)
        yield Finding(f"  – {step} ({shown})", [sum(run[step].values()) for run in used])
