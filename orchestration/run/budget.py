"""What BigQuery may bill in one run: `run --max-bytes`."""

from ingest.errors import TaxiError

_REFUSED = "exceeded limit for bytes billed"  # BigQuery's words: see embedded/contract/bytes_billed.py
_NEXT = "Run again, with a higher --max-bytes where one step takes more: it goes on from here"


class OverBudgetError(TaxiError):
    """The run stopped for its limit of bytes billed. What is done stays done."""


class Budget:
    """The bytes that BigQuery billed in this run so far, and their limit, None for none."""

    def __init__(self, limit: int | None = None):
        self._limit = limit
        self._spent = 0

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit."""
        return self._limit is not None

    def spend(self, billed: int) -> None:
        """BigQuery billed so many bytes more."""
        self._spent += billed

    def check(self, step: str) -> None:
        """Raise OverBudgetError where the limit is reached; `step` is what would come next."""
        if self._limit is not None and self._spent >= self._limit:
            what = f"BigQuery billed {self._spent:,} bytes in this run, and --max-bytes is {self._limit:,}"
            raise OverBudgetError(f"{what}: nothing more is begun. Next is {step}", _NEXT)

    def check_refusal(self, error: BaseException, step: str) -> None:
        """Raise OverBudgetError where BigQuery refused a query of this step for the limit, free of charge."""
        if self._limit is not None and _REFUSED in str(error):
            what = f"BigQuery refused a query of {step}, which alone exceeds --max-bytes ({self._limit:,}, of which"
            raise OverBudgetError(f"{what} {self._spent:,} are billed): {error}", _NEXT) from error
