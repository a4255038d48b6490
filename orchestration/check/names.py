"""The names of what a check makes. Each holds its time, by which a later check finds what a killed one left behind."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

KEPT = timedelta(hours=1)
"""A check takes a minute: what is older belongs to none that is at work. Tables expire by themselves after this."""

_FORM = "%Y%m%d%H%M%S"
_PATTERN = re.compile(r"taxi[_-]check[_-](\d{14})[_-][0-9a-f]{8}")
PREFIX = "taxi_check_"
BUCKET_PREFIX = "taxi-check-"


@dataclass(frozen=True)
class Names:
    """Of one check; no two have the same."""

    name: str
    """Of its BigQuery data set, its schema in Postgres and its folder in the bucket."""

    @classmethod
    def new(cls) -> "Names":
        """Names that nothing has yet."""
        return cls(f"{PREFIX}{datetime.now(UTC):{_FORM}}_{secrets.token_hex(4)}")

    @property
    def bucket(self) -> str:
        """Of the bucket that it makes where there is none. Others would object to underscores."""
        return self.name.replace("_", "-")


def is_left_behind(name: str) -> bool:
    """Whether a check of long ago made something of this name, or the folder that the name begins with."""
    if not (match := _PATTERN.match(name)):
        return False
    try:
        made_at = datetime.strptime(match[1], _FORM).replace(tzinfo=UTC)
    except ValueError:
        return False
    return datetime.now(UTC) - made_at > KEPT
