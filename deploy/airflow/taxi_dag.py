"""One tick an hour on Airflow 3, on a worker that has the project in /srv/taxi."""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "taxi_tick",
    schedule="17 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # one tick does what was missed
    max_active_runs=1,
):
    BashOperator(
        task_id="tick",
        bash_command="/srv/taxi/.venv/bin/python /srv/taxi/orchestrate.py tick --profile gcp",
        cwd="/srv/taxi",
        retries=0,  # the next tick does what this one left
        skip_on_exit_code=3,  # another command is at work
        execution_timeout=timedelta(hours=24),
    )
