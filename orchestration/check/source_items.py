"""Whether TLC's files are where the setting `source` says: one listing, or one request where there is none."""

from ingest.datasets import ZONE_LOOKUP_PATH, get_dataset
from ingest.open_source import open_source
from ingest.pace import Pace
from orchestration.check.items import Item
from orchestration.check.scene import Scene

_TRIES = 2  # a run tries more often; here a person waits


def _source(scene: Scene) -> str:
    settings = scene.settings.source
    source = open_source(
        settings.location,
        cache=scene.settings.cache,
        tries=_TRIES,
        pace=Pace(settings.timeout, settings.minimum_rate),
        storage_endpoint=scene.connections.gcs_endpoint if settings.location.startswith("gs://") else "",
    )
    months = source.list_months([get_dataset(name) for name in settings.datasets])
    if months is None:
        length = source.stat(ZONE_LOOKUP_PATH).length
        return f"{source.location}, {ZONE_LOOKUP_PATH} of {length or '?'} bytes"
    return f"{source.location}, {len(months)} months"


ITEMS = (Item("source", "Source", "shows its files", _source, "storage.objects.list"),)
