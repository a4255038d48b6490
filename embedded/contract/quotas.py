"""Jobs write to a table a limited number of times a day, and each to a limited number of its partitions.

https://docs.cloud.google.com/bigquery/quotas#table_limits: 1,500 modifications of a standard table a day by load, copy
and query jobs; 30,000 of a column-partitioned table, each partition that a job touches counting as one; 4,000
partitions in one job. The limits belong to the table's name, so to drop a table resets nothing. DML statements do not
count: "the number of DML statements your project can run per day is unlimited"
(https://docs.cloud.google.com/bigquery/quotas#data-manipulation-language-statements).

CREATE TABLE AS counts as an overwriting query job here, which the page leaves open. The counts start at zero with the
server. Not enforced: rates, such as 5 updates of a table's metadata in 10 seconds, since the embedded server is so much
faster than the service that only tests would meet them; and the queues of DML statements.
"""

import time
from collections import defaultdict, deque

from local_bigquery import errors
from local_bigquery.catalog import metadata, names, tables
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.models import Table, TimePartitioning
from sqlglot import exp

from embedded.contract.statements import Reference

TABLE_A_DAY, PARTITIONS_A_DAY, PARTITIONS_A_JOB = 1_500, 30_000, 4_000
DAY = 24 * 3600  # seconds

_done: dict[Reference, deque[tuple[float, int]]] = defaultdict(deque)  # by table: when, and how many modifications


def apply() -> None:
    """Count what load, copy and query jobs write, and CREATE TABLE AS."""
    write_as_before, statement_as_before = tables.write, query._statement
    errors.STATUSES["quotaExceeded"] = (403, "PERMISSION_DENIED")

    def write(cursor, sql, params, reference, *how, **named):
        if reference[1] != tables.RESULTS:
            stored = metadata.load(Table, *reference)
            _count(reference, stored, _partitions(cursor, f"({sql})", params, stored))
        return write_as_before(cursor, sql, params, reference, *how, **named)

    def statement(cursor, tree, context, destination, config, dry_run, isolated):
        target = _made(tree, context) if not dry_run else None
        if target and not tree.find(exp.PartitionedByProperty):
            _count(target, None, 0)
        done = statement_as_before(cursor, tree, context, destination, config, dry_run, isolated)
        if target and tree.find(exp.PartitionedByProperty):
            stored = metadata.load(Table, *target)
            try:
                _count(target, stored, _partitions(cursor, tables.name(*target), None, stored))
            except BigQueryError:
                tables.delete(*target)  # only now is it known how many partitions there are
                raise
        return done

    tables.write, query._statement = write, statement


def _made(tree: exp.Expression, context) -> Reference | None:
    """The table that a CREATE TABLE AS makes."""
    is_made = isinstance(tree, exp.Create) and tree.args.get("kind") == "TABLE" and tree.expression is not None
    if not is_made or tree.find(exp.TemporaryProperty):
        return None
    return names.reference(names.target(tree), context.project_id, context.dataset_id)


def _partitioning(table: Table | None) -> TimePartitioning | None:
    found = table and table.timePartitioning
    return found if found and found.field else None


def _partitions(cursor, source: str, params, table: Table | None) -> int:
    """How many partitions of the table the rows of `source` belong to; 0 where it has none."""
    partitioning = _partitioning(table)
    if partitioning is None:
        return 0
    column = f"date_trunc('{partitioning.type or 'DAY'}', {quote(partitioning.field)})"
    return cursor.execute(f"SELECT count(DISTINCT {column}) FROM {source}", params).fetchone()[0]


def _count(reference: Reference, table: Table | None, partitions: int) -> None:
    """Count a job's modifications of a table. Raises BigQueryError where a limit is exceeded."""
    if partitions > PARTITIONS_A_JOB:
        allowed = f"allowed {PARTITIONS_A_JOB}, query produces at least {partitions} partitions"
        raise BigQueryError("invalidQuery", f"Too many partitions produced by query, {allowed}")
    limit, what = TABLE_A_DAY, "imports or query appends per table"
    if _partitioning(table):
        limit, what = PARTITIONS_A_DAY, "Number of partition modifications to a column partitioned table"
    done, now = _done[reference], time.monotonic()
    while done and done[0][0] <= now - DAY:
        done.popleft()
    if sum(number for _, number in done) + max(1, partitions) > limit:
        more = "For more information, see https://cloud.google.com/bigquery/docs/troubleshoot-quotas"
        raise BigQueryError("quotaExceeded", f"Quota exceeded: Your table exceeded quota for {what}. {more}")
    done.append((now, max(1, partitions)))
