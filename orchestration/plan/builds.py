"""How a warehouse stands to the dbt project of today, and what has to be built there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from orchestration.plan.batches import BatchLimits
from orchestration.plan.reasons import BuildReason, Models


@dataclass(frozen=True)
class Fingerprint:
    """Digests of the dbt project's files and of what decides how all is built, and the setting dbt_select."""

    files: str
    settings: str
    selected: str = ""

    def __str__(self) -> str:
        return f"{self.files} {self.settings} {self.selected}".strip()

    @classmethod
    def parse(cls, text: str) -> "Fingerprint":
        """What `str` made of one; of anything else one that no project has."""
        files, _, rest = text.partition(" ")
        settings, _, selected = rest.partition(" ")
        return cls(files, settings, selected)


@dataclass(frozen=True)
class Warehouse:
    """What is known of a warehouse before a run.

    `built_from` is the project that it was last built from as a whole, None where it never was; `relations` were made
    then, as schema.name, and `existing` are there now, None where nobody looked. `manifest_of` is the project whose
    manifest was kept, to find out what changed since.
    """

    built_from: Fingerprint | None = None
    relations: frozenset[str] = frozenset()
    existing: frozenset[str] | None = None
    manifest_of: Fingerprint | None = None


@dataclass(frozen=True)
class Rebuild:
    """A warehouse is not as the project would build it: `models` are made for all file months that are held."""

    reason: BuildReason
    models: Models


@dataclass(frozen=True)
class Build:
    """One invocation of dbt: on this warehouse, for these file months, these models.

    `is_of_others`: for months that are done, and are brought up to the project of today. `is_tested`: with dbt's tests
    of the data. On BigQuery these run for months that Postgres, whose tests are the gate, does not hold.
    """

    warehouse: str
    months: tuple[date, ...]
    models: Models
    reason: BuildReason
    is_of_others: bool = False
    is_tested: bool = True


def rebuild_of(warehouse: Warehouse, project: Fingerprint) -> Rebuild | None:
    """What a warehouse needs besides new months; None where it was built from this project, and nothing is gone."""
    built = warehouse.built_from
    if built is None:
        return Rebuild(BuildReason.NEVER_BUILT, Models.ALL)
    if warehouse.existing is not None and not warehouse.relations <= warehouse.existing:
        return Rebuild(BuildReason.RELATION_MISSING, Models.ALL)
    if built == project:
        return None
    if (built.settings, built.selected) != (project.settings, project.selected):
        return Rebuild(BuildReason.SETTINGS_CHANGED, Models.ALL)
    if warehouse.manifest_of != built:
        return Rebuild(BuildReason.NOTHING_TO_COMPARE, Models.ALL)
    return Rebuild(BuildReason.PROJECT_CHANGED, Models.CHANGED)


def plan_builds(
    warehouse: str,
    rebuild: Rebuild | None,
    new: Sequence[date],
    others: Sequence[date],
    doubtful: Collection[date],
    limits: BatchLimits,
    is_built: Collection[date] = (),
    untested: Collection[date] = (),
) -> list[Build]:
    """The builds of a warehouse: `others`, where it needs a rebuild, then the `new` months; within the limits.

    `doubtful` are months whose last build failed: each is built alone, so that no other is held up. Months that
    somebody has built by hand (`is_built`) need no build, unless the warehouse needs one. Those that are `untested` are
    built without the tests of the data, apart from the others.
    """
    if rebuild is None:
        new = [month for month in new if month not in is_built]
        return [
            Build(warehouse, some, Models.OF_MONTHS, BuildReason.LANDED, is_tested=is_tested)
            for some, is_tested in _batches(new, doubtful, limits, untested)
        ]
    is_all = rebuild.models is Models.ALL
    of_new = Models.ALL if is_all else Models.OF_MONTHS_AND_CHANGED
    return [
        Build(warehouse, some, models, rebuild.reason, is_of_others, is_tested)
        for months, models, is_of_others in ((others, rebuild.models, True), (new, of_new, False))
        for some, is_tested in _batches(months, doubtful, limits, untested)
    ]


def with_what_is_due(build: Build, due: Models | None) -> Build:
    """The build with the models that its warehouse still needs besides."""
    if due is None or build.models is Models.ALL:
        return build
    if due is Models.ALL:
        return replace(build, models=Models.ALL)
    return replace(build, models=Models.OF_MONTHS_AND_CHANGED) if build.models is Models.OF_MONTHS else build


def _batches(
    months: Sequence[date], doubtful: Collection[date], limits: BatchLimits, untested: Collection[date]
) -> list[tuple[tuple[date, ...], bool]]:
    """The months of each build, and whether they are tested."""
    found: list[tuple[tuple[date, ...], bool]] = []
    for is_tested in (False, True):
        some = [month for month in months if (month not in untested) is is_tested]
        found += [(sure, is_tested) for sure in limits.split([month for month in some if month not in doubtful])]
        found += [((month,), is_tested) for month in some if month in doubtful]
    return found
