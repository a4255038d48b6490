"""Takes the snapshot that a plan follows from: asks the source, the ledger and the warehouses, and decides nothing."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from ingest.errors import NotPublishedError
from ingest.source import Source
from orchestration.ledger.ledger import Ledger
from orchestration.plan.batches import months_within
from orchestration.plan.builds import Fingerprint, Warehouse
from orchestration.plan.plan import Snapshot
from orchestration.plan.wanted import Listing, Pair, Request, wanted_months
from orchestration.settings import Settings
from orchestration.steps import WAREHOUSES
from orchestration.warehouses.dbt_project import manifest_of, project_fingerprint
from orchestration.warehouses.servers import stores_of


def take_snapshot(
    settings: Settings,
    source: Source,
    ledger: Ledger,
    request: Request,
    today: date,
    existing: Callable[[str], frozenset[str] | None],
    warn: Callable[[str], None],
) -> Snapshot:
    """What is there now. `existing` gives a warehouse's relations, None where nobody looks; `warn` shows a sentence.

    Raises SourceError, StoreError; SettingError where the source holds nothing.
    """
    records, stores = ledger.months.all(), stores_of(settings)
    listing = take_listing(source, request, settings.source.newest_months, today, warn)
    wanted = wanted_months(listing, request, records.values(), stores, settings.run.kept_months)
    answers = source.stat_many([dataset.file_path(month) for dataset, month in wanted])
    return Snapshot(
        today=today,
        request=request,
        files={pair: answers[pair[0].file_path(pair[1])] for pair in wanted},
        records=records,
        stores=stores,
        is_published=ledger.builds.is_published(stores),
        project=project_fingerprint(settings.run.dbt_select),
        warehouses={
            name: warehouse_of(settings.run.state_dir, ledger, name, stores, existing(name)) for name in WAREHOUSES
        },
        batch_months=min(settings.run.batch_months, months_within(ledger.locks, settings.postgres.threads)),
        batch_rows=settings.run.batch_rows,
        keeps=settings.run.kept_months,
    )


def take_listing(
    source: Source, request: Request, newest: int, today: date, warn: Callable[[str], None] = lambda _: None
) -> Listing:
    """What the source has; of one that can't be listed the `newest` months, unless months are named."""
    held = source.list_months(request.datasets)
    if held is not None:
        return Listing(source.location, tuple(held), not_taken=tuple(source.not_taken()))
    published: list[Pair] = []
    for dataset in () if request.months else request.datasets:
        try:
            published += [(dataset, month) for month in source.newest_months(dataset, newest, today)]
        except NotPublishedError as error:
            if len(request.datasets) == 1:
                raise
            warn(str(error))
    return Listing(source.location, newest=tuple(published))


def warehouse_of(
    state_dir: Path, ledger: Ledger, name: str, stores: str, existing: frozenset[str] | None = None
) -> Warehouse:
    """What the ledger and `state_dir` know of a warehouse. `existing`: its relations, where somebody looked."""
    last = ledger.builds.last(name, stores)
    if last is None:
        return Warehouse(existing=existing)
    return Warehouse(Fingerprint.parse(last.project), last.relations, existing, manifest_of(state_dir, name))
