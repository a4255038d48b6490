"""The page Lineage: what reads what, how fresh it is, and how its tests ended. One model's neighbours, or all."""

from dataclasses import dataclass
from datetime import datetime

from ingest.errors import SettingError
from orchestration.catalog.records import FAILED
from orchestration.page.catalog import Catalog
from orchestration.page.facts.nodes import NEXT_STEP, NOTHING_YET, landed_at, node_lines, test_outcomes
from orchestration.page.facts.parts import Part, part_of
from orchestration.page.facts.similar import nearest
from orchestration.page.reading import NotFoundError, Reading

_FIRST = "fct_trips"
DEEPEST = 9


@dataclass(frozen=True)
class Lineage:
    """The page. `part` is None where there is nothing yet, as `missing` says; `names` are all that can be chosen."""

    model: str
    depth: int
    is_whole: bool
    names: list[str]
    part: Part | None
    failed: int
    tests: int
    now: datetime
    missing: str | None = None
    next_step: str | None = None


def facts(reading: Reading, model: str = "", depth: str = "1", whole: str = "") -> Lineage:
    """The neighbours of a model, or of the trips; with `whole` everything. Raises NotFoundError, SettingError."""
    levels, catalog = int(depth), Catalog(reading.settings.run.state_dir)
    if not 1 <= levels <= DEEPEST:
        raise SettingError(f"depth={depth} is not from 1 to {DEEPEST}", "Or ask for all of it: whole=yes")
    graph = catalog.graph()
    if graph is None:
        return Lineage(model, levels, bool(whole), [], None, 0, 0, reading.now, NOTHING_YET, NEXT_STEP)
    names = [node.name for node in graph.nodes]
    if model and model not in names:
        raise NotFoundError(f"There is no model {model!r}", f"There are {', '.join(nearest(model, names))}")
    chosen = model or (_FIRST if _FIRST in names else names[-1])
    results, months = catalog.results(), catalog.months()
    part = part_of(graph, node_lines(graph, results, months, landed_at(reading)), "" if whole else chosen, levels)
    shown = {test for node in graph.nodes if node.name in part.by_name for test in node.tests}  # some are of two nodes
    outcomes = [outcome for test, outcome in test_outcomes(results, months).items() if test in shown]
    return Lineage(
        model=chosen,
        depth=levels,
        is_whole=bool(whole),
        names=sorted(names),
        part=part,
        failed=outcomes.count(FAILED),
        tests=len(outcomes),
        now=reading.now,
    )
