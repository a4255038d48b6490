"""Measures Postgres while BigQuery builds: when BigQuery has built, only BigQuery is left to be measured.

From the last test on Postgres to the reconciliation nothing writes its marts: the run has claimed the months.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

import psycopg

from ingest.errors import TaxiError
from orchestration.ledger.records import MonthKey
from orchestration.run.measure import Folded, fold_postgres
from orchestration.warehouses.connections import Connections

_SECONDS_TO_CANCEL = 2.0


class MeasuredAhead:
    """The folds of Postgres of some file months, each used once: whoever asks again wants to know what it is now."""

    def __init__(self, connections: Connections, rows: Mapping[MonthKey, int]):
        self._unused = {*rows}
        self._asked: psycopg.Connection | None = None
        self._is_closed, self._lock = False, Lock()
        self._pool = ThreadPoolExecutor(1)
        self._folded = self._pool.submit(fold_postgres, connections, rows, self._asks)

    def take(self, months: Collection[MonthKey]) -> Folded | None:
        """None where they were not measured, or could not be: Postgres is then asked, and says what is wrong."""
        if not self._unused.issuperset(months):
            return None
        self._unused -= {*months}
        try:
            return self._folded.result()
        except (psycopg.Error, TaxiError):
            return None

    def close(self) -> None:
        """Cancel the query if nobody has taken its answer; within 2 seconds."""
        with self._lock:
            self._is_closed = True
        if self._asked and not self._folded.done():
            with suppress(psycopg.Error):
                self._asked.cancel_safe(timeout=_SECONDS_TO_CANCEL)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _asks(self, connection: psycopg.Connection) -> None:
        with self._lock:
            if self._is_closed:
                raise CancelledError
            self._asked = connection
