"""Looks at the ledger after each run and tick: opens and closes episodes, and sends what is due."""

from datetime import UTC, datetime

import psycopg

from ingest.errors import SettingError, TaxiError
from orchestration import host
from orchestration.alerts.addresses import Address, addresses_of, send
from orchestration.alerts.conditions import Attempt, Facts, troubles, undecided
from orchestration.alerts.message import message
from orchestration.alerts.ticking import TickTimes
from orchestration.events.events import Events
from orchestration.ledger.alerts import Trouble
from orchestration.ledger.ledger import Ledger, open_ledger
from orchestration.ledger.records import LAND, RUN, RunRecord
from orchestration.plan.calendar import awaited_months
from orchestration.settings import Settings


def facts_of(ledger: Ledger, tick_hours: float) -> Facts:
    """What the ledger knows now."""
    now = datetime.now(UTC)
    return Facts(
        now=now,
        months=ledger.months.all().values(),
        awaited=awaited_months(ledger.calendar.all(), now.date()),
        newest=ledger.runs.newest_and_like(),
        ticks=tick_times(ledger),
        tick_hours=tick_hours,
        last=_last_attempt(ledger),
    )


def _last_attempt(ledger: Ledger) -> Attempt | None:
    run, (tick, *_) = _last_run(ledger), [*ledger.ticks.latest(1), None]
    if tick and tick.outcome == "failed" and not tick.run_id and not (run and run.started_at > tick.started_at):
        return Attempt("tick", tick.outcome, tick.error, tick.started_at, "python orchestrate.py tick")
    if run is None:
        return None
    next_step = f"python orchestrate.py logs {run.run_id}"
    return Attempt(f"run {run.run_id}", run.outcome, run.error, run.started_at, next_step)


def _last_run(ledger: Ledger) -> RunRecord | None:
    """The last run that had the line; or the last lander, where it began later and failed."""
    run, lander = ledger.runs.last(RUN), ledger.runs.last(LAND)
    has_failed = lander is not None and lander.outcome == "failed"
    is_newer = lander is not None and (run is None or lander.started_at > run.started_at)
    return lander if has_failed and is_newer else run


def tick_times(ledger: Ledger) -> TickTimes:
    """When ticks came; nobody waits for one while the line is paused or a run is in progress."""
    last_at, count = ledger.ticks.last_and_count()
    is_excused = bool(ledger.ticks.paused() or ledger.holder())
    return TickTimes(last_at, count, ledger.ticks.usual_gap(), is_excused)


def where(settings: Settings) -> str:
    """Which line it is, for people."""
    return f"profile {settings.profile} on {host.host()}"


def watch(ledger: Ledger, settings: Settings) -> list[str]:
    """Bring the episodes up to date and send what is due; returns what could not be delivered. Raises TaxiError.

    Episodes are kept, and none is sent, while no address is set.
    """

    def judge() -> tuple[list[Trouble], set[str]]:
        facts = facts_of(ledger, settings.alerts.tick_hours)
        return troubles(facts), undecided(facts)

    ledger.alerts.judge(judge)
    addresses = addresses_of(settings.alerts)
    if not addresses or not (claimed := ledger.alerts.claim()):
        return []
    messages = [
        (address, *message(news, where(settings)))
        for address in addresses
        if (news := [one for one in claimed if address.hash not in one.delivered_to])
    ]
    errors = send(messages) if messages else {}
    served = {address.hash for address, _, _ in messages} - errors.keys()
    for one in claimed:
        failed = {hash_: why for hash_, why in errors.items() if hash_ not in one.delivered_to}
        ledger.alerts.sent(one, served, failed)
    return list(errors.values())


def watch_after(dsn: str, settings: Settings, events: Events, has_failed: bool = False) -> tuple[str, ...]:
    """`watch` at the end of a command; what could not be delivered, or looked at, is a warning and no error.

    Over a connection of its own: the lease of the run that ended may be another's by now. Where the command has failed,
    and Postgres may be why, nobody waits for it again as long as for a run.
    """
    if has_failed and not _answers(dsn):
        return ()
    try:
        with open_ledger(dsn) as ledger:
            undelivered = tuple(watch(ledger, settings))
    except TaxiError as error:
        undelivered = (str(error),)
    for why in undelivered:
        events.warn(f"An alert was not delivered, and the next tick or run tries again: {why}")
    return undelivered


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=5).close()
    except psycopg.Error:
        return False
    return True


def try_addresses(settings: Settings) -> list[tuple[Address, str | None]]:
    """Send each address a test message, and say what went wrong with it. Raises SettingError where there is none."""
    if not (addresses := addresses_of(settings.alerts)):
        raise SettingError(
            "The setting alert_urls names no address", "Set it as TAXI_ALERT_URLS: docs/operations.md has an example"
        )
    title = f"NYC taxi ELT, {where(settings)}: a test"
    errors = send([(address, title, "Alerts of this line reach you here.") for address in addresses])
    return [(address, errors.get(address.hash)) for address in addresses]
