"""Keeps a job in memory until it ends.

BigQuery: does not matter.
local-bigquery: writes each job to disk three times, as it arrives, starts and ends, 3 ms each. A small query takes
    10 ms in all. A job that was under way when the server was killed stays RUNNING forever.
Changed: a job is written to disk when it ends. After a restart, the server does not know jobs that had not ended.
"""

import json

from local_bigquery.jobs import store
from local_bigquery.models import Job

_unfinished: dict[tuple[str, str], str] = {}


def apply() -> None:
    """Answer for unfinished jobs from memory."""
    save_as_before, load_as_before = store.save, store.load
    list_as_before, delete_as_before = store.list_, store.delete

    def save(job: Job) -> Job:
        key = (job.jobReference.projectId, job.jobReference.jobId)
        if job.status.state != "DONE":
            _unfinished[key] = json.dumps(job.dump())
            return job
        saved = save_as_before(job)
        _unfinished.pop(key, None)
        return saved

    def load(project_id: str, job_id: str) -> Job | None:
        text = _unfinished.get((project_id, job_id))
        return Job.model_validate_json(text) if text else load_as_before(project_id, job_id)

    def list_(
        project_id: str,
        states: list[str] | None = None,
        parent_job_id: str | None = None,
        min_creation_time: int | None = None,
        max_creation_time: int | None = None,
    ) -> list[Job]:
        # Memory first: a job that ends in between is then in at least one of the two lists.
        found = {
            job.jobReference.jobId: job
            for job in map(Job.model_validate_json, list(_unfinished.values()))
            if job.jobReference.projectId == project_id
            and job.statistics.parentJobId == parent_job_id
            and (states is None or job.status.state in states)
            and int(job.statistics.creationTime) >= (min_creation_time or 0)
            and (max_creation_time is None or int(job.statistics.creationTime) <= max_creation_time)
        }
        ended = list_as_before(project_id, states, parent_job_id, min_creation_time, max_creation_time)
        found |= {job.jobReference.jobId: job for job in ended}
        return sorted(found.values(), key=lambda job: (-int(job.statistics.creationTime), job.jobReference.jobId))

    def delete(project_id: str, job_id: str) -> None:
        _unfinished.pop((project_id, job_id), None)
        delete_as_before(project_id, job_id)

    store.save, store.load, store.list_, store.delete = save, load, list_, delete
