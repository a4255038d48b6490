"""Which type BigQuery gives to the lake's times: it is asked, and the external tables are declared with its answer.

The lake's times are parquet INT64 TIMESTAMP(MICROS) without a zone: what New York's clocks showed. BigQuery's table of
conversions has TIMESTAMP for them and does not mention DATETIME, which load jobs take as well
(https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#type_conversions,
https://github.com/googleapis/python-bigquery/pull/895). Read as TIMESTAMP, a time is what the clocks showed, in UTC:
`datetime(…, 'UTC')` is the local time again, and nothing shifts.
"""

from typing import Literal, get_args

from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from ingest.datasets import YELLOW
from ingest.errors import StoreError
from ingest.lake import placeholder_name
from ingest.postgres import RAW_SCHEMA

TimeType = Literal["TIMESTAMP", "DATETIME"]

_PROBE = "probe_of_times"
_TIME = next(column.name for column in YELLOW.columns if column.type == "timestamp")
_RETRY = DEFAULT_RETRY.with_timeout(30)


def detect_time_type(client: bigquery.Client, bucket: str) -> TimeType:
    """The type that BigQuery finds in gs://`bucket`, of which the object of yellow without rows is read.

    Raises StoreError for any other type, and what the client raises.
    """
    probe, uri = f"{client.project}.{RAW_SCHEMA}.{_PROBE}", f"gs://{bucket}/{placeholder_name(YELLOW)}"
    return detect_type(client, probe, uri, _TIME)


def detect_type(client: bigquery.Client, probe: str, uri: str, column: str) -> TimeType:
    """The type of a column of times in one object: asked with a table without a schema, `probe`, which is dropped.

    Three requests, no job. Raises as `detect_time_type` does.
    """
    table = bigquery.Table(probe)
    external = bigquery.ExternalConfig("PARQUET")
    external.autodetect = True
    external.source_uris = [uri]
    table.external_data_configuration = external
    try:
        client.create_table(table, exists_ok=True, retry=_RETRY)
        return _time_type(client.get_table(table, retry=_RETRY), column, uri)
    finally:
        client.delete_table(table, not_found_ok=True, retry=_RETRY)


def declared_time_type(client: bigquery.Client) -> TimeType:
    """The type with which the external tables are declared by now. Raises StoreError, and what the client raises."""
    name = f"{client.project}.{RAW_SCHEMA}.{YELLOW.table}"
    return _time_type(client.get_table(name, retry=_RETRY), _TIME, name)


def _time_type(table: bigquery.Table, column: str, what: str) -> TimeType:
    found = {field.name: field.field_type for field in table.schema}.get(column)
    for known in get_args(TimeType):
        if found == known:
            return known
    raise StoreError(
        f"BigQuery reads {column} of the lake as {found or 'no column'}, neither TIMESTAMP nor DATETIME",
        f"Delete {what} if the pipeline did not make it so, then run again: it is made again",
    )
