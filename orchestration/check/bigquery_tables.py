"""What a run needs of BigQuery to build: tables by month, load jobs, a MERGE; and what it does not document."""

import io
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from orchestration.check import bucket_items, sample
from orchestration.check.bigquery_calls import (
    EXPIRES,
    IN_MONTH,
    RETRY,
    SECONDS,
    ask,
    new_table,
    refuses,
    refuses_all_months,
)
from orchestration.check.items import Item, UnexpectedError
from orchestration.check.scene import Scene

_COLUMNS = "`dataset`, `file_month`, `row_number`, `distance`"


def _table(scene: Scene) -> str:
    ask(
        scene,
        f"create table `{new_table(scene, 'trips')}`"
        " (dataset string, file_month date, row_number int64, distance float64)"
        " partition by date_trunc(file_month, month) cluster by dataset"
        f" options (require_partition_filter = true, {EXPIRES})",
    )
    return ""


def _load(scene: Scene) -> str:
    """By a load job, as the ledger is copied: a row of the month to replace, and one of another month."""
    months = [sample.MONTH, sample.OTHER_MONTH]
    rows = {"dataset": ["old", "kept"], "file_month": months, "row_number": [7, 8], "distance": [7.0, 8.0]}
    parquet = io.BytesIO()
    pq.write_table(pa.table(rows), parquet)
    config = bigquery.LoadJobConfig(source_format=bigquery.SourceFormat.PARQUET)
    client = scene.connections.bigquery
    job = client.load_table_from_file(parquet, scene.table("trips"), rewind=True, job_config=config)
    job.result(retry=RETRY, timeout=SECONDS)
    return ""


def _merge(scene: Scene) -> str:
    """A month replaced by what a view gives, as dbt_taxi/macros/by_file_month does it."""
    table, view = scene.table("trips"), new_table(scene, "trips__dbt_tmp")
    ask(
        scene,
        f"create or replace view `{view}` options ({EXPIRES})"
        f" as (select {_COLUMNS} from `{scene.table('external')}` where {IN_MONTH})",
    )
    ask(
        scene,
        f"merge into `{table}` as DBT_INTERNAL_DEST using ((select * from `{view}`)) as DBT_INTERNAL_SOURCE on FALSE"
        f" when not matched by source and DBT_INTERNAL_DEST.{IN_MONTH} then delete"
        f" when not matched then insert ({_COLUMNS}) values ({_COLUMNS})",
    )
    found = ask(scene, f"select dataset, row_number from `{table}` where file_month >= date '2009-01-01' order by 2")
    if found != (written := [("check", 1), ("check", 2), ("kept", 8)]):
        raise UnexpectedError(f"After the MERGE the table holds {found}, and not {written}")
    return "one month replaced, the other kept"


def _filter(scene: Scene) -> str:
    refuses_all_months(scene, "trips")
    return ""


def _dry_run(scene: Scene) -> str:
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    statement = f"select distance from `{scene.table('trips')}` where {IN_MONTH}"
    job = scene.connections.bigquery.query(statement, job_config=config, retry=RETRY)
    return f"{job.total_bytes_processed or 0:,} bytes"


def _limit(scene: Scene) -> str:
    """As the setting bigquery_maximum_bytes_billed limits each query."""
    statement = f"select count(distance) from `{scene.table('trips')}` where {IN_MONTH}"
    refuses(scene, statement, "bytes billed", "a query above its limit of bytes", maximum_bytes_billed=1)
    return ""


def _trim(scene: Scene) -> str:
    ((codes,),) = ask(scene, "select to_code_points(trim(concat(chr(9), 'x ')))")
    answer = "keeps tabs" if 9 in codes else "removes tabs"
    scene.settle(f"trim() {answer}")
    return answer


def _first_day(scene: Scene) -> str:
    """The first time that a DATETIME has, in an object of its own: a month that holds it must not trip a query."""
    table = new_table(scene, "first_day")
    uri = bucket_items.put(scene, "first_day.parquet", sample.time_alone(datetime(1, 1, 1)))
    ask(
        scene,
        f"create external table `{table}` (row_number int64, {sample.TIME} {scene.time_type})"
        f" options (format = 'PARQUET', uris = ['{uri}'], {EXPIRES})",
    )
    try:
        ((value,),) = ask(scene, f"select cast({sample.TIME} as string) from `{table}`")
        answer = f"is read as {value}"
    except BadRequest as error:
        answer = f"is refused: {error.message}"
    scene.settle(f"The time 0001-01-01 00:00 in the lake {answer}")
    return answer


_SERVER = "BigQuery"
_READ, _DATA = "bigquery.tables.getData", "bigquery.tables.updateData"
ITEMS = (
    Item("table", _SERVER, "makes a table by month", _table, "bigquery.tables.create", ("dataset",)),
    Item("load", _SERVER, "loads a file into it", _load, _DATA, ("table",)),
    Item("merge", _SERVER, "replaces a month by a MERGE through a view", _merge, _DATA, ("load", "external")),
    Item("filter", _SERVER, "refuses a query of the table without months", _filter, _READ, ("table",)),
    Item("dry run", _SERVER, "estimates a query", _dry_run, _READ, ("table",)),
    Item("limit", _SERVER, "refuses a query above its limit of bytes", _limit, _READ, ("load",)),
    Item("trim", _SERVER, "says what trim() removes", _trim, "bigquery.jobs.create", ("jobs",)),
    Item("first day", _SERVER, "says what it makes of the year 1", _first_day, "bigquery.tables.create", ("times",)),
)  # fmt: skip
