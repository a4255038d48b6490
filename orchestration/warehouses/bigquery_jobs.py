"""Jobs on BigQuery: what they were billed; and since they outlive whoever began them, those of runs that ended go."""

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from google.api_core.exceptions import Forbidden, NotFound
from google.cloud import bigquery

from common.pool import thread_pool
from ingest.external_tables import BIGQUERY_FAULTS, RETRY

_AT_A_TIME = 8  # requests
_AT_ONCE = {"retry": None, "timeout": 1.0}  # of a run that is told to end, within seconds


def job_label(run_id: str) -> str:
    """The run as labels have it: BigQuery takes no capital letters. dbt does the same with what query_comment gives."""
    return run_id.lower()


def billed_bytes(client: bigquery.Client, jobs: list[str]) -> int:
    """What BigQuery billed for these jobs, which have ended; the list is emptied. Raises one of BIGQUERY_FAULTS.

    A request each, some at once: the answer to a query does not say it.
    """
    ids, jobs[:] = list(jobs), []

    def billed(job_id: str) -> int:
        job = client.get_job(job_id, retry=RETRY)
        return (job.total_bytes_billed or 0) if isinstance(job, bigquery.QueryJob) else 0

    with thread_pool(_AT_A_TIME) as pool:
        return sum(pool.map(billed, ids))


def cancel_jobs(client: bigquery.Client, run_ids: Collection[str]) -> int:
    """Cancel the jobs of these runs that are pending or running; returns how many. Raises one of BIGQUERY_FAULTS."""
    return _cancel(client, run_ids, {"retry": RETRY})


def cancel_at_once(client: bigquery.Client, run_id: str) -> None:
    """The same for a run that ends; where BigQuery does not answer, the next run does it."""
    with suppress(*BIGQUERY_FAULTS):
        _cancel(client, [run_id], _AT_ONCE)


def _cancel(client: bigquery.Client, run_ids: Collection[str], how: dict[str, Any]) -> int:
    labels, cancelled = {job_label(run_id) for run_id in run_ids}, 0
    with suppress(Forbidden):  # an account may be allowed to run jobs and not to list them
        for state in ("running", "pending"):
            for job in client.list_jobs(state_filter=state, **how):
                if job.labels.get("run") in labels:
                    with suppress(NotFound):
                        client.cancel_job(job.job_id, location=job.location, **how)
                        cancelled += 1
    return cancelled
