"""A table that requires a partition filter is read with one, through views as well; an external table, too.

https://docs.cloud.google.com/bigquery/docs/querying-partitioned-tables#require_a_partition_filter_in_queries: "There
must be at least one predicate that only references a partition column"; an OR with another column is not sufficient;
"this requirement also applies to queries on views". For external tables and their hive partition keys likewise:
https://docs.cloud.google.com/bigquery/docs/hive-partitioned-queries#predicate_filters_on_partition_keys_in_queries

local-bigquery is content with any mention of the column in any WHERE, and does not look into views. Here a filter may
be around a subquery, a CTE or a view that passes the column on. A condition with a subquery does not count: its values
are not constant. The documentation does not say how far BigQuery pushes a filter down, so it may refuse more.
"""

from collections.abc import Iterator
from types import SimpleNamespace

from local_bigquery.catalog import metadata
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.sql.rules import tables
from sqlglot import exp

from embedded.bigquery_fixes import external_tables
from embedded.contract import statements


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
        if keys and not any(_is_filtered(table, table.alias_or_name, key) for key in keys):
            raise _refusal(reference, keys)
    target = tree.this if isinstance(tree, exp.Delete | exp.Update | exp.Merge) else None
    if isinstance(target, exp.Table) and target.catalog:
        reference = (target.catalog, target.db, target.name)
        keys = _required_keys(reference)
        if keys and not any(_filters(one, target.alias_or_name, key) for one in _of_change(tree) for key in keys):
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


def _is_filtered(source: exp.Expression, alias: str, key: str) -> bool:
    """Whether the SELECT that reads `source` filters its column `key`, or passes it on to one that does."""
    select = source.find_ancestor(exp.Select, exp.Subquery)
    if not isinstance(select, exp.Select):
        return False
    if any(_filters(condition, alias, key) for condition in _conditions(select)):
        return True
    passed_on = _output(select, alias, key)
    if not passed_on or select.args.get("limit"):
        return False
    body: exp.Expression = select
    while isinstance(body.parent, exp.SetOperation):
        body = body.parent
    around = body.parent
    if isinstance(around, exp.Subquery) and isinstance(around.parent, exp.From | exp.Join):
        return _is_filtered(around, around.alias_or_name, passed_on)
    if isinstance(around, exp.CTE):
        uses = [table for table in _root(around).find_all(exp.Table) if statements.cte_of(table) is around]
        return bool(uses) and all(_is_filtered(table, table.alias_or_name, passed_on) for table in uses)
    return False


def _root(node: exp.Expression) -> exp.Expression:
    while node.parent is not None:
        node = node.parent
    return node


def _conditions(select: exp.Select) -> Iterator[exp.Expression]:
    """Each condition that all rows of the SELECT fulfil."""
    where = select.args.get("where")
    joins = [join.args["on"] for join in select.args.get("joins") or [] if join.args.get("on")]
    for condition in [*([where.this] if where else []), *joins]:
        yield from condition.flatten() if isinstance(condition, exp.And) else [condition]


def _of_change(tree: exp.Expression) -> Iterator[exp.Expression]:
    """The conditions of an UPDATE, a DELETE or a MERGE; in a MERGE, those of its branches that touch old rows.

    https://docs.cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables#using_a_filter_in_the_search_condition_of_a_when_clause
    """
    where = tree.args.get("where")
    found = [where.this] if where else []
    if isinstance(tree, exp.Merge):
        found = [tree.args["on"], *(when.args["condition"] for when in tree.find_all(exp.When) if _is_filter(when))]
    for condition in found:
        yield from condition.flatten() if isinstance(condition, exp.And) else [condition]


def _is_filter(when: exp.When) -> bool:
    return bool(when.args.get("condition")) and bool(when.args.get("matched") or when.args.get("source"))


def _filters(condition: exp.Expression, alias: str, key: str) -> bool:
    columns = list(condition.find_all(exp.Column))
    is_constant = condition.find(exp.Query) is None
    return bool(columns) and is_constant and all(_is_key(column, alias, key) for column in columns)


def _is_key(column: exp.Column, alias: str, key: str) -> bool:
    return column.name.casefold() == key.casefold() and column.table.casefold() in ("", alias.casefold())


def _output(select: exp.Select, alias: str, key: str) -> str:
    """The name under which a SELECT passes the column on, '' if it does not."""
    for item in select.expressions:
        column = item.this if isinstance(item, exp.Alias) else item
        if isinstance(column, exp.Star) or (isinstance(column, exp.Column) and isinstance(column.this, exp.Star)):
            return key
        if isinstance(column, exp.Column) and _is_key(column, alias, key):
            return item.alias_or_name
    return ""
