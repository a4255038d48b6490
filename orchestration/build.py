"""Builds file months on a warehouse with dbt, in batches: what new months change, or what the project's change does."""

from collections.abc import Callable, Collection, Sequence
from datetime import date

from ingest.errors import TaxiError
from ingest.months import label
from orchestration.connections import Connections
from orchestration.dbt import Dbt, DbtError, DbtResult
from orchestration.disk import Disk
from orchestration.ledger import Ledger
from orchestration.project import BuildState, keep_manifest, project_fingerprint, relations_of, take_manifest
from orchestration.report import Report

Fail = Callable[[list[date], DbtError], None]


class Building:
    """The builds of one run; months that fail are told to `fail`, and the others go on.

    `doubtful` are months whose last build failed: each is built alone, so that no other is held up. What was `done` in
    the ledger is `landed` from when its tables are made again until it is reconciled, or fails to be built by other
    rules. `rebuilt` are the months of which a table kept by file month was, or may have been, made so far.
    """

    def __init__(
        self,
        connections: Connections,
        ledger: Ledger,
        report: Report,
        dbt: Dbt,
        fail: Fail,
        disk: Disk,
        doubtful: Collection[date] = (),
    ):
        self._connections = connections
        self._settings = connections.settings
        self._ledger = ledger
        self._report = report
        self._dbt = dbt
        self._fail = fail
        self._disk = disk
        self._doubtful = doubtful
        self._folder = self._settings.state_dir / "runs" / ledger.run_id
        self._could_not_run = False
        self.rebuilt: set[date] = set()

    def build(self, warehouse: str, new: list[date], others: list[date], state: BuildState) -> list[date]:
        """Build the months `new`, and `others` where the warehouse is not `current`; returns those that passed.

        Where only the project's files changed, `others` get what differs from the last build, and what depends on it.
        Where something is gone, or nobody can tell what changed, they get everything.
        """
        if state == "current":
            return sorted(others + self._months(warehouse, new, is_changed=False, months_only=True)[0])
        if not new and not others:
            return []
        stores, project = self._connections.stores, project_fingerprint(self._settings)
        built_from, relations = self._ledger.last_build(warehouse, stores) or ("", [])
        since = self._folder / f"{warehouse}_as_built"
        if not take_manifest(self._settings, warehouse, built_from, since) or state == "incomplete":
            since, relations = None, []
        self._ledger.forget_build(warehouse)
        passed: list[date] = []
        results: list[DbtResult] = []
        for months, months_only in ((others, False), (new, since is not None)):
            built = self._months(warehouse, months, is_changed=True, months_only=months_only, changed_since=since)
            passed += built[0]
            results += built[1]
        # Months that failed are taken up by the next run for themselves. What could not run says nothing of any.
        is_whole = results and not self._could_not_run
        if is_whole and project_fingerprint(self._settings) == project:  # else somebody edited it meanwhile
            made = {relation for result in results for relation in result.relations}
            kept = relations_of(results[-1].manifest).intersection(relations)  # without those of deleted models
            self._ledger.add_build(warehouse, stores, project, sorted(made | kept))
            keep_manifest(self._settings, warehouse, project, results[-1].manifest)
        return sorted(passed)

    def _months(self, warehouse: str, months: list[date], **what) -> tuple[list[date], list[DbtResult]]:
        """Build `months` in batches: those that passed, and the results of the invocations that did."""
        passed: list[date] = []
        results: list[DbtResult] = []
        size = self._settings.batch_months
        sure = [month for month in months if month not in self._doubtful]
        batches = [sure[start : start + size] for start in range(0, len(sure), size)]
        for batch in batches + [[month] for month in months if month in self._doubtful]:
            built, made = self._batch(warehouse, batch, **what)
            passed += built
            results += made
        return passed, results

    def _batch(
        self, warehouse: str, months: Sequence[date], is_changed: bool, **what
    ) -> tuple[list[date], list[DbtResult]]:
        """One dbt build. If several months fail together, each is tried alone."""
        months = list(months)
        subject = ", ".join(map(label, months))
        shown = subject if len(months) < 4 else f"{label(months[0])} … {label(months[-1])}, {len(months)} months"
        name = label(months[0]) if len(months) == 1 else f"{label(months[0])}..{label(months[-1])}"
        try:
            with self._ledger.step(f"dbt on {warehouse}", subject), self._report.doing(f"dbt on {warehouse}: {shown}"):
                self._check_disk(warehouse, months, shown)
                result = self._dbt.build(
                    warehouse,
                    months,
                    self._folder / f"dbt_{warehouse}_{name}",
                    parse_cache=self._settings.state_dir / "dbt" / f"{warehouse}_partial_parse.msgpack",
                    wanted=self._settings.dbt_select,
                    on_progress=self._report.update,
                    **what,
                )
        except DbtError as error:
            if error.is_about_the_data and len(months) > 1:
                self._report.warn(f"{error.what}; each month is tried alone")
                alone = [self._batch(warehouse, [month], is_changed, **what) for month in months]
                return [month for passed, _ in alone for month in passed], [one for _, made in alone for one in made]
            self._could_not_run |= not error.is_about_the_data
            self._fail(months, error)
            if is_changed:
                self._set_rebuilt(months)  # as far as anybody knows: tests come after the tables they look at
            return [], []
        if result.has_months:
            self._set_rebuilt(months)
        self._report.say(f"dbt on {warehouse}: {shown}: {result.passed} models and tests passed")
        for warning in result.warnings:
            self._report.warn(f"dbt on {warehouse}: {warning}")
        return months, [result]

    def _check_disk(self, warehouse: str, months: list[date], shown: str) -> None:
        rows = sum(record.rows or 0 for (_, month), record in self._ledger.months().items() if month in months)
        try:
            self._disk.check_building(shown, warehouse, rows)
        except TaxiError as error:
            raise DbtError(error.what, error.next_step, is_about_the_data=False) from None

    def _set_rebuilt(self, months: list[date]) -> None:
        self.rebuilt.update(months)
        self._ledger.set_rebuilt(months)
