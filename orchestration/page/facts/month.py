"""The page of a file month: where its rows went, why, and since when. It asks the ledger and the marts, no source."""

from dataclasses import dataclass
from datetime import datetime

from ingest.datasets import DATASETS, declared_fingerprint
from ingest.months import add_months, label, parse_months
from orchestration.ledger.history import MonthEvent
from orchestration.ledger.records import MonthKey, MonthRecord
from orchestration.page.facts.attempts import Attempt, attempts
from orchestration.page.facts.rejected import Rejected, rejected
from orchestration.page.facts.schema import HeldColumn, held_columns
from orchestration.page.facts.stages import Chain, chain
from orchestration.page.facts.texts import brief, clipped
from orchestration.page.facts.verdict import verdict
from orchestration.page.reading import NotFoundError, Reading
from orchestration.plan.calendar import awaited_months

_EDITIONS = 20
_EVENTS = 50


@dataclass(frozen=True)
class File:
    """The edition that landed, and one that is suspicious. `is_declared_now`: it landed with today's columns."""

    name: str | None
    etag: str | None
    bytes: int | None
    sha256: str | None
    published_at: datetime | None
    declared: str | None
    is_declared_now: bool
    stores: str | None
    stores_differ: bool
    gone_since: datetime | None
    suspect_etag: str | None
    suspect_bytes: int | None
    suspect_sha256: str | None
    suspect_why: str | None
    accepted_sha256: str | None


@dataclass(frozen=True)
class Edition:
    """What a new edition of the file changed in the raw rows; counts are None where nobody compared."""

    at: datetime
    run: str
    words: str
    etag_before: str | None
    etag_after: str | None
    rows_before: int | None
    rows_after: int | None
    added: int | None
    removed: int | None
    changed: int | None
    unclear: int | None
    cents: int | None
    columns: dict[str, int]
    seconds: float


@dataclass(frozen=True)
class Happening:
    """An event of the month."""

    at: datetime
    before: str | None
    after: str
    event: str
    reason: str | None
    run: str | None


@dataclass(frozen=True)
class Month:
    """The page. `sentence` says where the month is and why; `command` is None where nothing is to be done."""

    dataset: str
    month: str
    is_known: bool
    state: str
    sentence: str
    since: datetime | None
    command: str | None
    can_retry: bool
    open_run: str | None
    rows: int | None
    difference: int | None
    is_in_postgres: bool
    chain: Chain
    file: File | None
    editions: list[Edition]
    rejected: Rejected
    columns: list[HeldColumn]
    undeclared: dict[str, str]
    events: list[Happening]
    events_in_all: int
    attempts: list[Attempt]
    before: str | None
    after: str
    now: datetime


def facts(reading: Reading, dataset: str, month: str, reason: str = "") -> Month:
    """What the ledger and the marts say of it. Raises NotFoundError for a month before its data set began."""
    of, first_day = DATASETS[dataset], parse_months([month])[0]
    if first_day < of.first_month:
        first = label(of.first_month)
        raise NotFoundError(f"There is no {dataset} {month}: it began with {first}", f"See /months/{dataset}/{first}")
    key, ledger = (dataset, first_day), reading.ledger
    record, events, calendar = ledger.months.get(key), ledger.history.of(key), ledger.calendar.all()
    holder, today = ledger.holder_record(), reading.now.date()
    awaited = next((one for one in awaited_months(calendar, today) if one.key == key), None)
    claim, lander = ledger.claims.of(key), ledger.claims.lander_of(key)
    said = verdict(of, first_day, record, events, lander, awaited, calendar.get(key), today)
    measured = chain(reading, key)
    undeclared: dict[str, str] = {**record.undeclared} if record else {}
    return Month(
        dataset=dataset,
        month=month,
        is_known=record is not None,
        state=said.state,
        sentence=clipped(said.verdict) or "",
        since=said.since,
        command=said.command,
        can_retry=said.command is not None and said.state != "suspect" and not (holder or claim),
        open_run=claim.holder.run_id if claim else holder.run_id if holder else None,
        rows=record.rows if record else None,
        difference=record.difference if record else None,
        is_in_postgres=record.is_in_postgres if record and record.rows is not None else True,
        chain=measured,
        file=_file(record, declared_fingerprint(of), calendar.get(key)) if record else None,
        editions=_editions(reading, key),
        rejected=rejected(reading, key, reason),
        columns=held_columns(reading, of, undeclared, measured.values) if record and record.rows is not None else [],
        undeclared=undeclared,
        events=[_happening(one) for one in reversed(events[-_EVENTS:])],
        events_in_all=len(events),
        attempts=attempts(reading, key),
        before=label(add_months(first_day, -1)) if first_day > of.first_month else None,
        after=label(add_months(first_day, 1)),
        now=reading.now,
    )


def _file(record: MonthRecord, declared_now: str, published_at: datetime | None) -> File:
    return File(
        name=record.source_name,
        etag=record.source_etag,
        bytes=record.source_length,
        sha256=record.source_sha256,
        published_at=published_at,
        declared=record.declared,
        is_declared_now=record.declared == declared_now,
        stores=record.stores,
        stores_differ=record.stores_differ,
        gone_since=record.gone_since,
        suspect_etag=record.suspect_etag,
        suspect_bytes=record.suspect_length,
        suspect_sha256=record.suspect_sha256,
        suspect_why=brief(record.suspect_why),
        accepted_sha256=record.accepted_sha256,
    )


def _editions(reading: Reading, key: MonthKey) -> list[Edition]:
    return [
        Edition(
            one.recorded_at, one.run_id, brief(one.words) or "", one.etag_before, one.etag_after, one.rows_before,
            one.rows_after, one.added, one.removed, one.changed, one.unclear, one.cents,
            dict(sorted(one.columns.items(), key=lambda item: (-item[1], item[0]))), one.seconds,
        )
        for one in reading.ledger.diffs.of(key)[:_EDITIONS]
    ]  # fmt: skip


def _happening(event: MonthEvent) -> Happening:
    return Happening(event.at, event.before, event.after, event.event, brief(event.reason), event.run_id)
