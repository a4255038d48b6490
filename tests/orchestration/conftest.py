from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.orchestration.alert_receiver import Receiver, receiving


@pytest.fixture(scope="module")
def dsn(postgres_server: str, request: pytest.FixtureRequest) -> str:
    """An empty database for the tests of one file."""
    return new_database(postgres_server, request.module.__name__.rpartition(".")[2])


@pytest.fixture
def connection(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection to it, without a ledger."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("drop schema if exists taxi_ledger cascade")
        yield connection


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server that takes alerts and pings."""
    with receiving() as receiver:
        yield receiver


def new_database(server: str, name: str) -> str:
    """Make an empty database there; returns how to reach it."""
    with psycopg.connect(make_conninfo(server, dbname="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return make_conninfo(server, dbname=name)
