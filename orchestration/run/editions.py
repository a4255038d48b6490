"""Compares a new edition of a month's file with the rows that it is about to replace, and keeps what changed."""

import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import psycopg
from psycopg import sql

from ingest.datasets import DATASETS
from ingest.errors import first_line
from ingest.postgres import Compare
from ingest.source import Fetched
from orchestration.ledger.diffs import Diff, add_diff
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.run.changed_rows import changes_between

NOT_IN_POSTGRES = "the former edition is not in Postgres, by the setting postgres_keeps"


def comparison(record: MonthRecord | None, last: Diff | None, fetched: Fetched, run_id: str) -> Compare | None:
    """What Postgres is to do before it swaps the month; None where it holds no other edition than the fetched one.

    `last` is the newest diff of the month. Where a landing broke off, it says what Postgres holds: it was committed
    together with the rows.
    """
    if record is None or not record.source_sha256:
        return None
    etag, sha256 = record.source_etag, record.source_sha256
    if record.stores_differ and last:
        etag, sha256 = last.etag_after, last.sha256_after
    if sha256 == fetched.sha256:  # a forced reload
        return None
    editions = {
        "etag_before": etag,
        "sha256_before": sha256,
        "etag_after": fetched.stat.etag,
        "sha256_after": fetched.sha256,
    }
    key = record.key

    missing = "Postgres no longer had the old rows" if record.is_in_postgres else NOT_IN_POSTGRES

    def compare(connection: psycopg.Connection, old: sql.Identifier | None, new: sql.Identifier) -> None:
        _compare(connection, old, new, key, run_id, editions, missing)

    return compare


def _compare(
    connection: psycopg.Connection,
    old: sql.Identifier | None,
    new: sql.Identifier,
    key: MonthKey,
    run_id: str,
    editions: dict[str, str | None],
    missing: str,
) -> None:
    """Record what changed, or why nobody knows: a month is worth more than what is said about it."""
    started = time.monotonic()
    found: dict[str, Any] = {}
    if old is None:
        found["error"] = missing
    else:
        try:
            with connection.transaction():  # a savepoint
                found = asdict(changes_between(connection, DATASETS[key[0]], old, new))
        except psycopg.Error as error:
            found = {"error": first_line(error)}
    seconds = round(time.monotonic() - started, 3)
    with suppress(psycopg.Error), connection.transaction():
        add_diff(connection, key, run_id, **editions, **found, seconds=seconds)
