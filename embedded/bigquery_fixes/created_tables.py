"""Lets a CREATE TABLE … AS SELECT job name the table it made.

BigQuery: such a job's configuration names the new table as `destinationTable`, and its result has no rows.
local-bigquery: leaves `destinationTable` empty; dbt-bigquery, which reads it after every model, fails.
Changed: `destinationTable` is set to the table made; the job's result stays without rows.
"""

from local_bigquery.api import jobs
from local_bigquery.jobs import runner


def _made_a_table(statistics) -> bool:
    query = statistics and statistics.query
    return bool(query and query.statementType == "CREATE_TABLE_AS_SELECT" and query.ddlTargetTable)


def apply() -> None:
    """Report the table made, as BigQuery does."""
    run_as_before, results_as_before = runner._query, jobs.results

    def run(job, session, running):
        statistics = run_as_before(job, session, running)
        config = job.configuration.query
        if _made_a_table(statistics) and not config.destinationTable:
            config.destinationTable = statistics.query.ddlTargetTable
        return statistics

    def results(job, *args):
        if _made_a_table(job.statistics):
            job = job.model_copy(deep=True)
            job.configuration.query.destinationTable = None
        return results_as_before(job, *args)

    runner._query, jobs.results = run, results
