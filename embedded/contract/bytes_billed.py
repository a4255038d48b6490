"""A query whose bytes would exceed `maximum_bytes_billed` does not run, and a dry run says how many it would read.

https://docs.cloud.google.com/bigquery/docs/best-practices-costs: "the number of bytes that the query reads is estimated
before the query execution. If the number of estimated bytes is beyond the limit, then the query fails without incurring
a charge." Each table is billed with at least 10 MB (https://cloud.google.com/bigquery/pricing#on_demand_pricing; the
error's example shows 10 MiB). A query with a limit that it could exceed is said to be billed these bytes.

The number here is an estimate, coarser than the service's: the rows that conditions on the partition column leave,
times the sizes of the columns that the query names (https://cloud.google.com/bigquery/pricing#data). A text counts for
10 bytes. A dry run labels it: totalBytesProcessedAccuracy is UNKNOWN. An UPDATE, DELETE or MERGE also reads all columns
of what it changes:
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#on-demand-query-size-calculation
"""

import contextlib
import os
from pathlib import Path

import duckdb
from local_bigquery import errors
from local_bigquery.catalog import tables
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.models import TableFieldSchema
from local_bigquery.settings import settings
from local_bigquery.sql.translate import Context, translate
from sqlglot import exp

from common.bigquery_sizes import LEAST_BILLED, SIZES
from embedded.bigquery_fixes import external_tables
from embedded.contract import pruning, statements

_LEAST_COMPRESSED = 1_000  # no parquet file takes less of the bytes that BigQuery counts; nothing exact hangs on it
_MOST_PLACES = 1_000  # tables in one query: https://docs.cloud.google.com/bigquery/quotas#query_jobs
_READING = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge)
_REASON = "bytesBilledLimitExceeded"


def apply() -> None:
    """Estimate each statement before it runs."""
    statement_as_before = query._statement
    errors.STATUSES[_REASON] = (400, "INVALID_ARGUMENT")

    def statement(cursor, tree, context, destination, config, dry_run, isolated):
        limit = int(config.maximumBytesBilled or 0)
        if not (dry_run or (limit and _may_exceed(limit))) or not _reads(tree):
            return statement_as_before(cursor, tree, context, destination, config, dry_run, isolated)
        read = estimate(tree, context)
        billed = sum(max(LEAST_BILLED, -(-size // 2**20) * 2**20) for size in read)
        if limit and billed > limit:
            message = f"Query exceeded limit for bytes billed: {limit}. {billed} or higher required."
            raise BigQueryError(_REASON, message)
        done = statement_as_before(cursor, tree, context, destination, config, dry_run, isolated)
        if limit and not dry_run:
            done = done.replace(totalBytesProcessed=str(sum(read)), totalBytesBilled=str(billed))
        if dry_run:
            done = done.replace(totalBytesProcessed=str(sum(read)), totalBytesProcessedAccuracy="UNKNOWN")
        return done

    query._statement = statement


def _may_exceed(limit: int) -> bool:
    """Whether any statement could, for all that is on disk: saves estimating each where the limit is high."""
    folders = (settings.data_dir, settings.gcs_local_root)
    files = (Path(root, name) for folder in folders for root, _, names in os.walk(folder) for name in names)
    stored = 0
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # DuckLake removes files meanwhile
            stored += file.stat().st_size
    return limit < _LEAST_COMPRESSED * stored + _MOST_PLACES * LEAST_BILLED


def estimate(tree: exp.Expression, context: Context) -> list[int]:
    """The bytes that a statement reads of each table, at each place where it does."""
    whole = statements.expanded(tree, context)
    named = {column.name.casefold() for column in whole.find_all(exp.Column)}
    read = [_of_place(table, reference, named, context) for table, reference in statements.reads(whole)]
    target = whole.this if isinstance(whole, exp.Update | exp.Delete | exp.Merge) else None
    if isinstance(target, exp.Table) and target.catalog:
        reference = (target.catalog, target.db, target.name)
        found = [pruning.of_change(whole, target.alias_or_name, key) for key in _keys(reference)]
        read.append(_bytes(reference, None, found, context))
    return read


def _reads(tree: exp.Expression) -> bool:
    is_view = isinstance(tree, exp.Create) and tree.args.get("kind") == "VIEW"
    return isinstance(tree, _READING) or (isinstance(tree, exp.Create) and bool(tree.expression) and not is_view)


def _of_place(table: exp.Table, reference: statements.Reference, named: set[str], context: Context) -> int:
    found = [pruning.condition(table, table.alias_or_name, key) for key in _keys(reference)]
    return _bytes(reference, None if _is_read_whole(table) else named, found, context)


def _bytes(
    reference: statements.Reference, named: set[str] | None, conditions: list[exp.Expression | None], context: Context
) -> int:
    """The bytes of the columns `named`, or of all, in the rows that fulfil the conditions."""
    try:
        fields = tables.fields(tables.load(*reference))
    except BigQueryError:
        return 0  # INFORMATION_SCHEMA, or a table that is not there: the query says so
    size = sum(_size(field) for field in fields if named is None or field.name.casefold() in named)
    return size * _rows(reference, conditions, context) if size else 0


def _size(field: TableFieldSchema) -> int:
    return SIZES.get(field.type, 8)


def _is_read_whole(source: exp.Expression) -> bool:
    """Whether all columns of a table reach the statement's result by stars."""
    select = source.find_ancestor(exp.Select, exp.Subquery)
    if not isinstance(select, exp.Select) or not any(_is_star(item) for item in select.expressions):
        return False
    body: exp.Expression = select
    while isinstance(body.parent, exp.SetOperation):
        body = body.parent
    around = body.parent
    if isinstance(around, exp.Subquery) and isinstance(around.parent, exp.From | exp.Join):
        return _is_read_whole(around)
    if isinstance(around, exp.CTE):
        return any(_is_read_whole(table) for table in statements.uses_of(around))
    return True


def _is_star(item: exp.Expression) -> bool:
    return isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))


def _keys(reference: statements.Reference) -> list[str]:
    described = statements.described(reference)
    if described and described.externalDataConfiguration:
        return [key.name for key in external_tables.partition_columns(described)]
    partitioning = described and (described.timePartitioning or described.rangePartitioning)
    return [partitioning.field] if partitioning and partitioning.field else []


def _rows(reference: statements.Reference, conditions: list[exp.Expression | None], context: Context) -> int:
    counted = exp.select("count(*)").from_(exp.table_(*reversed(reference), quoted=True))
    sql, bound = translate(counted.where(*(one for one in conditions if one is not None)), context)
    with database.cursor() as cursor:
        try:
            return cursor.execute(sql, bound).fetchone()[0]
        except duckdb.Error:  # a condition that cannot be evaluated by itself, such as with a script's variable
            return cursor.execute(f"SELECT count(*) FROM {tables.name(*reference)}").fetchone()[0]
