"""Tries the items one after the other, and drops what they made, however they end."""

import re
from collections.abc import Callable, Sequence

import psycopg

from common.errors import TaxiError
from common.masking import masked
from ingest.errors import first_line
from ingest.external_tables import BIGQUERY_FAULTS
from ingest.lake_faults import REFUSALS as LAKE_REFUSALS
from orchestration import interrupts
from orchestration.check.items import Item, NotTriedError, Outcome, Report, Result
from orchestration.check.rights import advise
from orchestration.check.scene import Scene

FAULTS = (TaxiError, psycopg.Error, OSError, *BIGQUERY_FAULTS, *LAKE_REFUSALS)
"""What an item may end with. Anything else is a fault of ours."""

_REQUEST = re.compile(r"^(\d{3} )(?:GET|HEAD|POST|PUT|PATCH|DELETE) \S+: ")
_DROP = Item("drop", "Afterwards", "drops what it made", lambda scene: "", "bigquery.datasets.delete")


def try_all(items: Sequence[Item], scene: Scene, tell: Callable[[Result], None]) -> Report:
    """Try the items in their order. `tell` hears of each as it ends."""
    results: list[Result] = []

    def add(result: Result) -> None:
        results.append(result)
        tell(result)

    try:
        passed: set[str] = set()
        for item in items:
            result = _try(item, scene, [one for one in items if one.name in item.needs and one.name not in passed])
            if result.outcome is Outcome.PASSED:
                passed.add(item.name)
            add(result)
    finally:
        with interrupts.deferred():
            add(_dropped(scene, scene.drop_all(FAULTS)))
    return Report(tuple(results), tuple(scene.settled))


def _try(item: Item, scene: Scene, lacking: Sequence[Item]) -> Result:
    if lacking:
        needed = ", ".join(f"“{one.server}: {one.title}”" for one in lacking)
        return Result(item, Outcome.SKIPPED, f"skipped: needs {needed}")
    try:
        return Result(item, Outcome.PASSED, item.do(scene))
    except NotTriedError as reason:
        return Result(item, Outcome.NOT_TRIED, f"not tried: {reason}")
    except FAULTS as error:
        missing, fix = advise(error, item.right, scene, bucket_of(item, scene))
        return Result(item, Outcome.FAILED, _said(error), missing, masked(fix))


def bucket_of(item: Item, scene: Scene) -> str:
    """The bucket that an item is about: the source's own, or the lake's."""
    location = scene.settings.source.location
    if item.server == "Source" and location.startswith("gs://"):
        return location.removeprefix("gs://").partition("/")[0]
    return scene.connections.lake.bucket


def _dropped(scene: Scene, left: Sequence[tuple[str, Exception]]) -> Result:
    if not left:
        return Result(_DROP, Outcome.PASSED, "")
    error = left[0][1]
    missing, fix = advise(error, _DROP.right, scene, scene.connections.lake.bucket)
    return Result(_DROP, Outcome.FAILED, f"{', '.join(what for what, _ in left)}: {_said(error)}", missing, fix)


def _said(error: Exception) -> str:
    """Without the address that Google's clients put before what the server says."""
    return error.what if isinstance(error, TaxiError) else masked(_REQUEST.sub(r"\1", first_line(error)))
