"""Ends a job whose outcome cannot be written down.

BigQuery: every job ends, and says how.
local-bigquery: keeps the outcome in its database; where that cannot be written, as on a full disk, the job is RUNNING
or PENDING for ever, and a client that waits for it asks again and again.
Changed: such a job is DONE, with the reason as its error; the server remembers it until it ends.
"""

from local_bigquery.errors import BigQueryError, from_exception
from local_bigquery.jobs import runner, store

_lost: dict[tuple[str, str], BigQueryError] = {}


def apply() -> None:
    """Remember why an outcome was lost, and answer with it."""
    execute_as_before, load_as_before = runner._execute, store.load

    def execute(job, *how):
        try:
            execute_as_before(job, *how)
        except Exception as exception:
            key = (job.jobReference.projectId, job.jobReference.jobId)
            _lost[key] = from_exception(exception)
            runner._running.pop(key, None)

    def load(project_id, job_id):
        job = load_as_before(project_id, job_id)
        error = _lost.get((project_id, job_id))
        return runner._done(job, job.statistics, error) if job and error else job

    runner._execute, store.load = execute, load
