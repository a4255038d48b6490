"""Statements, data sets and tables of a check on BigQuery."""

from contextlib import suppress
from typing import Any

from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

from orchestration.check import sample
from orchestration.check.items import NotTriedError, UnexpectedError
from orchestration.check.names import KEPT
from orchestration.check.scene import Scene

RETRY = DEFAULT_RETRY.with_timeout(15)
SECONDS = 120
"""The longest that a statement or a load may take."""
EXPIRES = f"expiration_timestamp = timestamp_add(current_timestamp(), interval {KEPT.seconds} second)"
IN_MONTH = f"file_month in (date '{sample.MONTH}')"

_JOB_RETRY = DEFAULT_JOB_RETRY.with_timeout(15)


def ask(scene: Scene, statement: str, **options: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement. `options` are those of its job."""
    client, config = scene.connections.bigquery, bigquery.QueryJobConfig(**options)
    rows = client.query_and_wait(statement, job_config=config, retry=RETRY, job_retry=_JOB_RETRY, wait_timeout=SECONDS)
    return [row.values() for row in rows]


def refuses_all_months(scene: Scene, kind: str) -> None:
    """Raise UnexpectedError where one of our tables answers a query that names no month."""
    refuses(scene, f"select count(*) from `{scene.table(kind)}`", "filter", "a query without months")


def refuses(scene: Scene, statement: str, why: str, what: str, **options: Any) -> None:
    """Raise UnexpectedError where BigQuery does not refuse the statement with the word `why`.

    `options` are those of the job. The embedded BigQuery may be more lenient: there, NotTriedError.
    """
    try:
        ask(scene, statement, **options)
    except BadRequest as error:
        if why not in str(error):
            raise
        return
    if scene.settings.profile != "gcp":
        raise NotTriedError("only Google's BigQuery refuses it")
    raise UnexpectedError(f"BigQuery answers {what}", "Do not run on it: nothing would limit what a query may read")


def new_table(scene: Scene, kind: str) -> str:
    """The name for one of our tables, which is dropped at the end."""
    name, client = scene.table(kind), scene.connections.bigquery
    if not scene.owns_dataset:
        scene.will_drop(name, lambda: client.delete_table(name, not_found_ok=True, retry=RETRY))
    return name


def new_dataset(scene: Scene, name: str) -> str:
    """Make a data set that is dropped at the end; what is in it expires in any case."""
    client = scene.connections.bigquery
    dataset = bigquery.Dataset(f"{client.project}.{name}")
    dataset.location = scene.settings.bigquery.location
    dataset.default_table_expiration_ms = KEPT.seconds * 1000
    scene.will_drop(
        f"BigQuery's data set {name}",
        lambda: client.delete_dataset(name, delete_contents=True, not_found_ok=True, retry=RETRY),
    )
    client.create_dataset(dataset, retry=RETRY)
    return name


def has_dataset(client: bigquery.Client, name: str) -> bool:
    """Whether BigQuery has a data set of that name, and shows it to us."""
    with suppress(NotFound):
        client.get_dataset(name, retry=RETRY)
        return True
    return False
