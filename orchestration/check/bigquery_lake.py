"""What a run needs of BigQuery to read the lake: jobs, a data set, and external tables with a filter by month."""

from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import BadRequest, Forbidden

from ingest.external_tables import BIGQUERY_TYPES, trips_ddl
from ingest.external_times import detect_type
from ingest.postgres import RAW_SCHEMA
from orchestration.check import bucket_items, sample
from orchestration.check.bigquery_calls import (
    EXPIRES,
    IN_MONTH,
    RETRY,
    ask,
    has_dataset,
    new_dataset,
    new_table,
    refuses_all_months,
)
from orchestration.check.items import Item, UnexpectedError
from orchestration.check.names import PREFIX, is_left_behind
from orchestration.check.scene import Scene
from orchestration.run.publish import LEDGER_SCHEMA
from orchestration.warehouses.dbt_project import SCHEMAS

PREPARED = (RAW_SCHEMA, LEDGER_SCHEMA, *SCHEMAS)
"""The data sets of the line: an account that may make none works in these."""


def _jobs(scene: Scene) -> str:
    ((who, zone),) = ask(scene, "select session_user(), @@time_zone")
    scene.account = scene.account or who
    scene.settle(f"The project's default time zone is {zone}")
    return str(who)


def _dataset(scene: Scene) -> str:
    """One of our own, or the one prepared for raw tables."""
    client, name = scene.connections.bigquery, scene.names.name
    for old in client.list_datasets(retry=RETRY):
        if is_left_behind(old.dataset_id):
            client.delete_dataset(old.reference, delete_contents=True, not_found_ok=True, retry=RETRY)
    try:
        scene.dataset = new_dataset(scene, name)
    except Forbidden:
        if not all(has_dataset(client, prepared) for prepared in PREPARED):
            raise
        scene.dataset, scene.owns_dataset = RAW_SCHEMA, False
        for table in client.list_tables(RAW_SCHEMA, retry=RETRY):
            if table.table_id.startswith(PREFIX) and is_left_behind(table.table_id):
                client.delete_table(table.reference, not_found_ok=True, retry=RETRY)
        return f"none: the line's are there, and the check works in {RAW_SCHEMA}"
    return f"{name} in {scene.settings.bigquery.location}"


def _times(scene: Scene) -> str:
    """As a run asks: by a table without a schema over an object without rows."""
    uri = bucket_items.put(scene, "no_rows.parquet", sample.batch().slice(0, 0))
    scene.time_type = detect_type(scene.connections.bigquery, new_table(scene, "times"), uri, sample.TIME)
    scene.settle(f"BigQuery reads the lake's times as {scene.time_type}")
    scene.settle("An object without rows is enough to ask for its types")
    return scene.time_type


def _external(scene: Scene) -> str:
    """Declared as a run declares it, and read back."""
    name, root = new_table(scene, "external"), f"gs://{scene.bucket.name}/{scene.folder}"
    types = {**BIGQUERY_TYPES, "timestamp": scene.time_type}
    ask(scene, trips_ddl(name, root, sample.SAMPLE, types, options=f", {EXPIRES}"))
    found = ask(scene, f"select * except (dataset, file_month) from `{name}` where {IN_MONTH} order by row_number")
    written = [tuple(_as_read(value, scene) for value in row) for row in sample.ROWS]
    if found != written:
        raise UnexpectedError(f"BigQuery reads {found} in the lake, and {written} was written")
    scene.settle("An external table may name files below its hive prefix")
    return f"{len(found)} rows"


def _as_read(value: Any, scene: Scene) -> Any:
    is_zoned = isinstance(value, datetime) and scene.time_type == "TIMESTAMP"
    return value.replace(tzinfo=UTC) if is_zoned else value


def _external_filter(scene: Scene) -> str:
    """Required as by a run, and met as a build meets it: around views, a union and a join."""
    refuses_all_months(scene, "external")
    scene.settle("An external table can require a filter on its hive partitions")
    table, view = scene.table("external"), new_table(scene, "staged")
    staged = f"(select row_number, file_month from `{table}` union all select row_number, file_month from `{table}`)"
    other = f"(select distinct row_number, file_month from `{table}` where {IN_MONTH})"
    ask(
        scene,
        f"create or replace view `{view}` options ({EXPIRES}) as select staged.*"
        f" from {staged} as staged left join {other} as other using (row_number, file_month)",
    )
    try:
        ((rows,),) = ask(scene, f"select count(*) from `{view}` where {IN_MONTH}")
    except BadRequest as error:
        scene.settle("A filter around a view does not reach the lake's partitions")
        raise UnexpectedError(str(error.message), "Do not run on it: it would refuse every build") from error
    scene.settle("A filter around a view reaches the lake's partitions")
    return f"{rows} rows of a month through a view"


_SERVER = "BigQuery"
ITEMS = (
    Item("jobs", _SERVER, "runs a query", _jobs, "bigquery.jobs.create", ("credentials",)),
    Item("dataset", _SERVER, "lets us make a data set", _dataset, "bigquery.datasets.create", ("jobs",)),
    Item("times", _SERVER, "types the lake's times", _times, "bigquery.tables.create", ("dataset", "write")),
    Item("external", _SERVER, "reads the lake in place", _external, "storage.buckets.get", ("times",)),
    Item(
        "external filter", _SERVER, "refuses a query of the lake without months", _external_filter,
        "bigquery.tables.getData", ("external",),
    ),
)  # fmt: skip
