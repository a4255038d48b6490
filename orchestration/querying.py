"""A question of anybody's to a warehouse: one query, read-only, with a time-out.

Three guards, since none is enough alone: sqlglot sees that it is one query; BigQuery says the same, and on Postgres no
word of it names a function that may act; and the server runs it where nothing can be written.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ingest.errors import SettingError, first_line
from orchestration.settings import Settings
from orchestration.warehouses.answers import Answer, only_reads
from orchestration.warehouses.postgres_answers import answer_of_postgres
from orchestration.warehouses.servers import Servers

Warehouse = Literal["postgres", "bigquery"]

_CHANGES = (exp.DML, exp.DDL, exp.Into, exp.Lock, exp.Command)
logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of statements that are refused below


@contextmanager
def answered(settings: Settings, statement: str, warehouse: Warehouse, seconds: float) -> Iterator[Answer]:
    """The answer to a query, which may take so many seconds with all its rows.

    Raises SettingError where it is not a single query, StoreError where the warehouse refuses it or has no more time.
    """
    check_query(statement, warehouse)
    with Servers(settings, "sql") as servers:
        if warehouse == "postgres":
            with answer_of_postgres(servers.postgres().dsn, statement, seconds) as answer:
                yield answer
        else:
            # Imported here: Google's clients take a second.
            from orchestration.warehouses.bigquery_answers import answer_of_bigquery

            with answer_of_bigquery(servers.all().bigquery, statement, seconds) as answer:
                yield answer


def check_query(statement: str, warehouse: Warehouse) -> None:
    """Raises SettingError if the statement is anything but a single query that changes nothing."""
    try:
        parsed = sqlglot.parse(statement, dialect=warehouse)
    except (SqlglotError, RecursionError) as error:
        said = re.sub(r"\x1b\[\d+m", "", first_line(error)).rstrip(".")
        raise SettingError(f"The query cannot be read: {said}", "Correct it") from None
    trees = [tree for tree in parsed if tree and not isinstance(tree, exp.Semicolon)]
    if len(trees) != 1:
        raise SettingError(f"`sql` takes one query, and got {len(trees)} statements", "Give one select")
    if not isinstance(trees[0], exp.Query | exp.Values) or trees[0].find(*_CHANGES):
        raise only_reads("this is no query, or a query that writes or locks")
