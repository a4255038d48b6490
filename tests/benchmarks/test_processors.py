"""Whose processor seconds count for which step."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.processors import BETWEEN, by_step, sample


def at(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def test_a_step_has_what_was_used_while_it_lasted_and_what_no_step_has_stays():
    samples = [(0.0, {"run": 1.0}), (10.0, {"run": 3.0, "dbt": 0.0}), (20.0, {"run": 4.0, "dbt": 8.0})]
    steps = [("ingest", at(0), at(5)), ("ingest", at(5), at(10)), ("dbt", at(15), at(20))]
    found = by_step(samples, steps)
    assert found["ingest"] == pytest.approx({"run": 2.0, "dbt": 0.0})
    assert found["dbt"] == pytest.approx({"run": 0.5, "dbt": 4.0})
    assert found[BETWEEN] == pytest.approx({"run": 0.5, "dbt": 4.0})


def test_a_process_that_has_ended_counts_with_the_one_that_waited_for_it(tmp_path: Path):
    busy = "import sys; print(sum(range(20_000_000)), file=sys.stderr)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}]); print(1, flush=True); input()"
    command = [sys.executable, "-c", parent]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        try:
            process.stdout.read(1)
            _, used = sample(process.pid, tmp_path)
        finally:
            process.kill()
    assert used["dbt"] > 0.1
    assert used["run"] < used["dbt"]
