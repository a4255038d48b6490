"""Measures Postgres while BigQuery builds: when BigQuery has built, only BigQuery is left to be measured.

From the last test on Postgres to the reconciliation nothing writes its marts: the run has claimed the months.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

import psycopg

from ingest.errors import TaxiError
from orchestration.ledger.records import MonthKey
from orchestration.run.measure import Folded, fold_postgres
from orchestration.warehouses.connections import Connections


class MeasuredAhead:
    """The folds of Postgres of some file months, each of them once: whoever asks again wants to know what it is now."""

    def __init__(self, connections: Connections, rows: Mapping[MonthKey, int], pool: ThreadPoolExecutor):
        self._unused = {*rows}
        self._folded = pool.submit(fold_postgres, connections, rows)

    def take(self, months: Collection[MonthKey]) -> Folded | None:
        """None where they were not measured, or could not be: Postgres is then asked, and says what is wrong."""
        if not self._unused.issuperset(months):
            return None
        self._unused -= {*months}
        try:
            return self._folded.result()
        except (psycopg.Error, TaxiError):
            return None
