"""A pooler before Postgres: refused in one line where it shares sessions, taken where each client gets its own."""

from collections.abc import Iterator

import pytest
from psycopg.conninfo import make_conninfo

from embedded import Stack
from ingest import postgres
from ingest.errors import SettingError
from orchestration.pooling import refuse_pooling
from tests.orchestration.pooler import pooler


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stack = Stack(tmp_path_factory.mktemp("pooling") / "servers")
    ends = stack.start(("postgres",))
    yield make_conninfo(
        host=ends.postgres_host, port=ends.postgres_port, user=ends.postgres_user, password=ends.postgres_password,
        dbname=ends.postgres_dbname,
    )  # fmt: skip
    stack.stop()


def check(dsn: str) -> None:
    with postgres.connect(dsn) as connection:
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
