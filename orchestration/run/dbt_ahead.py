"""Starts dbt's process while a run plans, so that dbt imports at the same time as BigQuery's client and dlt."""

from collections.abc import Collection
from types import TracebackType

from orchestration.ledger.deadline import Deadline
from orchestration.plan.plan import Batch, Plan
from orchestration.steps import DBT, LINE
from orchestration.warehouses.dbt_process import DbtProcess

# Files of so few rows, on average, land with dbt beside them in 390 MB. With one of 480,000 rows both took 421.
_FEW_ROWS = 50_000
_FEW_ROWS_IN_ALL = 500_000


def has_builds(batch: Batch, scope: Collection[str]) -> bool:
    """Whether dbt builds something for this batch, in a run with the steps of `scope`."""
    return bool(batch.builds) and not {step.name for step in DBT.values()}.isdisjoint(scope)


def lands_beside_dbt(batch: Batch, scope: Collection[str]) -> bool:
    """Whether the files of this batch are small enough that dbt can start while they land."""
    few = min(_FEW_ROWS * max(len(batch.months), 1), _FEW_ROWS_IN_ALL)
    return batch.rows <= few and has_builds(batch, scope)


class DbtAhead:
    """Holds dbt's process for the first batch within a `with`, and kills it at the end if nobody took it."""

    def __init__(self, deadline: Deadline):
        self._deadline = deadline
        self._process: DbtProcess | None = None

    def __enter__(self) -> "DbtAhead":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process:
            self._process.close()

    def begin(self, plan: Plan) -> None:
        """Start the process if the plan's first batch lands beside dbt."""
        scope = plan.scope or [step.name for step in LINE]
        if not self._process and lands_beside_dbt(plan.batches[0], scope):
            self._process = DbtProcess(self._deadline)

    def take(self) -> DbtProcess | None:
        """The process, or None if there is none. The caller ends it."""
        process, self._process = self._process, None
        return process
