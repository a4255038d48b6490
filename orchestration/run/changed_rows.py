"""What differs between two tables of raw rows of one file month, as multisets: in SQL, on Postgres.

A row is its values but for its number: a row that was inserted renumbers all that follow. Rows are compared by a hash
of 64 bits, so Postgres groups a few bytes a row, and spills to disk what does not fit its work_mem. In two editions of
20 million rows, other rows share a hash by chance once in 20,000 months.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from common.rows import one_row
from ingest import postgres
from ingest.datasets import DataSet
from orchestration.run.checksum_sql import KIND_OF_POSTGRES_TYPE, MEASURED, POSTGRES, Kind, cents
from orchestration.run.trip_keys import TRIP_KEYS

# Not 0: by that seed 0.0 has the hash of null, and nulls that became zeros would be no change.
_SEED = 7_201_502

# Hashes that the tables do not have equally often (`times`, below 0 where the old has more), and such a row's place.
_UNMATCHED = """
create temp table unmatched on commit drop as
select
    row_hash, min(key_hash) as key_hash, sum(times) as times,
    min(place) filter (where times = 1) as new_place, min(place) filter (where times = -1) as old_place
from (
    select {row_hash} as row_hash, {key_hash} as key_hash, 1 as times, ctid as place from {new} as _measured
    union all
    select {row_hash}, {key_hash}, -1, ctid from {old} as _measured
) as hashes
group by row_hash
having sum(times) <> 0
"""
# Keys of one such row of each table, and of no row that both have.
_PAIRS = """
create temp table pairs on commit drop as
select
    key_hash,
    min(new_place) filter (where times > 0) as new_place, min(old_place) filter (where times < 0) as old_place
from unmatched
group by key_hash
having sum(times) filter (where times > 0) = 1 and sum(times) filter (where times < 0) = -1
"""
_SHARED = """
delete from pairs where key_hash in (
    select key_hash from (select {key_hash} as key_hash from {new} as _measured) as keys
    where key_hash in (select key_hash from pairs) group by key_hash having count(*) > 1
)
"""
_COUNTS = """
select
    (select count(*) from {new}),
    coalesce(sum(times) filter (where times > 0), 0)::bigint,
    coalesce(-sum(times) filter (where times < 0), 0)::bigint,
    (select count(*) from pairs),
    (
        select coalesce(sum(least(added, removed)), 0)::bigint from (
            select sum(times) filter (where times > 0) as added, -sum(times) filter (where times < 0) as removed
            from unmatched where not exists (select from pairs where pairs.key_hash = unmatched.key_hash)
            group by key_hash
        ) as by_key
        where added is not null and removed is not null
    ),
    (
        select coalesce(sum(times * ({cents})), 0)::bigint from unmatched
        inner join {new} as _measured on _measured.ctid = new_place where times > 0
    ) + (
        select coalesce(sum(times * ({cents})), 0)::bigint from unmatched
        inner join {old} as _measured on _measured.ctid = old_place where times < 0
    )
from unmatched
"""
_COLUMNS = """
select {counts} from pairs
inner join {new} as new_row on new_row.ctid = new_place
inner join {old} as old_row on old_row.ctid = old_place
"""


@dataclass(frozen=True)
class Changes:
    """What became of the rows: all but the `changed` ones are counted as added and removed, however alike.

    `unclear` of the added rows, and as many of the removed, have a key that several rows share. `columns` says in how
    many of the changed rows a column differs.
    """

    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int
    unclear: int
    cents: int
    columns: Mapping[str, int]


def changes_between(
    connection: psycopg.Connection, dataset: DataSet, old: sql.Identifier, new: sql.Identifier
) -> Changes:
    """Compare two tables with the columns of the raw table, in the transaction of `connection`; raises psycopg.Error.

    A million rows take twice as long as Postgres takes to land them, and seven times as long if all of them changed.
    """
    types = postgres.column_types(connection, dataset)
    kinds: dict[str, Kind] = {
        name: KIND_OF_POSTGRES_TYPE[postgres.POSTGRES_TYPES[kind]] for name, kind in types.items()
    }
    parts = {
        "old": old,
        "new": new,
        "row_hash": _hash_of(types),
        "key_hash": _hash_of([name for name in TRIP_KEYS[dataset.name] if name in types]),
        "cents": sql.SQL(cents(POSTGRES, kinds, dataset.total_columns)),
    }

    def execute(statement: str, **more: sql.Composable) -> psycopg.Cursor:
        return connection.execute(sql.SQL(statement).format(**parts, **more))

    connection.execute("drop table if exists pg_temp.unmatched, pg_temp.pairs")
    execute(_UNMATCHED)
    execute(_PAIRS)
    connection.execute("analyze unmatched")
    connection.execute("analyze pairs")
    execute(_SHARED)
    after, added, removed, changed, unclear, more_cents = one_row(execute(_COUNTS))
    differs = "count(*) filter (where new_row.{0} is distinct from old_row.{0})"
    counts = sql.SQL(", ").join(sql.SQL(differs).format(sql.Identifier(name)) for name in types)
    by_column = dict(zip(types, one_row(execute(_COLUMNS, counts=counts)), strict=True)) if changed else {}
    return Changes(
        rows_before=after - added + removed,
        rows_after=after,
        added=added - changed,
        removed=removed - changed,
        changed=changed,
        unclear=unclear,
        cents=more_cents,
        columns={name: count for name, count in by_column.items() if count},
    )


def _hash_of(names: Iterable[str]) -> sql.Composable:
    columns = sql.SQL(", ").join(
        sql.SQL("{}.{}").format(sql.Identifier(MEASURED), sql.Identifier(name)) for name in names
    )
    return sql.SQL("hash_record_extended(row({}), {})").format(columns, _SEED)
