"""The page Operate: the schedule, who works, what was asked for, alerts, settings, versions and the disk."""

import platform
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from common.errors import SettingError
from common.masking import masked
from orchestration.alerts.addresses import addresses_of
from orchestration.alerts.ticking import TickTimes, is_overdue, overdue, shown
from orchestration.alerts.watch import tick_times
from orchestration.ledger.alerts import AlertRecord
from orchestration.ledger.ticks import Pause, TickRecord
from orchestration.ledger.workers import workers
from orchestration.page.facts.disk_use import DiskUse, disk_use
from orchestration.page.facts.setting_list import ShownSetting, shown_settings
from orchestration.page.facts.texts import brief
from orchestration.page.reading import Reading

_TICKS = 20
_REQUESTS = 20
_ALERTS = 50
_PACKAGES = (
    "dlt", "dbt-core", "dbt-postgres", "dbt-bigquery", "pyarrow", "google-cloud-bigquery", "google-cloud-storage",
    "psycopg", "pydantic", "jinja2", "starlette", "uvicorn", "apprise",
)  # fmt: skip


@dataclass(frozen=True)
class Schedule:
    """When ticks came. `usual_seconds` lie between two; `overdue` says so in words, None: it is not."""

    count: int
    last_at: datetime | None
    usual_seconds: float | None
    usual: str | None
    next_at: datetime | None
    overdue: str | None


@dataclass(frozen=True)
class Tick:
    """A tick: how many months it asked the source about, and what came of it."""

    at: datetime
    outcome: str
    seconds: float | None
    checked: int
    run: str | None
    error: str | None


@dataclass(frozen=True)
class Holder:
    """A run that may write, what it does, and when it last renewed its lease: each 10 s."""

    run: str
    kind: str
    doing: str
    command: str
    host: str
    pid: int
    since: datetime
    renewed_at: datetime


@dataclass(frozen=True)
class Asked:
    """A request of the page or its API."""

    number: int
    kind: str
    by: str
    at: datetime
    outcome: str
    error: str | None


@dataclass(frozen=True)
class Alert:
    """An episode of trouble. `delivery` says what became of its messages."""

    subject: str
    what: str
    kind: str
    since: datetime
    closed_at: datetime | None
    next_step: str
    sent_count: int
    last_sent_at: datetime | None
    delivery: str
    delivery_error: str | None


@dataclass(frozen=True)
class Tested:
    """What came of a test of the alerts: whether each address took the message, and what `alerts test` printed."""

    is_delivered: bool
    lines: list[str]


@dataclass(frozen=True)
class Operate:
    """The page. `addresses` are those of alert_urls, without what is secret in them."""

    schedule: Schedule
    pause: str | None
    holders: list[Holder]
    ticks: list[Tick]
    requests: list[Asked]
    alerts: list[Alert]
    alerts_in_all: int
    alerts_open: int
    addresses: list[str]
    addresses_error: str | None
    settings: list[ShownSetting]
    versions: dict[str, str]
    disk: DiskUse
    now: datetime
    tested: Tested | None = None


def facts(reading: Reading) -> Operate:
    """As it is now."""
    ledger, settings, now = reading.ledger, reading.settings, reading.now
    pause = ledger.ticks.paused()
    alerts = ledger.alerts.shown()
    try:
        addresses, error = [one.shown for one in addresses_of(settings.alerts)], None
    except SettingError as refused:
        addresses, error = [], str(refused)
    return Operate(
        schedule=_schedule(tick_times(ledger), settings.alerts.tick_hours, pause, now),
        pause=str(pause) if pause else None,
        holders=[
            Holder(
                one.run, one.kind, one.doing, masked(brief(one.command) or ""), one.host, one.pid, one.since,
                one.renewed_at,
            )
            for one in workers(ledger)
        ],
        ticks=[_tick(one) for one in ledger.ticks.latest(_TICKS)],
        requests=[
            Asked(
                one.request_number, one.kind, one.requested_by, one.requested_at, one.outcome, brief(one.error)
            )
            for one in ledger.requests.latest(_REQUESTS)
        ],
        alerts=[_alert(one, bool(addresses)) for one in alerts[:_ALERTS]],
        alerts_in_all=len(alerts),
        alerts_open=sum(one.closed_at is None for one in alerts),
        addresses=addresses,
        addresses_error=error,
        settings=shown_settings(settings),
        versions={"Python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
        disk=disk_use(settings, now),
        now=now,
    )  # fmt: skip


def _schedule(times: TickTimes, tick_hours: float, pause: Pause | None, now: datetime) -> Schedule:
    has_gap = times.count > 1
    return Schedule(
        count=times.count,
        last_at=times.last_at,
        usual_seconds=times.gap.total_seconds() if has_gap else None,
        usual=shown(times.gap) if has_gap else None,
        next_at=times.last_at + times.gap if times.last_at and has_gap and not pause else None,
        overdue=overdue(times, tick_hours) if is_overdue(times, tick_hours, now) else None,
    )


def _tick(tick: TickRecord) -> Tick:
    seconds = (tick.finished_at - tick.started_at).total_seconds() if tick.finished_at else None
    return Tick(tick.started_at, tick.outcome, seconds, len(tick.checked), tick.run_id, brief(tick.error))


def _alert(alert: AlertRecord, has_addresses: bool) -> Alert:
    if alert.delivery_error:
        delivery = "not delivered"
    elif alert.sent_count:
        delivery = "sent" if alert.sent_count == 1 else f"sent {alert.sent_count} times"
    else:
        delivery = "not sent yet" if has_addresses else "nobody to tell"
    return Alert(
        alert.subject, brief(alert.what) or "", alert.kind, alert.since, alert.closed_at, alert.next_step,
        alert.sent_count, alert.last_sent_at, delivery, brief(alert.delivery_error),
    )  # fmt: skip


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
