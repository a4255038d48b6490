"""Builds file months on a warehouse with dbt, in batches: what new months change, or what the project's change does."""

from collections.abc import Callable, Sequence
from datetime import date

from ingest.months import label
from orchestration import dbt
from orchestration.connections import Connections
from orchestration.ledger import Ledger
from orchestration.project import BuildState, keep_manifest, project_fingerprint, take_manifest
from orchestration.report import Report

Fail = Callable[[list[date], dbt.DbtError], None]


class Building:
    """The builds of one run; months that fail are told to `fail`, and the others go on.

    `tables_changed`: so far a table kept by file month was, or may have been, among what was built.
    """

    def __init__(self, connections: Connections, ledger: Ledger, report: Report, fail: Fail):
        self._connections = connections
        self._settings = connections.settings
        self._ledger = ledger
        self._report = report
        self._fail = fail
        self._folder = self._settings.state_dir / "runs" / ledger.run_id
        self.tables_changed = False
        self._has_failures = False

    def build(self, warehouse: str, new: list[date], others: list[date], state: BuildState) -> list[date]:
        """Build the months `new`, and `others` where the warehouse is not `current`; returns those that passed.

        Where only the project's files changed, `others` get what differs from the last build, and what depends on it.
        Where something is gone, or nobody can tell what changed, they get everything.
        """
        if state == "current":
            return sorted(others + self._months(warehouse, new, months_only=True)[0])
        stores, project = self._connections.stores, project_fingerprint(self._settings)
        built_from, relations = self._ledger.last_build(warehouse, stores) or ("", [])
        since = self._folder / f"{warehouse}_as_built"
        if not take_manifest(self._settings, warehouse, built_from, since) or state == "incomplete":
            since, relations = None, []
        if new or others:
            self._ledger.forget_build(warehouse)
        passed: list[date] = []
        results: list[dbt.DbtResult] = []
        for months, months_only in ((others, False), (new, since is not None)):
            months_passed, made = self._months(warehouse, months, months_only=months_only, changed_since=since)
            passed += months_passed
            results += made
        # A month that failed on Postgres never came to BigQuery, where it is still as the old project built it.
        is_whole = results and not self._has_failures
        if is_whole and project_fingerprint(self._settings) == project:  # else somebody edited it meanwhile
            made = {relation for result in results for relation in result.relations}
            self._ledger.add_build(warehouse, stores, project, sorted(made.union(relations)))
            keep_manifest(self._settings, warehouse, project, results[-1].manifest)
        return sorted(passed)

    def _months(self, warehouse: str, months: list[date], **what) -> tuple[list[date], list[dbt.DbtResult]]:
        """Build `months` in batches: those that passed, and the results of the invocations that did."""
        passed: list[date] = []
        results: list[dbt.DbtResult] = []
        size = self._settings.batch_months
        for start in range(0, len(months), size):
            built, made = self._batch(warehouse, months[start : start + size], **what)
            passed += built
            results += made
        return passed, results

    def _batch(self, warehouse: str, months: Sequence[date], **what) -> tuple[list[date], list[dbt.DbtResult]]:
        """One dbt build. If several months fail together, each is tried alone."""
        months = list(months)
        subject = ", ".join(map(label, months))
        shown = subject if len(months) < 4 else f"{label(months[0])} … {label(months[-1])}, {len(months)} months"
        name = label(months[0]) if len(months) == 1 else f"{label(months[0])}..{label(months[-1])}"
        try:
            with self._ledger.step(f"dbt on {warehouse}", subject), self._report.doing(f"dbt on {warehouse}: {shown}"):
                result = dbt.build(
                    warehouse,
                    months,
                    {**self._connections.environment, "DBT_TAXI_RUN_ID": self._ledger.run_id},
                    self._folder / f"dbt_{warehouse}_{name}",
                    parse_cache=self._settings.state_dir / "dbt" / f"{warehouse}_partial_parse.msgpack",
                    wanted=self._settings.dbt_select,
                    on_progress=self._report.update,
                    **what,
                )
        except dbt.DbtError as error:
            if error.is_about_the_data and len(months) > 1:
                self._report.warn(f"{error.what}; each month is tried alone")
                alone = [self._batch(warehouse, [month], **what) for month in months]
                return [month for passed, _ in alone for month in passed], [one for _, made in alone for one in made]
            self._has_failures = True
            self.tables_changed = True  # for all that is known: tests come after the tables they look at
            self._fail(months, error)
            return [], []
        self.tables_changed |= result.has_months
        self._report.say(f"dbt on {warehouse}: {shown}: {result.passed} models and tests passed")
        for warning in result.warnings:
            self._report.warn(f"dbt on {warehouse}: {warning}")
        return months, [result]
