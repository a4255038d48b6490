"""A column of an external table has a declared type that its parquet type converts to.

https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#type_conversions: "Other combinations of
Parquet types and converted types are not supported." DATETIME is in no line of that table, so no parquet column can be
declared so. The page speaks of load jobs; those take a timestamp into a DATETIME column
(https://github.com/googleapis/python-bigquery/issues/61), so this rule leaves them alone.

BigQuery refuses a query when it reads such a column of such a file: a filter that leaves the file out is enough
(https://github.com/cal-itp/data-infra/issues/811 has the error). A file without rows is never found out here.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from local_bigquery.catalog import tables
from local_bigquery.engine.database import quote
from local_bigquery.jobs.storage import literal
from local_bigquery.models import Table, TableFieldSchema

from embedded.bigquery_fixes import external_tables, parquet_schema

_STANDARD = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "BIGDECIMAL": "BIGNUMERIC"}
# BigQuery names the C++ types that it reads into; these two are known from its errors.
_CPP = {"INTEGER": "INT64", "FLOAT": "DOUBLE"}

_Mismatch = tuple[str, str, str]  # the column in lower case, the file, the error


def apply() -> None:
    """Have the view of an external table fail where it would read such a column."""
    state_as_before, value_as_before = external_tables._state, external_tables.value

    def state(resource: Table, with_files: set[str]) -> tuple:
        return (*state_as_before(resource, with_files), tuple(_mismatches(resource)))

    def value(field: TableFieldSchema, state: tuple, is_zoned: bool) -> str:
        read = value_as_before(field, state, is_zoned)
        wrong = [(file, error) for column, file, error in state[-1] if column == field.name.lower()]
        cases = "".join(f" WHEN {literal(file)} THEN error({literal(error)})" for file, error in wrong)
        return f"CASE {quote(external_tables.FILE_COLUMN)}{cases} ELSE {read} END" if wrong else read

    external_tables._state, external_tables.value = state, value


def _mismatches(resource: Table) -> Iterator[_Mismatch]:
    name = ".".join(tables.reference(resource.tableReference))
    declared = {field.name.lower(): _STANDARD.get(field.type, field.type) for field in tables.fields(resource)}
    for file in external_tables.files(resource):
        try:
            columns = parquet_schema.columns(Path(file))
        except (OSError, pa.ArrowException):
            continue  # the query says what is wrong with the file
        for column, kind in columns.items():
            wanted = declared.get(column.lower())
            if wanted and wanted not in parquet_schema.CONVERSIONS.get(kind, ("RECORD",)):
                yield (
                    column.lower(),
                    file,
                    f"Error while reading table: {name}, error message: Parquet column '{column}' has type {kind[0]}"
                    f" which does not match the target cpp_type {_CPP.get(wanted, wanted)}."
                    f" File: {external_tables.uri(file)}",
                )
