"""What makes an edition of a month suspicious: the month waits, as `suspect`, until a person accepts that edition.

docs/strange_files.md says what people see of it.
"""

from dataclasses import asdict, dataclass
from typing import Any

from ingest.errors import TaxiError
from ingest.months import label
from orchestration.ledger.records import MonthKey, MonthRecord

# Against TLC's monthly report the least complete month that it published lacks 13 % (yellow, 2012).
SMALLEST_SHARE = 0.5
"""Of the rows of the edition that landed before; with fewer a new edition waits."""
FEWEST_ROWS = 1_000
"""Of the edition that landed before, for that share to say something; a new one without any row always waits."""

# Six whole months of green trips (2022 to 2025) have 0.06 to 0.10 %, samples of yellow trips at most 0.43 %.
LARGEST_REJECTED_SHARE = 0.5
"""Of a month's rows; with more rejected it waits."""


@dataclass(frozen=True)
class Edition:
    """A version of a month's file."""

    etag: str | None
    length: int | None
    sha256: str | None


class SuspectError(TaxiError):
    """The month waits for a person to look at this edition of its file."""

    def __init__(self, key: MonthKey, why: str, edition: Edition):
        self.why = why
        self.edition = edition
        dataset, month = key
        super().__init__(
            f"{dataset} {label(month)} waits: {why}",
            "Look at the file. If it is right, accept it: "
            f"python orchestrate.py run --months {label(month)} -d {dataset} --accept",
        )

    @property
    def for_the_ledger(self) -> dict[str, Any]:
        """The edition and the reason."""
        return {"why": self.why, **asdict(self.edition)}

    @property
    def without_the_month(self) -> str:
        """For where the month's name is beside it."""
        return f"waits: {self.why}. {self.next_step}"


def shrunk(rows: int, before: int | None) -> str | None:
    """Why a file of `rows` is suspicious after an edition with `before` rows; None: it isn't, or there was none."""
    if not before or (rows and (before < FEWEST_ROWS or rows >= before * SMALLEST_SHARE)):
        return None
    return f"its file has {rows:,} rows; the edition that landed before has {before:,}, and these stay"


def is_mostly_rejected(rows: int, rejected: int) -> bool:
    """Whether a month is suspicious of whose `rows` so many were `rejected`."""
    return rejected > rows * LARGEST_REJECTED_SHARE


def after_build(record: MonthRecord, rows: int, rejected: int, rules: str) -> SuspectError | None:
    """What is suspicious of a month that was built with so many of its `rows` `rejected`, most of them by `rules`.

    Nothing is, where a person accepted that edition of its file.
    """
    if not is_mostly_rejected(rows, rejected) or record.accepted_sha256 == record.source_sha256:
        return None
    why = f"{rejected:,} of its {rows:,} rows are rejected, most of them by {rules.replace(',', ' and ')}"
    return SuspectError(record.key, why, Edition(record.source_etag, record.source_length, record.source_sha256))
