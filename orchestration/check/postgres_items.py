"""What a run needs of Postgres: a session of its own, a schema, COPY into a partition, temporary relations."""

import psycopg
from pgpq import ArrowToPostgresBinaryEncoder
from psycopg import sql

from common.rows import one_row, one_value
from ingest import postgres
from ingest.postgres_connection import connect
from orchestration.check import sample
from orchestration.check.items import Item, UnexpectedError
from orchestration.check.names import PREFIX, is_left_behind
from orchestration.check.scene import Scene
from orchestration.ledger.pooling import refuse_pooling

OLDEST = 15
"""The oldest major version of Postgres that the line works on."""

# What decides how fast a run is and how much it writes, not whether it can run: docs/profiles.md.
_FLAGS = ("wal_level", "max_wal_size", "shared_buffers", "work_mem", "jit", "max_locks_per_transaction")


def _connect(scene: Scene) -> str:
    with connect(scene.connections.dsn) as connection:
        version = connection.info.server_version
        if version < OLDEST * 10_000:
            raise UnexpectedError(f"Postgres is version {_shown(version)}", f"Use version {OLDEST} or newer")
        encoding, is_replica, is_read_only = one_row(
            connection.execute(
                "select current_setting('server_encoding'), pg_is_in_recovery(),"
                " current_setting('default_transaction_read_only')::boolean"
            )
        )
        if encoding != "UTF8":
            database = scene.connections.postgres.get("dbname")
            raise UnexpectedError(
                f"The database {database} has the encoding {encoding}",
                "Make one with `create database taxi encoding 'UTF8' template template0;`",
            )
        if is_replica or is_read_only:
            kind = "a replica" if is_replica else "read-only"
            raise UnexpectedError(f"The server is {kind}", "Have postgres_url name the primary server")
        encrypted = "TLS" if connection.info.parameter_status("ssl") == "on" or _is_encrypted(connection) else "no TLS"
        return f"PostgreSQL {_shown(version)}, {encrypted}"


def _session(scene: Scene) -> str:
    """An advisory lock that another session does not get."""
    dsn = scene.connections.dsn
    with connect(dsn) as first, connect(dsn) as second:
        refuse_pooling(first, dsn)
        first.autocommit = second.autocommit = True
        key = (scene.names.name,)
        first.execute("select pg_advisory_lock(hashtext(%s))", key)
        if one_value(second.execute("select pg_try_advisory_lock(hashtext(%s))", key)):
            raise UnexpectedError(
                "Two sessions got the same advisory lock", "Have postgres_url name Postgres itself, not a pooler"
            )
        first.execute("select pg_advisory_unlock(hashtext(%s))", key)
    return ""


def _schema(scene: Scene) -> str:
    name = scene.names.name
    with connect(scene.connections.dsn) as connection:
        connection.autocommit = True
        scene.will_drop(f"schema {name} in Postgres", lambda: _drop_schema(scene, name))
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(name)))
        old = connection.execute("select nspname from pg_namespace where nspname like %s", (f"{PREFIX}%",)).fetchall()
    for (other,) in old:
        if is_left_behind(other):
            _drop_schema(scene, other)
    return ""


def _copy(scene: Scene) -> str:
    """A new partition, filled with a binary COPY and attached, in one transaction: as a month lands."""
    schema, rows = sample.batch().schema, sample.batch()
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(postgres.POSTGRES_TYPES[column.type]))
        for column in sample.SAMPLE.columns
    ]
    parts = {
        "parent": sql.Identifier(scene.names.name, "trips"),
        "month": sql.Identifier(scene.names.name, "trips_2024_01"),
        "columns": sql.SQL(", ").join([sql.SQL("row_number bigint not null"), *columns]),
        "names": sql.SQL(", ").join(map(sql.Identifier, schema.names)),
    }
    encoder = ArrowToPostgresBinaryEncoder(schema)
    with connect(scene.connections.dsn) as connection:
        create = "create table {parent} ({columns}, file_month date not null) partition by list (file_month)"
        connection.execute(sql.SQL(create).format(**parts))
        connection.execute(sql.SQL("create table {month} (like {parent})").format(**parts))
        default = "alter table {month} alter file_month set default '2024-01-01'"
        connection.execute(sql.SQL(default).format(**parts))
        copy = sql.SQL("copy {month} ({names}) from stdin (format binary, freeze)").format(**parts)
        with connection.cursor() as cursor, cursor.copy(copy) as writer:
            for part in (encoder.write_header(), encoder.write_batch(rows), encoder.finish()):
                writer.write(part)
        attach = "alter table {parent} attach partition {month} for values in ('2024-01-01')"
        connection.execute(sql.SQL(attach).format(**parts))
        select = "select {names} from {parent} where file_month = '2024-01-01' order by row_number"
        found = connection.execute(sql.SQL(select).format(**parts)).fetchall()
    if found != sample.ROWS:
        raise UnexpectedError(f"Postgres gives back {found}, and {sample.ROWS} was written")
    return f"{len(found)} rows"


def _temporary(scene: Scene) -> str:
    """A temporary view, as dbt makes one for each table by month."""
    with connect(scene.connections.dsn) as connection:
        connection.execute("create temporary view check_temporary as select 1 as one")
    return ""


def _flags(scene: Scene) -> str:
    with connect(scene.connections.dsn) as connection:
        query = "select string_agg(name || ' ' || current_setting(name), ', ') from unnest(%s::text[]) as name"
        return str(one_value(connection.execute(query, (list(_FLAGS),))))


def _drop_schema(scene: Scene, name: str) -> None:
    with connect(scene.connections.dsn) as connection:
        connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(name)))


def _is_encrypted(connection: psycopg.Connection) -> bool:
    return bool(one_value(connection.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()")))


def _shown(version: int) -> str:
    return f"{version // 10_000}.{version % 10_000}"


_SERVER = "Postgres"
ITEMS = (
    Item("postgres", _SERVER, "answers, in UTF-8, and can be written to", _connect, "connect on database"),
    Item(
        "postgres session", _SERVER, "gives each connection a session of its own", _session,
        "connect on database", ("postgres",),
    ),
    Item("postgres schema", _SERVER, "lets us make a schema", _schema, "create on database", ("postgres",)),
    Item(
        "postgres copy", _SERVER, "takes two rows by COPY as a partition", _copy,
        "create on database", ("postgres schema",),
    ),
    Item(
        "postgres temporary", _SERVER, "lets us make temporary views", _temporary,
        "temporary on database", ("postgres",),
    ),
    Item("postgres flags", _SERVER, "says how it is set", _flags, "connect on database", ("postgres",)),
)  # fmt: skip
