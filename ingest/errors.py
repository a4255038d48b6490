"""The errors that people see: one sentence that names the file or setting, and one that says what to do next."""

from common.errors import SettingError as SettingError
from common.errors import TaxiError as TaxiError
from common.errors import printable as printable


class SourceError(TaxiError):
    """The source of the TLC files cannot be read (now); the file itself may be fine."""


class NotPublishedError(SourceError):
    """The source answers, and does not have this file (yet). `answer` is what it says of the file."""

    def __init__(self, what: str, next_step: str = "", answer: str = ""):
        super().__init__(what, next_step)
        self.answer = answer or what


class RefusedError(NotPublishedError):
    """The source answers 403 for this file alone: it does not have it, or does not give it to us."""


class BadFileError(TaxiError):
    """A file that was read in full and is not what it should be: truncated, not parquet, not convertible."""

    def __init__(self, what: str, next_step: str = ""):
        super().__init__(printable(what), printable(next_step))  # one line each, whatever a column is called


class StoreError(TaxiError):
    """Postgres, Cloud Storage or BigQuery refused, or went away."""


class StoreDownError(StoreError):
    """A store does not answer, or cannot work now, whatever is asked of it."""


class BrokenOffError(StoreDownError):
    """A store ended a connection that was at work, or took none; it may take the next one."""

    is_passing = True


class UnknownOutcomeError(StoreDownError):
    """A store went away as it was to take what it had been sent: it holds the old edition, or the new one."""


def first_line(error: BaseException) -> str:
    """The first line of what the error says, or its kind where it says nothing."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
