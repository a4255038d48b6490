"""The web page over a full ledger: seconds and bytes of each page from a warm server, and the memory of that."""

import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.bench import Bench
from benchmarks.compare import Finding
from embedded import Stack
from orchestration.ledger.ledger import Ledger
from synthetic.full_ledger import FAILED, fill

PORT = 6798
REQUESTS = 20
LIMIT_SECONDS, HOME_SECONDS = 0.2, 0.1
LIMIT_MB, LIMIT_KB = 80, 100
PATHS = {
    "Months": "/",
    "Month": f"/months/{FAILED[0]}/{FAILED[1]:%Y-%m}",
    "Runs": "/runs",
    "Operate": "/operate",
}
"""The pages of the ledger. Those of dbt's artifacts and of the marts would be empty here."""


def pages_of_a_full_ledger(bench: Bench) -> list[Finding]:
    """Each page against its limit: the medians of rounds of 20 requests, one after the other."""
    findings = []
    with _page(bench) as (process, months):
        _get("/")
        for name, path in PATHS.items():
            rounds, size = [], 0
            for _ in range(bench.runs):
                taken = [_get(path) for _ in range(REQUESTS)]
                rounds.append(statistics.median(seconds for seconds, _ in taken))
                size = taken[0][1]
            limit = HOME_SECONDS if name == "Months" else LIMIT_SECONDS
            line = Finding(f"page {name}, {size / 1000:,.0f} kB of HTML", rounds, [limit] * len(rounds), 1.0)
            line.facts = {"rows": months, "kilobytes": round(size / 1000, 1), "is_small": size <= LIMIT_KB * 1000}
            findings.append(line)
        findings[0].peak_mb = psutil.Process(process.pid).memory_info().rss / 1e6
        findings[0].peak_target = LIMIT_MB
    return findings


def _get(path: str) -> tuple[float, int]:
    """Seconds to the last byte, and how many bytes came."""
    began = time.perf_counter()
    with urllib.request.urlopen(f"http://localhost:{PORT}{path}", timeout=30) as answer:
        size = len(answer.read())
    return time.perf_counter() - began, size


@contextmanager
def _page(bench: Bench) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    folder = bench.folder / "page"
    stack = Stack(folder / "servers")
    ends = stack.start(("postgres",))
    dsn = make_conninfo(
        host=ends.postgres_host, port=ends.postgres_port, user=ends.postgres_user, password=ends.postgres_password,
        dbname=ends.postgres_dbname,
    )  # fmt: skip
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("drop schema if exists taxi_ledger cascade")
        Ledger(connection)
        months = fill(connection)
    environment = {**os.environ, "TAXI_PROFILE": "local", "TAXI_STATE_DIR": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "orchestrate.py", "page", "--port", str(PORT)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                _get("/health")
                break
            except OSError:
                time.sleep(0.2)
        yield process, months
    finally:
        process.terminate()
        process.wait(30)
        stack.stop()
