"""How many jobs a new month sends to BigQuery, by step, and how many of them wait for one another.

A job takes BigQuery a second or two whatever it does, so for a small month these two numbers are the time.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from google.cloud import bigquery
from google.oauth2.credentials import Credentials

from benchmarks.bench import Bench
from benchmarks.compare import Finding
from benchmarks.runs import LineRun, keep_line, run_line, server_environment, steps

FIRST, MONTH = "2025-01", "2025-02"
STATE = "jobs"
ROWS = 2_000


@dataclass(frozen=True)
class Job:
    """A job that BigQuery was sent; `node` is dbt's, '' for one that is not dbt's."""

    node: str
    created: datetime
    ended: datetime


def jobs_of_a_month(bench: Bench) -> list[Finding]:
    """One more month of 2,000 rows in a line that has one, with all servers up: its seconds, its jobs, their chain."""
    files = [bench.month(month, rows=ROWS) for month in (FIRST, MONTH)]
    bench.say("bringing a month through the line, which makes all tables, once")
    keep_line(bench, STATE, files[:1])
    runs: list[LineRun] = []
    for turn in range(1, bench.runs + 1):
        bench.restore(STATE)
        with bench.servers(STATE, bench.source("source_jobs", files)) as environment:
            runs.append(run_line(environment, "--datasets", "yellow", "--months", MONTH))
            bench.say(f"run {turn} of {bench.runs}: {runs[-1].seconds:.1f} s, {runs[-1].peak_mb:.0f} MB")
            by_step = _jobs_by_step(environment)
            (manifest,) = sorted((bench.folder / STATE / "runs").glob(f"*/dbt_bigquery_{MONTH}/target/manifest.json"))
    chains = {step: chain(jobs, manifest if step == "dbt on bigquery" else None) for step, jobs in by_step.items()}
    bench.remove_state(STATE)
    seconds = Finding("one more month of 2,000 rows", [run.seconds for run in runs])
    seconds.peak_mb, seconds.facts = max(run.peak_mb for run in runs), {"rows": ROWS, "runs": list(map(asdict, runs))}
    counted = Finding("  jobs sent to BigQuery", [sum(map(len, by_step.values()))], unit="jobs")
    counted.facts = {"rows": ROWS, "by_step": {step: len(jobs) for step, jobs in by_step.items()}}
    waiting = Finding("  the longest chain of them", [sum(chains.values())], unit="jobs")
    waiting.facts = {"rows": ROWS, "by_step": chains}
    bench.say(f"jobs by step: {counted.facts['by_step']}; in a chain: {chains}")
    return [seconds, counted, waiting]


def chain(jobs: Sequence[Job], manifest: Path | None = None) -> int:
    """The most of a step's jobs that come one after another.

    dbt's by the models that they depend on, whatever its number of threads; the others as they were sent: a job that
    begins when another has ended waits for it.
    """
    if manifest:
        return _longest_path(Counter(job.node for job in jobs), json.loads(manifest.read_text(encoding="utf-8")))
    count, ended = 0, None
    for job in sorted(jobs, key=lambda job: job.ended):
        if ended is None or job.created >= ended:
            count, ended = count + 1, job.ended
    return count


def _longest_path(jobs: Counter[str], manifest: dict[str, Any]) -> int:
    nodes, known = manifest["nodes"], dict[str, int]()

    def until(name: str) -> int:
        if name not in known:
            before = [one for one in nodes[name]["depends_on"].get("nodes", ()) if one in nodes]
            known[name] = max(map(until, before), default=0) + jobs[nodes[name]["name"]]
        return known[name]

    return max((until(name) for name, node in nodes.items() if node["resource_type"] in ("model", "seed")), default=0)


def _jobs_by_step(environment: dict[str, str]) -> dict[str, list[Job]]:
    """The jobs of the last run, by step of the ledger. Raises IndexError where a job ran outside of all steps."""
    of_run = steps(environment)
    found: dict[str, list[Job]] = {}
    for job in _jobs(server_environment(environment)):
        if job.created >= of_run[0][1]:
            within = [step for step, begun, ended in of_run if begun <= job.created <= ended]
            found.setdefault(within[-1], []).append(job)
    return found


def _jobs(servers: dict[str, str]) -> Iterable[Job]:
    credentials = Credentials(servers["DBT_ENV_SECRET_TAXI_BIGQUERY_TOKEN"])
    endpoint = {"api_endpoint": servers["BIGQUERY_EMULATOR_HOST"]}
    client = bigquery.Client(servers["GOOGLE_CLOUD_PROJECT"], credentials, client_options=endpoint)
    for job in client.list_jobs(all_users=True):
        yield Job(job.labels.get("node", ""), job.created, job.ended)
