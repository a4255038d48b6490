"""Looks one table up without listing all of them.

BigQuery: does not matter.
local-bigquery: asks duckdb_tables() and duckdb_columns() for each table of each statement. They list every table of
    every project and of all past results, 30 ms a time with 80 tables; `select 1` takes 200 ms of processor time. Each
    job begins with such a list, of the temporary tables: a seventh of the time that jobs of a small month take.
    duckdb_schemas() takes 4 ms.
Changed: DuckLake's own tables are asked, which are indexed by name: 3 ms, and 0.5 ms until a table is made, altered or
    dropped. A past result is looked up by its name. A job without a session begins with a connection of its own, which
    has no temporary tables. Within `remembered`, and while one statement is translated, a table's columns are looked up
    once. A translation copies the statement once, not again to write it down: 5 % of a job.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import duckdb
from local_bigquery.catalog import datasets, names, tabledata, tables
from local_bigquery.engine import database, types
from local_bigquery.engine.database import quote
from local_bigquery.jobs import merge, query
from local_bigquery.sql import script, translate
from local_bigquery.sql.dialect import DuckDBDialect
from local_bigquery.sql.rules import partitions

_NOW = "t.end_snapshot IS NULL AND s.end_snapshot IS NULL AND s.schema_name = $1"
_OBJECTS = f"""
SELECT t.table_name, 'TABLE', t.table_id
FROM {{0}}.ducklake_table AS t JOIN {{0}}.ducklake_schema AS s USING (schema_id)
WHERE {_NOW} AND t.table_name = coalesce($2, t.table_name)
UNION ALL
SELECT t.view_name, 'VIEW', -1
FROM {{0}}.ducklake_view AS t JOIN {{0}}.ducklake_schema AS s USING (schema_id)
WHERE {_NOW} AND t.view_name = coalesce($2, t.view_name)
ORDER BY 1
"""
_COLUMNS = f"""
SELECT c.column_name, c.nulls_allowed
FROM {{0}}.ducklake_column AS c JOIN {{0}}.ducklake_table AS t USING (table_id)
    JOIN {{0}}.ducklake_schema AS s USING (schema_id)
WHERE c.end_snapshot IS NULL AND c.parent_column IS NULL AND {_NOW} AND t.table_name = $2
"""
_COUNTS = "SELECT table_id, record_count FROM {0}.ducklake_table_stats WHERE table_id = coalesce($1, table_id)"
_SCHEMAS = "SELECT schema_name FROM {0}.ducklake_schema WHERE end_snapshot IS NULL AND schema_name = $1 AND $2 IS NULL"
_VERSION = "SELECT schema_version FROM {0}.ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1"

_found: ContextVar[dict[tuple, Any] | None] = ContextVar("found", default=None)

_TEMPORARY = "SELECT table_name FROM duckdb_tables() WHERE temporary"


class _Fresh:
    """A connection that nobody has used yet, so that it need not be asked for its temporary tables."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def sql(self, text: str, **named) -> duckdb.DuckDBPyRelation:
        """As the connection does it, but for that one question."""
        return self._connection.sql("SELECT '' WHERE false" if text == _TEMPORARY else text, **named)


class _OfACopy(DuckDBDialect):
    """Writes a statement that `translate` has copied before it changed it."""

    def generate(self, expression: partitions.exp.Expression, copy: bool = True, **options: Any) -> str:
        """As sqlglot does it, without another copy."""
        return super().generate(expression, copy=False, **options)


@contextmanager
def remembered() -> Iterator[None]:
    """No table gets other columns within this: what was found of one is not asked again."""
    token = _found.set({})
    try:
        yield
    finally:
        _found.reset(token)


