"""Tells a warehouse's fault from the data's, by what dbt says of a model that failed: it keeps no more of the error."""

import re

_PASSING = (
    r"server closed the connection|connection already closed|terminating connection|could not connect"
    r"|connection to server|the database system is|too many clients|connection aborted|connection refused"
    r"|connection reset|max retries exceeded|read timed out|remote end closed|service ?unavailable"
    r"|quota ?exceeded|rate ?limit ?exceeded|backend ?error"
    # BigQuery says the reason, such as backendError, in words: https://cloud.google.com/bigquery/docs/error-messages
    r"|exceeded rate limits|internal error occurred|retrying (the \w+ )?may solve"
    r"|\b(429|500|502|503|504) (DELETE|GET|HEAD|PATCH|POST|PUT)\b"
)
# Of each, what the servers and their clients say, and what to do about it.
_FAULTS = (
    (r"lock timeout", "A query of somebody else held the table for longer than 60 s: end it, then run again"),
    (r"statement timeout|designated timeout", "See the setting statement_minutes, then run again"),
    (
        r"bigquery\.datasets\.(update|setIamPolicy)",
        'dbt lets readers of the marts query their views: see "A reader\'s rights" in docs/profiles.md, then run again',
    ),
    (r"no space left on device|disk full|disk quota exceeded", "Make room on the server's disk, then run again"),
    (_PASSING, "Check the server, then run again"),
)


def is_of_the_server(message: str) -> bool:
    """Whether the server failed, and no model or test: the next run tries again, and no month is at fault."""
    return bool(next_step(message))


def is_passing(message: str) -> bool:
    """Whether the server's fault may be over in seconds."""
    return bool(re.search(_PASSING, message, re.IGNORECASE))


def next_step(message: str) -> str:
    """What people can do about a server's fault; '' where the message is of no such fault."""
    return next((step for pattern, step in _FAULTS if re.search(pattern, message, re.IGNORECASE)), "")
