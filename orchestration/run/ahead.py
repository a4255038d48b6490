"""Measures what is complete while BigQuery builds: all of Postgres, and the raw tables on BigQuery.

From the last test on Postgres to the reconciliation nothing writes them: the run has claimed the months.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

import psycopg

from ingest.errors import TaxiError
from ingest.external_tables import BIGQUERY_FAULTS
from orchestration.ledger.records import MonthKey
from orchestration.run.measure import Folded, Part, fold
from orchestration.warehouses.connections import Connections

_SECONDS_TO_CANCEL = 2.0


class MeasuredAhead:
    """The folds of some file months by part, each used once: whoever asks again wants to know what it is now.

    `rows` are those of the months' files, for each part that is to be measured.
    """

    def __init__(self, connections: Connections, rows: Mapping[Part, Mapping[MonthKey, int]]):
        self._unused = {part: {*of_part} for part, of_part in rows.items()}
        self._asked: psycopg.Connection | None = None
        self._is_closed, self._lock = False, Lock()
        self._pool = ThreadPoolExecutor(len(Part))
        self._folded = {
            part: self._pool.submit(fold, part, connections, of_part, self._asks) for part, of_part in rows.items()
        }

    def take(self, months: Mapping[Part, Collection[MonthKey]]) -> dict[Part, Folded]:
        """Parts of which all these months were measured; one that could not be is asked again, and says what is wrong.

        Another part is left out.
        """
        taken = {}
        for part, of_part in months.items():
            if part not in self._unused or not self._unused[part].issuperset(of_part):
                continue
            self._unused[part] -= {*of_part}
            with suppress(psycopg.Error, TaxiError, *BIGQUERY_FAULTS):
                taken[part] = self._folded[part].result()
        return taken

    def close(self) -> None:
        """Cancel Postgres' query within 2 seconds if nobody has taken its answer. A job of BigQuery ends by itself."""
        with self._lock:
            self._is_closed = True
        if self._asked and not self._folded[Part.POSTGRES].done():
            with suppress(psycopg.Error):
                self._asked.cancel_safe(timeout=_SECONDS_TO_CANCEL)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _asks(self, connection: psycopg.Connection) -> None:
        with self._lock:
            if self._is_closed:
                raise CancelledError
            self._asked = connection
