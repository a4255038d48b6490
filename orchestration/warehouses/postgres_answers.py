"""Answers of Postgres: one prepared statement in a read-only transaction, by a role that may act on nothing."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from common.rows import one_value
from ingest.errors import StoreDownError, StoreError, first_line
from ingest.postgres import failure_of
from ingest.postgres_connection import connect
from orchestration.warehouses.answers import BATCH, NO_TABLE, Answer, fitted, late, only_reads, schema_of

# Of Postgres' volatile functions, and its ways to sample a table, those that only answer.
_HARMLESS = (
    *("random", "random_normal", "clock_timestamp", "timeofday", "gen_random_uuid", "uuidv4", "uuidv7", "pg_sleep"),
    *("pg_relation_size", "pg_table_size", "pg_indexes_size", "pg_total_relation_size", "pg_database_size"),
    *("system", "bernoulli", "array_sample", "array_shuffle"),
)


@contextmanager
def answer_of_postgres(dsn: str, statement: str, seconds: float) -> Iterator[Answer]:
    """The answer, for the time of a `with`; all its rows may take so many seconds.

    Raises SettingError for a function that may act; StoreError where Postgres refuses, or has no more time.
    """
    ends_at = time.monotonic() + seconds
    with connect(dsn, "answer a query") as connection:
        connection.read_only = True  # begins each transaction so, and there is one
        try:
            _lower_rights(connection)
            _check_words(connection, statement)
            cursor = connection.cursor()

            def go_on(command: bytes) -> "psycopg.Cursor[Any]":
                left = max(1, round((ends_at - time.monotonic()) * 1000))
                cursor.execute(f"set local statement_timeout = {left:d}".encode())
                # Prepared: the server then takes one statement. A cursor is declared for nothing but a query.
                return cursor.execute(command, prepare=True)

            go_on(b"declare answer no scroll cursor for " + statement.encode())
            columns = go_on(b"fetch forward 0 from answer").description or ()
            types = {info.oid: info.name for info in connection.adapters.types}
            schema = schema_of([(column.name, types.get(column.type_code, "")) for column in columns])

            def batches() -> Iterator[list[tuple[Any, ...]]]:
                while rows := go_on(b"fetch forward %d from answer" % BATCH).fetchall():
                    yield fitted(rows, schema)

            def count_rest() -> int | None:
                try:
                    return go_on(b"move forward all in answer").rowcount
                except psycopg.errors.QueryCanceled:
                    return None

            yield Answer(schema, batches(), count_rest)
        except psycopg.errors.QueryCanceled as error:
            raise late("Postgres", seconds) from error
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
            raise StoreError(f"Postgres: {first_line(error)}", NO_TABLE) from error
        except psycopg.Error as error:
            kind = failure_of(error)
            step = "Check the server, then ask again" if issubclass(kind, StoreDownError) else "Correct it"
            raise kind(f"Postgres refused the query: {first_line(error)}", step) from error


def _lower_rights(connection: "psycopg.Connection[Any]") -> None:
    """Have a superuser go on as a role that may read all tables, and act on nothing."""
    connection.execute("set local default_transaction_read_only = on")
    connection.execute("set local cursor_tuple_fraction = 1")  # all rows are wanted, not the first tenth
    if one_value(connection.execute("select rolsuper from pg_roles where rolname = current_user")):
        connection.execute("set local role pg_read_all_data")


def _check_words(connection: "psycopg.Connection[Any]", statement: str) -> None:
    """Refuse functions that may act, by name: a read-only transaction lets `pg_terminate_backend` through.

    All words are compared, not the calls that a parser sees: it may read a quote otherwise than Postgres does.
    """
    if re.search(r"u&[\"']", statement, re.IGNORECASE):
        raise only_reads('U&"…" could hide the name of a function')
    words = list({word.lower() for word in re.findall(r"[^\W\d][\w$]*", statement)})
    query = "select min(proname) from pg_proc where provolatile = 'v' and proname = any(%s) and not proname = any(%s)"
    if name := one_value(connection.execute(query, (words, list(_HARMLESS)))):
        raise only_reads(f"{name} is a function that may change something")
