"""Which condition on a partition column leaves partitions of a table out, as far as BigQuery's documentation tells.

https://docs.cloud.google.com/bigquery/docs/querying-partitioned-tables#best_practices_for_partition_pruning
"""

from collections.abc import Iterator

from sqlglot import exp

from embedded.contract import statements


def condition(source: exp.Expression, alias: str, key: str) -> exp.Expression | None:
    """What all rows fulfil that are read from `source`, a table or subquery, over its column `key` alone; or None.

    The condition may be in the SELECT that reads it, or in one around that, to which the column is passed on. The
    result names the column without a table.
    """
    select = source.find_ancestor(exp.Select, exp.Subquery)
    if not isinstance(select, exp.Select):
        return None
    found = [one for each in _conditions(select) for one in conjuncts(each) if prunes(one, alias, key)]
    if found:
        return exp.and_(*(_of_column(one, key) for one in found))
    passed_on = _output(select, alias, key)
    if not passed_on or select.args.get("limit"):
        return None
    body: exp.Expression = select
    while isinstance(body.parent, exp.SetOperation):
        body = body.parent
    around = body.parent
    if isinstance(around, exp.Subquery) and isinstance(around.parent, exp.From | exp.Join):
        outer = condition(around, around.alias_or_name, passed_on)
        return outer and _of_column(outer, key)
    if isinstance(around, exp.CTE):
        outers = [condition(table, table.alias_or_name, passed_on) for table in statements.uses_of(around)]
        return exp.or_(*(_of_column(one, key) for one in outers)) if outers and all(outers) else None
    return None


def conjuncts(condition: exp.Expression) -> Iterator[exp.Expression]:
    """The parts of a condition that all have to hold."""
    yield from condition.flatten() if isinstance(condition, exp.And) else [condition]


def of_change(tree: exp.Expression, alias: str, key: str) -> exp.Expression | None:
    """The condition over the column `key` alone that leaves out rows of what a statement changes, or None.

    Of a MERGE, also the conditions of branches that touch old rows count:
    https://docs.cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables#using_a_filter_in_the_search_condition_of_a_when_clause
    """
    where = tree.args.get("where")
    given = [where.this] if where else []
    if isinstance(tree, exp.Merge):
        touching = (when for when in tree.find_all(exp.When) if when.args.get("matched") or when.args.get("source"))
        given = [tree.args["on"], *(when.args["condition"] for when in touching if when.args.get("condition"))]
    found = [one for each in given for one in conjuncts(each) if prunes(one, alias, key)]
    return exp.or_(*(_of_column(one, key) for one in found)) if found else None


def prunes(condition: exp.Expression, alias: str, key: str) -> bool:
    """Whether the condition references this column alone, and compares it with what is constant."""
    columns = list(condition.find_all(exp.Column))
    is_constant = condition.find(exp.Query) is None
    return bool(columns) and is_constant and all(_is_key(column, alias, key) for column in columns)


def _conditions(select: exp.Select) -> Iterator[exp.Expression]:
    where = select.args.get("where")
    if where:
        yield where.this
    yield from (join.args["on"] for join in select.args.get("joins") or [] if join.args.get("on"))


def _of_column(condition: exp.Expression, key: str) -> exp.Expression:
    renamed = condition.copy()
    for column in renamed.find_all(exp.Column):
        column.set("this", exp.to_identifier(key, quoted=True))
        column.set("table", None)
    return renamed


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
