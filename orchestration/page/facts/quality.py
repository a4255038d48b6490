"""The page Quality: which tests failed for which months, and what the files are worth, month by month."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ingest.months import parse_months
from orchestration.catalog.records import Months
from orchestration.page.catalog import Catalog
from orchestration.page.facts import quality_marts as marts
from orchestration.page.facts.drift import CodeChange, changes, moved
from orchestration.page.facts.heat import Heat, heat
from orchestration.page.facts.nodes import NEXT_STEP, NOTHING_YET
from orchestration.page.reading import Reading

MONTHS = 24
_MOST_TESTS = 40
_MOST_CHANGES = 40
FAILS, WARNS, ONCE, PASSES = "failed", "warned", "once", "passed"
_WORST = (PASSES, ONCE, WARNS, FAILS)


@dataclass(frozen=True)
class TestedMonth:
    """How many tests passed, warned and failed for a month when it was last built."""

    month: str
    passed: int
    warned: int
    failed: int
    at: datetime
    run: str


@dataclass(frozen=True)
class TestLine:
    """A test that failed or warned, and its state for each tested month that is shown; 'once' failed, passes now."""

    name: str
    states: list[str]


@dataclass(frozen=True)
class Tests:
    """`count` months are known, `failing` of them fail; the newest are shown, and of the tests those with faults."""

    count: int
    failing: list[str]
    months: list[TestedMonth]
    lines: list[TestLine]
    left_out: int


@dataclass(frozen=True)
class DatasetQuality:
    """A data set in detail. Values are percentages of its rows; `drift` is in points."""

    dataset: str
    nulls: Heat
    rejections: Heat
    findings: Heat
    drift: Heat
    changes: list[CodeChange]
    changes_left_out: int


@dataclass(frozen=True)
class Quality:
    """The page. `earlier` and `later` are the last months of the pages beside this one."""

    tests: Tests
    datasets: list[str]
    rejected: Heat | None
    found: Heat | None
    empty: Heat | None
    detail: DatasetQuality | None
    last: date | None
    earlier: date | None
    later: date | None
    now: datetime
    elsewhere: int = 0
    """File months that Postgres does not keep, which the tables of shares lack."""
    missing: str | None = None
    next_step: str | None = None


def facts(reading: Reading, dataset: str = "", last: str = "") -> Quality:
    """The tests, all data sets in short, and one in detail; so many months as MONTHS, up to `last`."""
    catalog = Catalog(reading.settings.run.state_dir)
    until = parse_months([last])[0] if last else None
    tests = by_month(catalog.months() if catalog.graph() else {}, f"{until:%Y-%m}" if until else "")
    held = marts.held_months(reading)
    if not held or reading.existing(*marts.MARTS) != {*marts.MARTS}:
        missing = None if tests.count else NOTHING_YET
        return Quality(tests, [], None, None, None, None, until, None, None, reading.now, 0, missing, NEXT_STEP)
    everything = sorted({month for months in held.values() for month in months}, reverse=True)
    window, earlier, later = windowed(everything, until)
    chosen = dataset if dataset in held else max(held, key=lambda name: (held[name][0], len(held[name])))
    known = sorted(held)
    found = marts.overview(reading, window)
    return Quality(
        tests=tests,
        datasets=known,
        rejected=heat(window, found["rejected"], names=known),
        found=heat(window, found["found"], names=known),
        empty=heat(window, found["empty"], names=known),
        detail=_detail(reading, chosen, [month for month in held[chosen] if until is None or month <= until]),
        last=until,
        earlier=earlier,
        later=later,
        now=reading.now,
        elsewhere=reading.ledger.months.not_in_postgres(),
    )


def windowed(months: Sequence[date], until: date | None) -> tuple[list[date], date | None, date | None]:
    """The newest of these months up to `until`, the newest first, and the last months of the windows beside it."""
    upto = [month for month in months if until is None or month <= until]
    after = sorted(month for month in months if until is not None and month > until)
    earlier = upto[MONTHS] if len(upto) > MONTHS else None
    later = after[min(MONTHS, len(after)) - 1] if after else None
    return upto[:MONTHS], earlier, later


def by_month(months: Months, until: str = "") -> Tests:
    """The tests of the newest months up to `until` ('2024-03'), and the tests that have or had a fault there."""
    failing = sorted(month for month, one in months.items() if any(built.failed for built in one.values()))
    shown = sorted((month for month in months if not until or month <= until), reverse=True)[:MONTHS]
    states: dict[str, dict[str, str]] = {}
    for month in shown:
        for built in months[month].values():
            for state, names in ((FAILS, built.failed), (WARNS, built.warned), (ONCE, built.once_failed)):
                _note(states, month, state, names)
    lines = [TestLine(name, [of_it.get(month, PASSES) for month in shown]) for name, of_it in states.items()]
    lines.sort(key=lambda line: ([-_WORST.index(state) for state in line.states], line.name))
    lines.sort(key=lambda line: -max(_WORST.index(state) for state in line.states))
    return Tests(
        len(months), failing, [_tested(month, months) for month in shown], lines[:_MOST_TESTS],
        max(0, len(lines) - _MOST_TESTS),
    )  # fmt: skip


def _note(states: dict[str, dict[str, str]], month: str, state: str, names: Collection[str]) -> None:
    """The worst that a warehouse says of a test counts."""
    for name in names:
        of_it = states.setdefault(name, {})
        of_it[month] = max(state, of_it.get(month, PASSES), key=_WORST.index)


def _tested(month: str, months: Months) -> TestedMonth:
    built = list(months[month].values())
    newest = max(built, key=lambda one: one.at)
    return TestedMonth(
        month,
        max(one.passed for one in built),
        len({name for one in built for name in one.warned}),
        len({name for one in built for name in one.failed}),
        newest.at,
        newest.run,
    )


def _detail(reading: Reading, dataset: str, months: Sequence[date]) -> DatasetQuality:
    window = list(months[:MONTHS])
    reasons, reason_words = marts.by_reason(reading, dataset, window)
    findings, finding_words = marts.by_finding(reading, dataset, window)
    counts = marts.code_counts(reading, dataset, months[: MONTHS + 1])  # the one before says what changed
    names = marts.code_names(reading)
    changed = [one for one in changes(counts, names, {column for column, _ in names}) if one.month in window]
    drift = {key: value for key, value in moved(counts).items() if key[1] in window}
    return DatasetQuality(
        dataset,
        heat(window, marts.null_rates(reading, dataset, window)),
        heat(window, reasons, reason_words),
        heat(window, findings, finding_words),
        heat(window, drift, names=sorted({column for column, _ in drift})),
        changed[:_MOST_CHANGES],
        max(0, len(changed) - _MOST_CHANGES),
    )
