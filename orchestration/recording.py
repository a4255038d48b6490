"""A run of the ledger, from the lease to its outcome, however it ends."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict

from ingest.errors import StoreError
from orchestration import interrupts
from orchestration.events.events import Events
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.records import RUN
from orchestration.plan.identity import PlanChangedError
from orchestration.plan.scope import StepMissingError
from orchestration.provenance import provenance
from orchestration.settings import Settings
from orchestration.telemetry.telemetry import ObservedRun, observed
from orchestration.warehouses.dbt_by_hand import NotProvenError
from orchestration.warehouses.dbt_project import project_fingerprint
from orchestration.warehouses.servers import Servers

NOTHING_DONE = (NotProvenError, PlanChangedError, StepMissingError)
"""Refusals: the ledger then knows nothing of the run."""


@contextmanager
def recorded(
    settings: Settings,
    events: Events,
    servers: Servers,
    ledger: Ledger,
    arguments: Sequence[str],
    source: str,
    trigger: str = "hand",
    request_number: int | None = None,
    kind: str = RUN,
) -> Iterator[list[str]]:
    """A run of the ledger, which holds a lease: the line's, unless `kind` is LAND. What is added are its failures."""
    origin = asdict(provenance(trigger)) | {"arguments": list(arguments), "request_number": request_number}
    command = " ".join(["orchestrate.py", *arguments])
    dbt_project = str(project_fingerprint(settings.run.dbt_select))
    ledger.runs.start(command, settings.profile, source, kind, dbt_project=dbt_project, **origin)
    failures: list[str] = []
    try:
        servers.tell_run(ledger.run_id, command)
        run = _observed_run(settings, servers, ledger.run_id, source, trigger)
        with ledger.lease.renewed(ledger.dsn, interrupts.stop), observed(settings.telemetry, events, run, failures):
            yield failures
        ledger.runs.finish("failed" if failures else "done", "\n".join(failures) or None)
    except NOTHING_DONE:  # it would hide how the last run ended
        ledger.runs.withdraw()
        raise
    except BaseException as error:
        _break_off(ledger, events, error)
        raise


def _observed_run(settings: Settings, servers: Servers, run_id: str, source: str, trigger: str) -> ObservedRun:
    postgres = servers.postgres().postgres
    return ObservedRun(
        run_id=run_id,
        profile=settings.profile,
        trigger=trigger,
        source=source,
        postgres=f"postgres://{postgres['host']}:{postgres['port']}",
        dbname=postgres["dbname"],
        bucket=settings.lake.bucket,
        folder=settings.run.state_dir / "runs" / run_id,
    )


def _break_off(ledger: Ledger, events: Events, error: BaseException) -> None:
    """Close the run in the ledger. What went wrong may be Postgres itself; the error to tell is the first one."""
    is_interrupted = isinstance(error, KeyboardInterrupt)
    if isinstance(error, interrupts.Stopped):
        events.fail(error.error)
    elif is_interrupted:
        events.warn("Interrupted. What has landed is kept, and the next run goes on from there.")
    interrupts.acknowledge()
    outcome = "interrupted" if is_interrupted else "failed"
    with suppress(StoreError, interrupts.Stopped):
        try:
            ledger.runs.finish(outcome, str(error))
        except (StoreError, interrupts.Stopped):  # the connection may be lost, and the server there
            with ledger.reconnected():
                ledger.runs.finish(outcome, str(error))
