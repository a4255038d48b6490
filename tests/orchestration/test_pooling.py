"""A pooler before Postgres: refused in one line where it shares sessions, taken where each client gets its own."""

import pytest
from psycopg.conninfo import make_conninfo

from ingest.errors import SettingError
from ingest.postgres_connection import connect
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
