"""The right to write, as far as the stores need to know of it."""

import psycopg


class Fence:
    """Who writes to a store asks it first. This one lets all pass; a run's raises StoreError once it must stop."""

    def check(self) -> None:
        """Raise StoreError where the caller must not write any more."""

    def hold(self, connection: psycopg.Connection) -> None:
        """The same, and keep the right to the end of the transaction."""


OPEN = Fence()
