"""Databases that are refused in one line: behind a pooler that shares sessions, or of another encoding than UTF-8."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ingest.errors import SettingError
from ingest.postgres_connection import connect
from orchestration.ledger.ledger import open_ledger
from orchestration.ledger.pooling import refuse_pooling
from tests.orchestration.pooler import pooler


def check(dsn: str) -> None:
    with connect(dsn) as connection:
        refuse_pooling(connection, dsn)


@pytest.mark.parametrize("sessions", [1, 2, 5])
def test_a_pooler_of_transactions_is_refused(dsn: str, sessions: int):
    with pooler(dsn, sessions) as port:
        told = f"^Postgres at 127.0.0.1:{port} is behind a pooler that shares sessions. Have postgres_url name"
        with pytest.raises(SettingError, match=told):
            check(make_conninfo(dsn, port=port))


def test_a_pooler_that_gives_each_client_a_session_is_taken(dsn: str):
    with pooler(dsn, by_transaction=False) as port:
        check(make_conninfo(dsn, port=port))


def test_postgres_itself_is_taken(dsn: str):
    check(dsn)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_all_texts_is_refused_with_its_encoding(dsn: str, encoding: str):
    name = f"in_{encoding.lower()}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"create database {name} encoding '{encoding}' locale 'C' template template0")
        try:
            with (
                pytest.raises(SettingError, match=f"^The database {name} has the encoding {encoding}. Make one with"),
                open_ledger(make_conninfo(dsn, dbname=name)),
            ):
                pass
        finally:
            connection.execute(f"drop database {name}")
