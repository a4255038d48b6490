"""A table that requires a partition filter is read with one, through views as well; an external table, too.

https://docs.cloud.google.com/bigquery/docs/querying-partitioned-tables#require_a_partition_filter_in_queries: "There
must be at least one predicate that only references a partition column"; an OR with another column is not sufficient;
"this requirement also applies to queries on views". For external tables and their hive partition keys likewise:
https://docs.cloud.google.com/bigquery/docs/hive-partitioned-queries#predicate_filters_on_partition_keys_in_queries

local-bigquery is content with any mention of the column in any WHERE, and does not look into views. Here a filter may
be around a subquery, a CTE or a view that passes the column on. A condition with a subquery does not count: its values
are not constant. The documentation does not say how far BigQuery pushes a filter down, so it may refuse more.
"""

from types import SimpleNamespace

from local_bigquery.catalog import metadata
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.sql.rules import tables
from sqlglot import exp

from embedded.bigquery_fixes import external_tables
from embedded.contract import pruning, statements


def apply() -> None:
    """Look at each statement before it runs, instead of at what local-bigquery makes of it."""
    statement_as_before, load_as_before = query._statement, metadata.load

    def load(*keys):
        found = load_as_before(*keys)
        return found and found.without("requirePartitionFilter")

    def statement(cursor, tree, context, *how):
        if not isinstance(tree, exp.Command) and not _makes_a_view(tree):
            check(statements.expanded(tree, context))
        return statement_as_before(cursor, tree, context, *how)

    query._statement = statement
    tables.metadata = SimpleNamespace(load=load)


def check(tree: exp.Expression) -> None:
    """Raise BigQueryError if an expanded statement reads or changes a table without the filter that it requires."""
    for table, reference in statements.reads(tree):
        keys = _required_keys(reference)
        if keys and not any(pruning.condition(table, table.alias_or_name, key) for key in keys):
            raise _refusal(reference, keys)
    target = tree.this if isinstance(tree, exp.Delete | exp.Update | exp.Merge) else None
    if isinstance(target, exp.Table) and target.catalog:
        reference = (target.catalog, target.db, target.name)
        keys = _required_keys(reference)
        if keys and not any(pruning.of_change(tree, target.alias_or_name, key) for key in keys):
            raise _refusal(reference, keys)


def _refusal(reference: statements.Reference, keys: list[str]) -> BigQueryError:
    listed = ", ".join(f"'{key}'" for key in keys)
    return BigQueryError(
        "invalidQuery",
        f"Cannot query over table '{'.'.join(reference)}' without a filter over column(s) {listed}"
        " that can be used for partition elimination",
    )


def _makes_a_view(tree: exp.Expression) -> bool:
    return isinstance(tree, exp.Create) and tree.args.get("kind") == "VIEW"


def _required_keys(reference: statements.Reference) -> list[str]:
    table = statements.described(reference)
    external = table and table.externalDataConfiguration
    hive = external and external.hivePartitioningOptions
    if hive and hive.requirePartitionFilter:
        return [key.name for key in external_tables.partition_columns(table)]
    if not table or not table.requirePartitionFilter:
        return []
    partitioning = table.timePartitioning or table.rangePartitioning
    return [partitioning.field] if partitioning and partitioning.field else ["_PARTITIONTIME", "_PARTITIONDATE"]
