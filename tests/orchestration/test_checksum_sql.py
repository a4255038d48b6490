"""A column can have any name in the queries that measure it."""

import pytest
from psycopg import sql

from orchestration.run.checksum_sql import POSTGRES

NAMES = ["fare", "a b", 'a"b', "a`b", "a\\b", 'x" from t; drop table t; --', "x` from t --", "{0}", "%s", "select"]


@pytest.mark.parametrize("name", NAMES)
def test_postgres_reads_a_quoted_name_as_it_is(name: str):
    assert POSTGRES.quoted(name) == sql.Identifier(name).as_string()
