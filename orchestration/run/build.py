"""Has dbt make the builds of a plan, one after another, and records what came of each."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from ingest.errors import TaxiError, first_line
from ingest.months import label
from orchestration.catalog.writing import record_build
from orchestration.ledger.records import StepFigures
from orchestration.ledger.transitions import State
from orchestration.memory import give_back
from orchestration.plan.builds import Build, Fingerprint, Rebuild, with_what_is_due
from orchestration.plan.plan import subject_of
from orchestration.plan.reasons import Models
from orchestration.run.budget import OverBudgetError
from orchestration.run.context import Context, name_of
from orchestration.run.tries import tried
from orchestration.steps import DBT, Step
from orchestration.warehouses.dbt import DBT_LOG, Dbt, DbtError
from orchestration.warehouses.dbt_artifacts import DbtResult, relations_of
from orchestration.warehouses.dbt_project import (
    keep_manifest,
    manifest_folder,
    manifest_of,
    project_fingerprint,
    withdraw_manifest,
)


class Building:
    """The builds of one run, of the dbt project with this fingerprint. Months that fail are recorded as such.

    What was `done` in the ledger is `landed` from when its tables are made again until it is reconciled, or fails to be
    built by other rules. `rebuilt` are the months of which a table kept by file month was, or may have been, made.
    """

    def __init__(self, context: Context, project: Fingerprint, rebuilds: Mapping[str, Rebuild]):
        self._context = context
        self._ledger = context.ledger
        self._project = project
        # What a warehouse still needs besides new months, until a rebuild ended well; after one that did not, all.
        self._due = {warehouse: rebuild.models for warehouse, rebuild in rebuilds.items()}
        self._could_run = True
        self.rebuilt: set[date] = set()

    def build(self, dbt: Dbt, builds: Sequence[Build], months: Collection[date]) -> list[date]:
        """Make the builds of one warehouse, each for those of its months that are among `months`.

        Returns the months that passed.
        """
        some = [(build, [month for month in build.months if month in months]) for build in builds]
        some = [(build, of_it) for build, of_it in some if of_it]
        if not some:
            return []
        warehouse = some[0][0].warehouse
        due = self._due.get(warehouse)
        since = self._begin_rebuild(warehouse, due) if due else None
        self._could_run = True
        passed: list[date] = []
        results: list[DbtResult] = []
        for build, of_it in some:
            built, made = self._build(dbt, with_what_is_due(build, due), of_it, since)
            passed += built
            results += made
        # Months that failed are taken up by the next run for themselves. What could not run says nothing of any.
        if due and results and self._could_run:
            self._end_rebuild(warehouse, results)
        give_back()  # what dbt's manifest took: 12 MB, which would lie under the next warehouse's build
        return sorted(passed)

    def _begin_rebuild(self, warehouse: str, models: Models) -> Path | None:
        """Returns the folder with the manifest of the last build, where what changed since is enough."""
        last = self._ledger.builds.last(warehouse, self._context.connections.stores)
        since = self._context.folder / f"{warehouse}_as_built"
        withdraw_manifest(self._context.settings.state_dir, warehouse, since)
        is_whole = models is Models.ALL
        self._relations = frozenset() if is_whole or not last else last.relations
        self._due[warehouse] = Models.ALL
        self._ledger.builds.forget(warehouse)
        return None if is_whole else since

    def _end_rebuild(self, warehouse: str, results: Sequence[DbtResult]) -> None:
        settings, manifest = self._context.settings, results[-1].manifest
        if project_fingerprint(settings.dbt_select) != self._project:  # somebody edited it meanwhile
            return
        made = {relation for result in results for relation in result.relations}
        kept = relations_of(manifest) & self._relations  # without those of deleted models
        self._ledger.builds.add(warehouse, self._context.connections.stores, str(self._project), sorted(made | kept))
        keep_manifest(settings.state_dir, warehouse, self._project, manifest)
        del self._due[warehouse]

    def _build(
        self, dbt: Dbt, build: Build, months: list[date], since: Path | None
    ) -> tuple[list[date], list[DbtResult]]:
        """One build; of months that fail together each half is tried alone. Returns those that passed, and results."""
        step, warehouse = DBT[build.warehouse], build.warehouse
        subject = subject_of(months)
        shown = subject if len(months) < 4 else f"{label(months[0])} … {label(months[-1])}, {len(months)} months"
        name = label(months[0]) if len(months) == 1 else f"{label(months[0])}..{label(months[-1])}"
        folder = self._context.folder / f"dbt_{warehouse}_{name}"

        def invoke() -> DbtResult:
            with self._context.step(
                step, subject, f"{step.name}: {shown}", log=folder / DBT_LOG, pid=dbt.pid
            ) as figures:
                figures.rows = self._rows_of(months)
                self._check_disk(warehouse, figures.rows, shown)
                with self._catalogued(folder / "target", months):
                    return dbt.build(
                        warehouse,
                        months,
                        folder,
                        parse_cache(self._context, warehouse),
                        models=build.models,
                        is_tested=build.is_tested,
                        wanted=self._context.settings.dbt_select,
                        changed_since=since,
                        known_manifest=self._known_manifest(warehouse, build.models),
                        on_progress=lambda text: self._context.progress(step, subject, f"{step.name}: {shown}: {text}"),
                        on_billed=lambda billed: self._spend(step, figures, billed),
                    )

        try:
            is_up = self._context.connections.heartbeats[warehouse].answers
            result = tried(step, invoke, self._context.events.warn, is_up)
        except OverBudgetError:
            if build.models is not Models.OF_MONTHS:
                self._set_rebuilt(months)
            raise
        except DbtError as error:
            self._context.budget.check_refusal(error, step.name)
            if error.is_about_the_data and len(months) > 1 and step.retry.months_alone:
                self._context.events.warn(f"{error.what}; each half of the months is tried alone")
                halves = months[: len(months) // 2], months[len(months) // 2 :]
                alone = [self._build(dbt, build, half, since) for half in halves]
                return [month for passed, _ in alone for month in passed], [one for _, made in alone for one in made]
            self._could_run &= error.is_about_the_data
            self._fail(months, error)
            if build.models is not Models.OF_MONTHS:
                self._set_rebuilt(months)  # as far as anybody knows: tests come after the tables they look at
            return [], []
        if result.has_months:
            self._set_rebuilt(months)
        self._context.events.say(f"{step.name}: {shown}: {result.passed} models and tests passed")
        for warning in result.warnings:
            self._context.events.warn(f"{step.name}: {warning}")
        return months, [result]

    def _known_manifest(self, warehouse: str, models: Models) -> Path | None:
        """The manifest kept from the warehouse's last build, if the project has not changed since."""
        settings = self._context.settings
        if models is not Models.OF_MONTHS or manifest_of(settings.state_dir, warehouse) != self._project:
            return None
        if project_fingerprint(settings.dbt_select) != self._project:  # somebody edits it
            return None
        return manifest_folder(settings.state_dir, warehouse) / "manifest.json"

    @contextmanager
    def _catalogued(self, target: Path, months: list[date]) -> Iterator[None]:
        """Take into the catalog what this build leaves, passed or failed; not what one leaves that is broken off."""
        try:
            yield
        except DbtError:
            self._catalogue(target, months)
            raise
        self._catalogue(target, months)

    def _catalogue(self, target: Path, months: list[date]) -> None:
        settings, run = self._context.settings, self._context.ledger.run_id
        try:
            if (target / "run_results.json").is_file():
                record_build(settings.state_dir, run, target, [label(month) for month in months])
        except (OSError, ValueError, KeyError, TypeError) as error:  # no run fails for want of a catalog
            self._context.events.warn(f"The catalog of models stays as it was: {first_line(error)}")

    def _spend(self, step: Step, figures: StepFigures, billed: int) -> None:
        figures.bill(billed)
        self._context.budget.spend(billed)
        self._context.budget.check(f"the rest of {step.name}")

    def _rows_of(self, months: list[date]) -> int:
        return sum(record.rows or 0 for (_, month), record in self._ledger.months.all().items() if month in months)

    def _check_disk(self, warehouse: str, rows: int, shown: str) -> None:
        try:
            self._context.disk.check_building(shown, warehouse, rows)
        except TaxiError as error:
            raise DbtError(error.what, error.next_step, is_about_the_data=False) from None

    def _set_rebuilt(self, months: list[date]) -> None:
        self.rebuilt.update(months)
        self._ledger.months.tables_changed(months)

    def _fail(self, months: list[date], error: DbtError) -> None:
        """What the run landed of these months is at fault or, if dbt could not even run, waits for the next run."""
        context = self._context
        context.events.fail(error)
        before = len(context.failures)
        for key, record in self._ledger.months.all().items():
            if key[1] in months and key in context.touched and record.state is State.LANDED:
                context.failures.append(f"{name_of(key)}: {error}")
                if error.is_about_the_data:
                    self._ledger.months.build_failed(key, str(error))
                else:
                    self._ledger.months.not_verified(key, str(error))
        if len(context.failures) == before:  # months that were done, and are as they were
            context.failures.append(f"{subject_of(months)}: {error}")


def parse_cache(context: Context, warehouse: str) -> Path:
    """Where dbt keeps the project as it was last read for this warehouse."""
    return context.settings.state_dir / "dbt" / f"{warehouse}_partial_parse.msgpack"
