"""Changes the types of a table's columns in Postgres where views look at the table, as those of dbt and of people do.

Postgres refuses to change a column that a view uses, and a view made of `select *` uses them all. Each view is replaced
by one of the same columns that uses no table, and by its own query again after the change; so it keeps its comments,
grants and the views on it.
"""

import psycopg
from psycopg import sql

from ingest.errors import StoreError, first_line

_VIEWS = """
with tables as (
    select %(table)s::regclass::oid as oid
    union all
    select inhrelid from pg_inherits where inhparent = %(table)s::regclass
)
select distinct view.oid, namespace.nspname, view.relname, view.reloptions, pg_get_viewdef(view.oid)
from pg_depend as dependency
inner join pg_rewrite as rule on rule.oid = dependency.objid and dependency.classid = 'pg_rewrite'::regclass
inner join pg_class as view on view.oid = rule.ev_class and view.relkind = 'v'
inner join pg_namespace as namespace on namespace.oid = view.relnamespace
inner join pg_attribute as used on used.attrelid = dependency.refobjid and used.attnum = dependency.refobjsubid
where dependency.refclassid = 'pg_class'::regclass
    and dependency.refobjid in (select oid from tables)
    and used.attname = any(%(columns)s)
"""
_COLUMNS_OF_VIEW = """
select attname, format_type(atttypid, atttypmod) from pg_attribute
where attrelid = %s and attnum > 0 and not attisdropped
order by attnum
"""


def alter_types(connection: psycopg.Connection, schema: str, table: str, types: dict[str, str]) -> None:
    """Give columns of a table, and of its partitions, other types; the values are cast. `types` are Postgres' own.

    Within the connection's transaction. Raises StoreError where a view shows such a column, or a materialized one
    uses it.
    """
    name = sql.Identifier(schema, table)
    arguments = {"table": f'"{schema}"."{table}"', "columns": list(types)}
    views = connection.execute(_VIEWS, arguments).fetchall()
    at = ""
    try:
        for oid, *view, _, _ in views:
            columns = connection.execute(_COLUMNS_OF_VIEW, (oid,)).fetchall()
            nulls = [sql.SQL(f"null::{kind} as {{}}").format(sql.Identifier(column)) for column, kind in columns]
            _replace(connection, view, None, sql.SQL("select ") + sql.SQL(", ").join(nulls))
        changes = [
            sql.SQL("alter column {0} type {1} using {0}::{1}").format(sql.Identifier(column), sql.SQL(kind))
            for column, kind in types.items()
        ]
        connection.execute(sql.SQL("alter table {} ").format(name) + sql.SQL(", ").join(changes))
        for _, *view, options, query in views:
            at = f": the view {'.'.join(view)}"
            _replace(connection, view, options, sql.SQL(query))
    except psycopg.Error as error:
        wanted = ", ".join(f"{column} as {kind}" for column, kind in types.items())
        what = f"{schema}.{table} cannot take {wanted}{at}: {first_line(error)}"
        raise StoreError(what, _next_step(error)) from error


def _next_step(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return "Run again when nobody reads the table"
    if isinstance(error, psycopg.errors.QueryCanceled):
        return "Raise the setting statement_minutes: Postgres writes the whole table again"
    if isinstance(error, psycopg.OperationalError):
        return "Check the server, then run again"
    return "If a view shows or a materialized view uses the column, drop that view; then run again and make it anew"


def _replace(connection: psycopg.Connection, view: list[str], options: list[str] | None, query: sql.Composable) -> None:
    with_options = sql.SQL(f" with ({', '.join(options)})" if options else "")
    statement = sql.SQL("create or replace view {}{} as ").format(sql.Identifier(*view), with_options)
    connection.execute(statement + query)
