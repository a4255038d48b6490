"""The exit codes of all commands; docs/operations.md lists them."""

from enum import IntEnum

from ingest.errors import SettingError
from orchestration.ledger.lease import BusyError
from orchestration.run.budget import OverBudgetError


class ExitCode(IntEnum):
    """How a command ended. `run` and its like; a signal ends them with 130 (orchestration/interrupts.py)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    """A wrong option, argument or setting; nothing was done."""
    BUSY = 3
    """Another command is at work; nothing was done."""
    OVER_BUDGET = 4
    """BigQuery would have billed more than --max-bytes; the next run goes on."""
    LATE = 5


def of_error(error: BaseException) -> ExitCode:
    """The code of a command that ended with this error."""
    if isinstance(error, SettingError):
        return ExitCode.USAGE
    if isinstance(error, OverBudgetError):
        return ExitCode.OVER_BUDGET
    return ExitCode.BUSY if isinstance(error, BusyError) else ExitCode.FAILED
