"""A lander's work: it brings the months of its share into both stores, and builds nothing.

Others land and build beside it. Months that they have just now, and those whose files need other columns than the raw
table has, come last: it waits for them once all others have landed.
"""

import shutil
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from orchestration.ledger.records import MonthKey
from orchestration.plan.months import PlannedMonth
from orchestration.plan.plan import Plan
from orchestration.plan.reasons import Action
from orchestration.run.context import Context
from orchestration.run.land import Landing
from orchestration.run.leftovers import LANDERS_FOLDERS
from orchestration.run.prepare import prepare_stores
from orchestration.run.stores import Stores
from orchestration.run.widen import Widening
from orchestration.steps import PREPARE

_MOST_SECONDS = 3600.0
"""For so long a lander waits for others, such as a run that builds twelve months."""
_LOOK_SECONDS = 2.0


class LandersContext(Context):
    """That of a lander: its working folders are its own, as several may share a `state_dir`."""

    @property
    def scratch(self) -> Path:
        """Where files lie on their way to the lake, or back."""
        return self.folder / LANDERS_FOLDERS[0]

    @property
    def pipelines(self) -> Path:
        """Where dlt keeps its pipelines."""
        return self.folder / LANDERS_FOLDERS[1]


class Lander:
    """The work of one lander. What goes wrong with a month is recorded as by a run; others go on."""

    def __init__(self, context: LandersContext):
        self._context = context
        self._widening = Widening(context, waits=False)
        self._landing = Landing(context, self._widening, Stores(context.connections))

    def execute(self, plan: Plan) -> None:
        """Land what the plan says. Raises TaxiError where nothing can begin."""
        try:
            with self._context.ending_with_a_store():
                self._execute(plan)
        finally:
            for folder in (self._context.scratch, self._context.pipelines):
                shutil.rmtree(folder, ignore_errors=True)

    def _execute(self, plan: Plan) -> None:
        for planned in plan.months:
            if planned.is_accepted:
                self._context.accepted.add(planned.key)
            if planned.error and planned.action is Action.UNAVAILABLE:
                self._landing.fail(planned, planned.error)
            elif planned.error and planned.action is Action.WAIT:
                self._context.fail(planned.key, planned.error)
        months = [planned for planned in plan.months if planned.action is Action.LAND]
        if not months:
            return
        with self._context.step(PREPARE):
            prepare_stores(self._context)
        self._context.touch(planned.key for planned in months)
        self._landing.land(months)
        self._land_postponed([planned for planned in months if planned.key in self._landing.postponed])

    def _land_postponed(self, months: Sequence[PlannedMonth]) -> None:
        """Land each once nobody has it any more; what a file needs other columns for, once we have its data set."""
        to_widen = {planned.key for planned in months if self._landing.postponed[planned.key] is None}
        until = time.monotonic() + _MOST_SECONDS
        if months:
            self._context.events.say(f"Waiting for others: {', '.join(map(str, months))}")
        while months and time.monotonic() < until:
            if ready := self._ready(months, to_widen):
                self._landing.land(ready)
                self._widening.follow(only_alone=True)
                postponed = self._landing.postponed
                to_widen |= {key for key, taken in postponed.items() if taken is None}
                months = [one for one in months if one not in ready or one.key in postponed]
            else:
                time.sleep(_LOOK_SECONDS)
        if months:
            self._context.events.warn(f"Left to the next run: {', '.join(map(str, months))}")

    def _ready(self, months: Sequence[PlannedMonth], to_widen: Collection[MonthKey]) -> list[PlannedMonth]:
        for planned in months:
            if planned.key in to_widen and not self._widening.is_alone(planned.dataset):
                self._widening.ask_alone(planned.dataset)
        others = [one for one in self._context.ledger.claims.all() if one.holder.run_id != self._context.ledger.run_id]
        taken = {(one.dataset, one.month) for one in others}
        return [
            planned
            for planned in months
            if not {planned.key, (planned.dataset.name, None)} & taken
            and (planned.key not in to_widen or self._widening.is_alone(planned.dataset))
        ]