def apply() -> None:
    """Ask for the one table, and not for temporary ones that cannot be there."""
    objects_as_before, exists_as_before, execute_as_before = database.objects, datasets.exists, query.execute

    def execute(connection, *args, session=None, **named):
        return execute_as_before(connection if session else _Fresh(connection), *args, session=session, **named)

    def objects(project_id: str, dataset_id: str, table_id: str | None = None) -> list[tuple[str, str, int]]:
        if project_id == "emulator":
            return _result(table_id) if table_id else objects_as_before(project_id, dataset_id)
        found = _of_catalogue(_OBJECTS, project_id, dataset_id, table_id)
        counts = _counts(project_id, found[0][2] if table_id and found else None) if found else {}
        return [(name, kind, counts.get(number, 0)) for name, kind, number in found]

    def exists(project_id: str, dataset_id: str) -> bool:
        if project_id == "emulator":
            return exists_as_before(project_id, dataset_id)
        return bool(_of_catalogue(_SCHEMAS, project_id, dataset_id, None))

    def columns(project_id: str, dataset_id: str, table_id: str) -> list:
        found, key = _found.get(), (project_id, dataset_id, table_id)
        if found is None:
            return columns_of(*key)
        if key not in found:
            found[key] = columns_of(*key)
        return found[key]

    def columns_of(project_id: str, dataset_id: str, table_id: str) -> list:
        required = set()
        if dataset_id != tables.RESULTS:  # whose columns are all nullable
            found = _of_catalogue(_COLUMNS, project_id, dataset_id, table_id)
            required = {name for name, is_nullable in found if not is_nullable}
        with database.cursor() as cursor:
            try:
                relation = cursor.sql(f"SELECT * FROM {tables.name(project_id, dataset_id, table_id)} LIMIT 0")
            except duckdb.CatalogException:
                raise tables.not_found("Table", names.label(project_id, dataset_id, table_id)) from None
            return [
                types.field(name, kind, name in required)
                for name, kind in zip(relation.columns, relation.types, strict=True)
                if name != tables.INGESTION_TIME or dataset_id == tables.RESULTS
            ]

    def hides_the_ingestion_time(table) -> bool:
        if not (table.catalog and table.db) or not isinstance(table.this, partitions.exp.Identifier):
            return False
        found = _of_catalogue(_COLUMNS, table.catalog, table.db, table.name)
        return any(name == tables.INGESTION_TIME for name, _ in found)

    translate_as_before = translate.translate

    def translate_remembering(tree, context) -> tuple[str, dict]:
        with nullcontext() if _found.get() is not None else remembered():
            return translate_as_before(tree, context)

    database.objects, datasets.exists, partitions._hidden = objects, exists, hides_the_ingestion_time
    tables.columns = tabledata.columns = columns
    query.execute = execute
    translate.DuckDBDialect = _OfACopy
    for module in (translate, query, merge, script):
        module.translate = translate_remembering


def _of_catalogue(sql: str, project_id: str, dataset_id: str, table_id: str | None) -> list[tuple]:
    """What the catalogue of a project holds by these names; nothing, if it has none."""
    found, key = _found.get(), (sql, project_id, dataset_id, table_id)
    if found is not None and key in found:
        return found[key]
    rows = _asked(sql, project_id, dataset_id, table_id)
    if found is not None:
        found[key] = rows
    return rows


def _asked(sql: str, project_id: str, dataset_id: str, table_id: str | None) -> list[tuple]:
    try:
        ((version,),) = _fetch(_VERSION, project_id, [])
        return _as_of(version, sql, project_id, dataset_id, table_id)
    except (duckdb.CatalogException, duckdb.BinderException):
        return []


@lru_cache(5_000)
def _as_of(_version: int, sql: str, project_id: str, dataset_id: str, table_id: str | None) -> list[tuple]:
    """What the catalogue holds at this version or a later one."""
    return _fetch(sql, project_id, [dataset_id, table_id])


def _counts(project_id: str, table: int | None) -> dict[int, int]:
    """The row count of this table, or of every table of the catalogue, by table id."""
    return dict(_fetch(_COUNTS, project_id, [table]))


def _fetch(sql: str, project_id: str, parameters: list) -> list[tuple]:
    return database.fetch(sql.format(quote(f"__ducklake_metadata_{project_id}")), parameters)


def _result(table_id: str) -> list[tuple[str, str, int]]:
    name = quote("emulator", tables.RESULTS, table_id)
    try:
        return [(table_id, "TABLE", database.fetch(f"SELECT count(*) FROM {name}")[0][0])]
    except duckdb.CatalogException:
        return []
