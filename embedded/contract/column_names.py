"""A column of an external table is named by letters, digits and underscores, from a letter or an underscore on.

https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#column_name_conversions: at most 300
characters, none of some prefixes, and "flexible column names are not supported with external tables". No two names
differ in case alone.
"""

import re

from local_bigquery.catalog import tables
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Table

from embedded.bigquery_fixes import external_tables

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
_PREFIXES = (
    *("_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER"),
    *("_CHANGE_SEQUENCE_NUMBER", "_CHANGE_TYPE", "_CHANGE_TIMESTAMP"),
)
_ALLOWED = (
    "Fields must contain only letters, numbers, and underscores, start with a letter or underscore, and be at most 300"
    " characters long."
)


def apply() -> None:
    """Look at the declared and detected columns."""
    detected_as_before = external_tables._detected

    def detected(resource: Table) -> Table:
        found = detected_as_before(resource)
        seen: set[str] = set()
        for field in [*tables.fields(found), *external_tables.partition_columns(found)]:
            if not _NAME.fullmatch(field.name) or field.name.upper().startswith(_PREFIXES):
                raise BigQueryError("invalid", f'Invalid field name "{field.name}". {_ALLOWED}')
            if field.name.upper() in seen:
                raise BigQueryError("invalid", f"Duplicate column name: {field.name}")
            seen.add(field.name.upper())
        return found

    external_tables._detected = detected
