"""A column's description has at most 1,024 characters, a table's at most 16,384.

https://docs.cloud.google.com/bigquery/quotas#all_tables
"""

from local_bigquery.catalog import metadata, tables
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Table

COLUMN, TABLE = 1_024, 16_384  # characters


def apply() -> None:
    """Measure each description before it is stored."""
    save_as_before = metadata.save

    def save(resource, *keys):
        if isinstance(resource, Table):
            _measure("table", ".".join(keys), resource.description, TABLE)
            for field in tables.fields(resource):
                _measure("field", field.name, field.description, COLUMN)
        return save_as_before(resource, *keys)

    metadata.save = save


def _measure(kind: str, name: str, description: str | None, limit: int) -> None:
    length = len(description or "")
    if length > limit:
        raise BigQueryError(
            "invalid", f"The description of {kind} {name} has {length} characters, and may have {limit}."
        )
