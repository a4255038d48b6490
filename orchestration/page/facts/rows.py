"""Some rows of a model, from Postgres by the page's own reader, from BigQuery by the command `sql`."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from common.masking import masked
from common.python import python_command
from ingest.datasets import DATASETS
from ingest.errors import first_line
from orchestration.catalog.records import Details, Node
from orchestration.page.reading import STATEMENT_SECONDS, Reading

COUNT = 50
BIGQUERY_SECONDS = 30
_STARTING_SECONDS = 15
_LONGEST = 80  # characters of a value
_WRONG = " ✗ "
_asking = threading.Lock()
_NAME = re.compile(r"[\w.`\"-]+")


@dataclass(frozen=True)
class Rows:
    """The first rows of a warehouse's table, values as texts; or in `failure` why there are none, in a sentence."""

    warehouse: str
    query: str
    columns: list[str]
    rows: list[list[str | None]]
    failure: str | None = None


def rows_of(reading: Reading, warehouse: str, node: Node, details: Details) -> Rows:
    """So many rows as COUNT of a node. It is the last thing that a reading is asked: Postgres may refuse it."""
    month = newest_month(reading, node.name) if warehouse in details.filters else None
    query = query_of(warehouse, details, month)
    if not query:
        return Rows(warehouse, "", [], [], f"It is no table or view that a run has made on {warehouse}")
    if warehouse == "postgres":
        return _of_postgres(reading, query)
    return _of_bigquery(reading, query)


def query_of(warehouse: str, details: Details, month: date | None) -> str:
    """The query, limited to a month of the partitions where there are any. '' where the warehouse has no such table."""
    relation, field = details.relations.get(warehouse, ""), details.filters.get(warehouse)
    if not _NAME.fullmatch(relation):
        return ""
    if warehouse == "postgres":  # which refuses the name of another database, as of a line that moved
        relation = ".".join(relation.split(".")[-2:])
    where = f" where {field} = date '{month:%Y-%m-%d}'" if field and month else ""
    return f"select * from {relation}{where} limit {COUNT}"


def newest_month(reading: Reading, name: str) -> date | None:
    """The newest file month that is done; of one data set, where the name of the model says which."""
    about = [dataset for dataset in DATASETS if dataset in name.split("_")]
    found = reading.rows(
        "select max(file_month) as month from taxi_ledger.months where state = 'done' and service_type = any(%s)",
        about or list(DATASETS),
    )
    month: date | None = found[0]["month"]
    return month


def _of_postgres(reading: Reading, query: str) -> Rows:
    try:
        return _answer("postgres", query, reading.rows(query))
    except psycopg.errors.QueryCanceled:
        return Rows("postgres", query, [], [], f"Postgres took more than {STATEMENT_SECONDS} s for it")
    except psycopg.Error as error:
        return Rows("postgres", query, [], [], f"Postgres refused: {first_line(error)}")


def _of_bigquery(reading: Reading, query: str) -> Rows:
    """One question at a time: each takes 150 MB, and BigQuery bills it."""
    if not _asking.acquire(blocking=False):
        return Rows("bigquery", query, [], [], "BigQuery is being asked for another page: try again in some seconds")
    reading.release()
    try:
        done = subprocess.run(
            python_command(
                *("orchestrate", "sql", query, "--on", "bigquery", "--json"),
                *("--limit", str(COUNT), "--seconds", str(BIGQUERY_SECONDS)),
            ),
            env={**os.environ, "TAXI_PROFILE": reading.settings.profile},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=BIGQUERY_SECONDS + _STARTING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Rows("bigquery", query, [], [], f"BigQuery took more than {BIGQUERY_SECONDS} s for it")
    finally:
        _asking.release()
    try:
        return _answer("bigquery", query, json.loads(done.stdout))
    except (ValueError, AttributeError, TypeError):
        return Rows("bigquery", query, [], [], f"BigQuery gave no rows: {_said(done.stderr, done.returncode)}")


def _answer(warehouse: str, query: str, found: Sequence[Mapping[str, Any]]) -> Rows:
    columns = list(found[0]) if found else []
    rows = [[_text(row[name]) for name in columns] for row in found[:COUNT]]
    return Rows(warehouse, query, columns, rows, None if found else "It has no rows")


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _said(stderr: str, returncode: int) -> str:
    """What a command said was wrong, without the time before it; nothing secret."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    wrong = [line.partition(_WRONG)[2] for line in lines if _WRONG in line] or lines[-1:]
    return masked(wrong[0])[:300] if wrong else f"the command ended with exit code {returncode}"
