"""Walks the line of orchestration/steps.py for what a plan says, and decides nothing again."""

from collections.abc import Mapping

from ingest.errors import StoreError
from orchestration.ledger.transitions import State
from orchestration.plan.builds import Fingerprint, Rebuild
from orchestration.plan.plan import Plan
from orchestration.plan.reasons import Action, MonthReason
from orchestration.run.batch import BatchWork
from orchestration.run.build import Building
from orchestration.run.context import Context
from orchestration.run.land import Landing
from orchestration.run.prepare import prepare
from orchestration.run.publish import publish_ledger
from orchestration.run.reconcile import billed
from orchestration.run.stores import Stores
from orchestration.run.widen import Widening
from orchestration.steps import LINE, PREPARE, PUBLISH, Step
from orchestration.warehouses.bigquery_jobs import cancel_at_once


class Runner:
    """The work of one run. What goes wrong with a month is recorded in the ledger and in the context; others go on."""

    def __init__(
        self,
        context: Context,
        project: Fingerprint,
        rebuilds: Mapping[str, Rebuild],
        scope: frozenset[str] | None = None,
    ):
        self._context = context
        self._scope = scope or frozenset(step.name for step in LINE)
        self._stores = Stores(context.connections)
        self._widening = Widening(context)
        self._landing = Landing(context, self._widening, self._stores)
        self._building = Building(context, project, rebuilds)

    def execute(self, plan: Plan) -> None:
        """Do what the plan says. Raises TaxiError where nothing can begin: a store is down, there is no zone lookup."""
        try:
            with self._context.ending_with_a_store():
                self._execute(plan)
        except KeyboardInterrupt:
            cancel_at_once(self._context.connections.bigquery, self._context.ledger.run_id)
            raise

    def _execute(self, plan: Plan) -> None:
        self._take_up(plan)
        for number, batch in enumerate(plan.batches, start=1):
            with BatchWork(self._context, batch, self._landing, self._widening, self._building, self._scope) as work:
                if number == 1:
                    prepare(self._context)
                self._context.touch(planned.key for planned in batch.months)
                self._stores.ask_bigquery()
                for step in self._steps():
                    work.do(step)
            self._publish("running" if number < len(plan.batches) else None)
        if plan.publish and not plan.batches:
            self._publish()

    def _steps(self) -> list[Step]:
        """Those of a batch, up to the last in the scope."""
        steps = [step for step in LINE if step not in (PREPARE, PUBLISH)]
        last = max((number for number, step in enumerate(steps) if step.name in self._scope), default=-1)
        return steps[: last + 1]

    def _take_up(self, plan: Plan) -> None:
        for planned in plan.months:
            if planned.is_accepted:
                self._context.accepted.add(planned.key)
            if planned.error and planned.action is Action.UNAVAILABLE:
                self._landing.fail(planned, planned.error)
            elif planned.error and planned.action is Action.WAIT:
                self._context.fail(planned.key, planned.error)
            elif planned.action is Action.BUILD and planned.record and planned.record.state is State.SUSPECT:
                self._context.ledger.months.released(planned.key)
            elif planned.action is Action.BUILD and planned.reason is MonthReason.FORCED:
                self._context.ledger.months.tables_will_change([planned.key])

    def _publish(self, outcome: str | None = None) -> None:
        """Copy the ledger to BigQuery. If that fails, what is done stays done, and the next run makes the copy."""
        if PUBLISH.name not in self._scope:
            return
        context = self._context
        outcome = outcome or ("failed" if context.failures else "done")
        try:
            with context.step(PUBLISH) as figures:
                if context.connections.uncounted_jobs:  # of what was measured ahead, and not used
                    figures.bytes_billed = billed(context)
                failures = "\n".join(context.failures) or None
                newest = publish_ledger(context.connections, context.ledger.run_id, outcome, failures)
            context.ledger.builds.set_published(context.connections.stores, newest)
        except StoreError as error:
            context.events.fail(error)
            context.failures.append(str(error))
