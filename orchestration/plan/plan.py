"""The plan of a run: a pure function of what was found. `plan` shows it, `run` does it and decides nothing again.

What only becomes known on the way, such as a month that fails, takes work away from the plan and never adds any.
(But for two things that are policies of their steps: months that fail together are built again by halves, and a file
with wider columns has the earlier months of its data set follow.)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import TypeVar

from ingest.errors import TaxiError
from ingest.months import label
from ingest.source import FileStat
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.plan.batches import BatchLimits, batch_limits
from orchestration.plan.builds import Build, Fingerprint, Rebuild, Warehouse, plan_builds, rebuild_of
from orchestration.plan.homes import Homes
from orchestration.plan.keeping import kept_months, landed_months, leaving, newest
from orchestration.plan.months import PlannedMonth, plan_months
from orchestration.plan.reasons import Action, BuildReason, MonthReason, PublishReason, StepReason
from orchestration.plan.wanted import Pair, Request, is_redeclared
from orchestration.steps import DBT, DROP, EXTERNAL_TABLES, INGEST, PREPARE, PUBLISH, RECONCILE, WIDEN, Step

T = TypeVar("T")


@dataclass(frozen=True)
class Snapshot:
    """All that a plan follows from.

    `files` is what the source says of each wanted month, in the order of the work. `stores` names the lake and the
    BigQuery project in use; `is_published`: its copy of the ledger is up to date. `project` is the dbt project of
    today, `warehouses` are in the order in which they are built. Postgres `keeps` so many file months (None: all).
    """

    today: date
    request: Request
    files: Mapping[Pair, FileStat | TaxiError]
    records: Mapping[MonthKey, MonthRecord]
    stores: str
    is_published: bool
    project: Fingerprint
    warehouses: Mapping[str, Warehouse]
    batch_months: int = 108
    batch_rows: int = 300_000_000
    keeps: int | None = None


@dataclass(frozen=True)
class PlannedStep:
    """A step as the ledger will record it, and why.

    `is_conditional`: months in it drop out if it turns out that what changed in the project left their tables alone.
    """

    step: Step
    subject: str
    reason: MonthReason | BuildReason | StepReason | PublishReason
    build: Build | None = None
    is_conditional: bool = False


@dataclass(frozen=True)
class Reconciliation:
    """File months whose stores are measured and compared; all of `others` only where a build changes their tables."""

    keys: tuple[MonthKey, ...]
    others: frozenset[date] = frozenset()

    @property
    def months(self) -> list[date]:
        """The file months, each once."""
        return sorted({month for _, month in self.keys})


@dataclass(frozen=True)
class Batch:
    """Months that go through the line together: landed one by one, then built and reconciled at once.

    `held` are the file months that are built with them whatever becomes of their landings, as a warehouse is brought up
    to the project. `waiting` are those of them that have landed and were not done, though nobody may have asked for
    them in this run. `leaving` are the file months that Postgres drops when all is done. `rows` are those of the file
    months that land or wait, as far as anybody knows.
    """

    months: tuple[PlannedMonth, ...]
    builds: tuple[Build, ...]
    reconciliations: tuple[Reconciliation, ...]
    held: frozenset[date] = frozenset()
    waiting: tuple[MonthKey, ...] = ()
    leaving: tuple[date, ...] = ()
    rows: int = 0

    @property
    def others(self) -> list[date]:
        """The file months that are done, and are brought up to the project of today."""
        return sorted({month for build in self.builds if build.is_of_others for month in build.months})

    @property
    def is_rebuild(self) -> bool:
        """Whether a warehouse is brought up to the project of today with it."""
        return any(build.reason is not BuildReason.LANDED for build in self.builds)

    @property
    def new(self) -> list[date]:
        """The file months that have landed by then."""
        return sorted({month for build in self.builds if not build.is_of_others for month in build.months})


@dataclass(frozen=True)
class Plan:
    """What a run does, in order. `rebuilds` are the warehouses that are not as the project would build them.

    `scope` names the steps that --only or --from ask for; None: all.
    """

    months: tuple[PlannedMonth, ...]
    rebuilds: Mapping[str, Rebuild]
    batches: tuple[Batch, ...]
    publish: PublishReason | None
    scope: frozenset[str] | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not self.batches and self.publish is None

    def steps(self) -> Iterator[PlannedStep]:
        """The steps in scope, in the order and with the subjects with which the ledger records them."""
        for one in self._all_steps():
            if self.scope is None or one.step is PREPARE or one.step.name in self.scope:
                yield one

    def _all_steps(self) -> Iterator[PlannedStep]:
        if self.batches:
            yield PlannedStep(PREPARE, "", StepReason.WORK_TO_COME)
        for batch in self.batches:
            for month in batch.months:
                if month.action is Action.LAND:
                    yield PlannedStep(INGEST, str(month), month.reason)
            for month in batch.months:
                if month.action is Action.LAND_AGAIN:
                    yield PlannedStep(WIDEN, str(month), month.reason)
            if batch.months or batch.reconciliations:
                yield PlannedStep(EXTERNAL_TABLES, "", StepReason.BUILDS_TO_COME)
            for build in batch.builds:
                yield PlannedStep(DBT[build.warehouse], subject_of(build.months), build.reason, build)
            for one in batch.reconciliations:
                reason, is_conditional = StepReason.TABLES_CHANGE, bool(one.others)
                yield PlannedStep(RECONCILE, subject_of(one.months), reason, is_conditional=is_conditional)
            if batch.leaving:
                yield PlannedStep(DROP, subject_of(batch.leaving), StepReason.OLDER_THAN_KEPT)
            yield PlannedStep(PUBLISH, "", PublishReason.MONTHS_CHANGE)
        if self.publish and not self.batches:
            yield PlannedStep(PUBLISH, "", self.publish)


def subject_of(months: Sequence[date]) -> str:
    """'2024-01, 2024-02', as the ledger has the file months of a step."""
    return ", ".join(map(label, months))


def make_plan(snapshot: Snapshot) -> Plan:
    """Compare what is wanted with what the ledger says is done, and each warehouse with the dbt project."""
    wanted, records = list(snapshot.files), snapshot.records
    kept = kept_months(records, snapshot.files, snapshot.keeps)
    months = plan_months(wanted, snapshot.files, records, snapshot.stores, snapshot.request, snapshot.today, kept)
    to_do = (Action.LAND, Action.LAND_AGAIN, Action.BUILD, Action.RECONCILE)
    todo = [planned for planned in months if planned.action in to_do]
    held = [key for key, record in records.items() if record.is_held_in(snapshot.stores)]
    rebuilds = {}
    homes = Homes(records, todo, snapshot.stores)
    if todo or held:
        for name, warehouse in snapshot.warehouses.items():
            if (rebuild := rebuild_of(warehouse, snapshot.project)) and homes.has_any(name):
                rebuilds[name] = rebuild
    batches = list(_with_leaving(snapshot, list(_plan_batches(snapshot, todo, held, rebuilds, homes)), homes))
    is_news = any(one.action in (Action.UNAVAILABLE, Action.WAIT) or one.is_now_gone is not None for one in months)
    publish = PublishReason.MONTHS_CHANGE if batches or is_news else None
    if publish is None and not snapshot.is_published:
        publish = PublishReason.COPY_IS_OLDER
    return Plan(tuple(months), rebuilds, tuple(batches), publish, snapshot.request.steps)


def _plan_batches(
    snapshot: Snapshot,
    todo: Sequence[PlannedMonth],
    held: Sequence[MonthKey],
    rebuilds: Mapping[str, Rebuild],
    homes: Homes,
) -> Iterator[Batch]:
    """The planned months, as many file months at once as the snapshot allows, every data set of one in the same batch.

    What landed by another declaration is the first batch, all of it: the external tables get today's types after it.
    The first batch brings all other months that are held up to the project: else some would stand there by other rules
    than others, or be missing from a table that is made again. Months that Postgres keeps come before older ones, which
    pass it by: its tables are then there.
    """
    records = snapshot.records
    limits = batch_limits(snapshot.batch_months, snapshot.batch_rows, snapshot.files, records)
    doubtful = {month for (_, month), record in records.items() if record.is_doubtful}
    by_month = [list(group) for _, group in groupby(todo, key=lambda planned: planned.month)]
    by_month.sort(key=lambda group: all(planned.skips_postgres for planned in group))
    is_due = bool(rebuilds) and bool(held)
    taken: set[date] = set()  # with the first batch
    redeclared = {key[1] for key, record in records.items() if is_redeclared(record, snapshot.stores)}
    first = [group for group in by_month if group[0].month in redeclared]
    rest = [group for group in by_month if group[0].month not in redeclared]
    of_month = {group[0].month: group for group in rest}
    together: list[Sequence[list[PlannedMonth]]] = [
        [of_month[month] for month in months] for months in limits.split(list(of_month))
    ]
    batches = [first] * bool(first) + together
    for batch in batches or [[]] * is_due:
        planned = [one for group in batch for one in group]
        waiting: list[MonthKey] = []
        others: list[date] = []
        if is_due:
            waiting = [key for key in held if records[key].state != "done"]
            taken = {month for _, month in held} | {one.month for one in planned}
        else:
            lands = (Action.LAND, Action.LAND_AGAIN)
            planned = [one for one in planned if one.action in lands or one.month not in taken]
        half = _half_landed(records, planned)
        new = sorted(({one.month for one in planned} | {month for _, month in waiting}) - half)
        if is_due:
            others = sorted({month for _, month in held} - set(new) - half)
        by_hand = {month for month in new if _is_built(records, planned, month)}
        builds = []
        for warehouse in snapshot.warehouses:
            some, some_others = homes.of(warehouse, new), homes.of(warehouse, others)
            is_built = by_hand | homes.built(warehouse, some)
            untested = homes.untested(warehouse, {*new, *others})
            rebuild = rebuilds.get(warehouse)
            builds += plan_builds(warehouse, rebuild, some, some_others, doubtful, limits, is_built, untested)
        others = sorted({month for build in builds if build.is_of_others for month in build.months})
        if not planned and not others and not new:
            continue
        yield Batch(
            tuple(planned),
            tuple(builds),
            tuple(_reconciliations(snapshot, planned, sorted({*new, *others}), others, limits)),
            frozenset(month for _, month in held) if is_due else frozenset(),
            tuple(waiting),
            rows=sum(limits.rows_of.get(month, 0) for month in new),
        )
        built = {build.warehouse for build in builds}
        rebuilds, is_due = {name: one for name, one in rebuilds.items() if name not in built}, False


def _with_leaving(snapshot: Snapshot, batches: Sequence[Batch], homes: Homes) -> Iterator[Batch]:
    """The batches with the months that leave Postgres after each; one of its own where there is no other."""
    if snapshot.keeps is None:
        yield from batches
        return
    present, landed, done = homes.present, landed_months(snapshot.records.values()), set[MonthKey]()
    for batch in batches or [Batch((), (), ())]:
        landing = [one for one in batch.months if one.action in (Action.LAND, Action.LAND_AGAIN)]
        present |= {one.key for one in landing if not one.skips_postgres}
        landed |= {one.month for one in landing}
        done |= {key for one in batch.reconciliations for key in one.keys}
        kept = newest(landed, snapshot.keeps)
        months = leaving(present, snapshot.records, done, kept, snapshot.stores)
        present -= {key for key in present if key[1] in months}
        if batches or months:
            yield replace(batch, leaving=tuple(months))


def _half_landed(records: Mapping[MonthKey, MonthRecord], planned: Sequence[PlannedMonth]) -> set[date]:
    """The file months of which the stores hold a data set in two editions, and go on to: nothing is built of them."""
    landing = {one.key for one in planned if one.action is Action.LAND}
    return {key[1] for key, record in records.items() if record.stores_differ and key not in landing}


def _is_built(records: Mapping[MonthKey, MonthRecord], planned: Sequence[PlannedMonth], month: date) -> bool:
    """Whether no data set of a file month that is not done needs dbt: somebody made its tables by hand."""
    is_to_come = any(one.month == month and one.action is not Action.RECONCILE for one in planned)
    others = [record for key, record in records.items() if key[1] == month and record.state != "done"]
    return not is_to_come and all(record.is_built for record in others)


def _reconciliations(
    snapshot: Snapshot,
    planned: Sequence[PlannedMonth],
    measured: Sequence[date],
    others: Sequence[date],
    limits: BatchLimits,
) -> Iterator[Reconciliation]:
    landing = {one.key for one in planned}
    built = {
        key
        for key, record in snapshot.records.items()
        if record.is_held_in(snapshot.stores) and (record.state in ("landed", "done") or record.is_suspect_as_held)
    }
    for months in limits.split(measured):
        keys = tuple(sorted((key for key in landing | built if key[1] in months), key=lambda key: (key[1], key[0])))
        if keys:
            yield Reconciliation(keys, frozenset(others) & {*months})


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items, `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
