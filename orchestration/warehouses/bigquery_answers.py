"""Answers of BigQuery: a job of a statement that the service itself calls a SELECT, limited in bytes and time."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import TimeoutError as LateError
from contextlib import contextmanager, suppress
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from ingest.errors import StoreError, first_line
from ingest.external_tables import BIGQUERY_FAULTS, RETRY
from orchestration.warehouses.answers import BATCH, NO_TABLE, Answer, fitted, late, only_reads, schema_of


@contextmanager
def answer_of_bigquery(client: bigquery.Client, statement: str, seconds: float) -> Iterator[Answer]:
    """The answer, for the time of a `with`; all its rows may take so many seconds.

    Raises SettingError for a statement that is no SELECT; StoreError where BigQuery refuses, or has no more time.
    """
    ends_at, retry = time.monotonic() + seconds, RETRY.with_timeout(min(seconds, 30))
    job: bigquery.QueryJob | None = None
    try:
        plan = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
        kind = client.query(statement, job_config=plan, retry=retry, timeout=seconds).statement_type
        if kind not in (None, "SELECT"):
            raise only_reads(f"BigQuery calls this {kind}")
        limit = bigquery.QueryJobConfig(job_timeout_ms=round(seconds * 1000))
        job = client.query(statement, job_config=limit, retry=retry, timeout=seconds)
        rows = job.result(page_size=BATCH, retry=retry, timeout=seconds)
        schema, taken = schema_of([(one.name, _kind(one)) for one in rows.schema]), 0

        def batches() -> Iterator[list[tuple[Any, ...]]]:
            nonlocal taken
            for page in rows.pages:
                if time.monotonic() > ends_at:
                    raise LateError
                batch = [row.values() for row in page]
                taken += len(batch)
                yield fitted(batch, schema)

        yield Answer(schema, batches(), lambda: (rows.total_rows or 0) - taken)
    except LateError as error:
        if job:
            with suppress(*BIGQUERY_FAULTS):
                job.cancel(retry=None, timeout=1.0)
        raise late("BigQuery", seconds) from error
    except NotFound as error:
        raise StoreError(f"BigQuery: {_said(error)}", NO_TABLE) from error
    except BIGQUERY_FAULTS as error:
        is_too_much = "bytes billed" in str(error)
        step = "Ask for less, or raise the setting bigquery_maximum_bytes_billed" if is_too_much else "Correct it"
        raise StoreError(f"BigQuery refused the query: {_said(error)}", step) from error


def _kind(field: bigquery.SchemaField) -> str:
    return "" if field.mode == "REPEATED" else field.field_type


def _said(error: Exception) -> str:
    """What the service says, without the request that Google's client puts before it."""
    return re.sub(r"^(\d+ )?[A-Z]+ https?://\S+: ", "", first_line(error))
