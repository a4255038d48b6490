"""`land`: a run that lands its share of the months beside others, and builds nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestration.alerts.addresses import addresses_of
from orchestration.alerts.watch import watch_after
from orchestration.events.events import Events
from orchestration.events.journal import JOURNAL, keeping_journal
from orchestration.ledger.ledger import Ledger, open_ledger
from orchestration.ledger.records import LAND, MonthKey
from orchestration.plan.reasons import Action
from orchestration.plan.wanted import Request
from orchestration.planning import Planned, Planner
from orchestration.recording import recorded
from orchestration.results import RunResult, result_of
from orchestration.run.disk import Disk
from orchestration.settings import Settings
from orchestration.telemetry.telemetry import check_telemetry
from orchestration.warehouses.servers import Servers


def land_share(
    settings: Settings,
    events: Events,
    disk: Disk,
    request: Request,
    arguments: Sequence[str],
    on_plan: Callable[[Planned], None] = lambda _: None,
) -> RunResult:
    """Land what is missing of the request's share. `arguments`, of the command line, are recorded. Raises TaxiError."""
    addresses_of(settings.alerts)  # a setting that cannot be used is better refused now
    check_telemetry(settings.telemetry)
    with Servers(settings, "land") as servers, open_ledger(servers.postgres().dsn, events.emit) as ledger:
        planner = Planner(settings, events, servers, ledger)
        location = planner.source.location
        with recorded(settings, events, servers, ledger, arguments, location, kind=LAND) as failures:
            planned = planner.plan_landing(request)
            on_plan(planned)
            result = _land(settings, events, disk, servers, ledger, planner, planned)
            failures += result.failures
        undelivered = watch_after(ledger.dsn, settings, events)
    return replace(result, undelivered=undelivered)


def _land(
    settings: Settings,
    events: Events,
    disk: Disk,
    servers: Servers,
    ledger: Ledger,
    planner: Planner,
    planned: Planned,
) -> RunResult:
    planner.record_gone(planned)
    failures: list[str] = []
    touched: list[MonthKey] = []
    if any(one.action in (Action.LAND, Action.UNAVAILABLE, Action.WAIT) for one in planned.plan.months):
        # Imported here: dlt and Google's clients take 2 s, which a share with nothing to do has no need of.
        from orchestration.run.lander import Lander, LandersContext

        disk.watch()
        connections = servers.stores().of_run(ledger.run_id)
        context = LandersContext(connections, ledger, planner.source, events, disk, settings.run, lambda: None)
        with keeping_journal(context.folder / JOURNAL, ledger.run_id) as journal, events.heard_by(journal):
            Lander(context).execute(planned.plan)
        failures, touched = context.failures, context.touched
    return result_of(ledger, planned, failures, touched)
