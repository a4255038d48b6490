"""Understands `SET (a, b) = (SELECT AS STRUCT x, y FROM …)`.

BigQuery: assigns the fields of the struct to the variables, one by one.
local-bigquery: refuses it; dbt-bigquery uses it wherever it finds out by itself which partitions to replace.
Changed: it becomes one assignment per variable, each from a query of its own.
"""

import sqlglot
from local_bigquery.sql import script
from local_bigquery.sql.dialect import BigQueryDialect
from sqlglot import exp


def _struct(value: exp.Expression) -> exp.Select | None:
    """The query of `(SELECT AS STRUCT …)`, or None for any other value."""
    query = value.unnest() if isinstance(value, exp.Paren | exp.Subquery) else value
    is_struct = isinstance(query, exp.Select) and (query.args.get("kind") or "").upper() == "STRUCT"
    return query if is_struct else None


def apply() -> None:
    """Assign the fields of a struct one by one."""
    set_as_before = script.Interpreter.set

    def set_(self: script.Interpreter, statement: script.Statement) -> None:
        tree = sqlglot.parse_one(statement.text, dialect=BigQueryDialect)
        target, value = tree.expressions[0].this.this, tree.expressions[0].this.expression
        query = _struct(value)
        if query is None or not isinstance(target, exp.Tuple | exp.Paren):
            return set_as_before(self, statement)
        names = target.expressions if isinstance(target, exp.Tuple) else [target.this]
        variables = [self.variable(name.name) for name in names]
        for variable, field in zip(variables, query.expressions, strict=True):
            one = query.copy()
            one.set("kind", None)
            one.set("expressions", [field.copy()])
            self.assign(variable, exp.Subquery(this=one))
        return None

    script.Interpreter.set = set_
