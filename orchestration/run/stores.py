"""Whether the stores can take months at all: asked before one is to land, and not once a month when one cannot."""

import time
from collections.abc import Sequence

import psycopg

from ingest import lake
from ingest.errors import StoreDownError, first_line
from ingest.postgres_connection import connect
from orchestration.warehouses.connections import Connections

# Two months in a row that one store did not take end a run: a server that is restarted fails only one.
_FAILURES = 2
# A store that took a month is not asked again so soon: months of some thousand rows land five a second.
_SURE_SECONDS = 10.0


class Stores:
    """The stores of one run. What is down ends it, since no other month would fare better."""

    def __init__(self, connections: Connections):
        self._connections = connections
        self._failures = 0
        self._answered_at = -_SURE_SECONDS

    def ask(self, name: str) -> None:
        """Ask Postgres, and Cloud Storage for the object `name`. Raises StoreDownError where one does not answer."""
        if time.monotonic() - self._answered_at < _SURE_SECONDS:
            return
        try:
            with connect(self._connections.dsn) as connection:
                connection.execute("select 1")
            lake.ask(self._connections.bucket, name)
        except psycopg.Error as error:
            raise _nothing_more(StoreDownError(f"Postgres does not answer: {first_line(error)}")) from error
        except StoreDownError as error:
            raise _nothing_more(error) from error
        self._answered_at = time.monotonic()

    def ask_bigquery(self) -> None:
        """Ask BigQuery, without which nothing can be built. Raises StoreDownError where it does not answer."""
        if not self._connections.heartbeats["bigquery"].answers():
            where = self._connections.bigquery_endpoint or "bigquery.googleapis.com"
            raise _nothing_more(
                StoreDownError(f"BigQuery at {where} does not answer", "Start or check it, then run again")
            )

    def note(self, errors: Sequence[Exception]) -> None:
        """How the landing of a month ended. Raises StoreDownError if a store failed, as it did in the one before."""
        down = [error for error in errors if isinstance(error, StoreDownError)]
        if not down:
            self._failures = self._failures if errors else 0
            return
        self._failures += 1
        self._answered_at = -_SURE_SECONDS
        if self._failures == _FAILURES:
            raise _nothing_more(down[0])


def _nothing_more(error: StoreDownError) -> StoreDownError:
    return StoreDownError(f"{error.what}: nothing more is begun", error.next_step or "Check it, then run again")
