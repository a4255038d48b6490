"""How long the line waits for Postgres, Cloud Storage and BigQuery: every limit, in one place.

docs/time_limits.md says what each of them means to people.
"""

from dataclasses import dataclass

CONNECT = 10.0  # seconds in which a server must take a connection
# Seconds that a change of a table waits for its readers; past it the month fails, and the next run tries again.
LOCK = 60.0


@dataclass
class TimeLimits:
    """The limits that settings change."""

    silence: float = 60.0
    """Seconds after which a server that answers nothing, not even a question of its own, counts as hung."""
    statement: float = 2 * 3600.0
    """Seconds that one statement may take on a server that does answer: 20 million rows take minutes.

    The server ends it; whoever waits for the server does so half a minute later.
    """

    @property
    def question(self) -> float:
        """Seconds that a server has to answer whether it still works; asked after as many seconds of waiting."""
        return self.silence / 6

    @property
    def silence_again(self) -> float:
        """Seconds for a server that was found silent before: the rest of the run need not wait as long again."""
        return self.silence / 4


LIMITS = TimeLimits()
