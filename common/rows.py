"""Rows of Postgres where a query always gives one."""

from typing import Any, TypeVar

import psycopg

Row = TypeVar("Row")


def one_row(cursor: psycopg.Cursor[Row]) -> Row:
    """The first row of a statement. Raises LookupError where it gave none, which is a fault of ours."""
    row = cursor.fetchone()
    if row is None:
        raise LookupError("a query that always gives a row gave none")
    return row


def one_value(cursor: psycopg.Cursor[tuple[Any, ...]]) -> Any:
    """The first column of it."""
    return one_row(cursor)[0]
