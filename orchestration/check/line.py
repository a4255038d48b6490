"""All items, in the order in which they are tried: what needs another comes after it."""

from orchestration.check import (
    bigquery_lake,
    bigquery_readers,
    bigquery_tables,
    bucket_items,
    postgres_items,
    source_items,
)
from orchestration.check.items import Item

ITEMS: tuple[Item, ...] = (
    *source_items.ITEMS,
    *postgres_items.ITEMS,
    *bucket_items.ITEMS,
    *bigquery_lake.ITEMS,
    *bigquery_tables.ITEMS,
    *bigquery_readers.ITEMS,
)
