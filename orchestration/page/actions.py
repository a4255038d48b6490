"""What the page and its API can have done. Each is a request to the line, or a signal to a run; none runs it here."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ingest.datasets import get_dataset
from ingest.errors import SettingError
from ingest.months import parse_months
from orchestration.page.facts import operate
from orchestration.page.facts import plan as plan_facts
from orchestration.page.parameters import DATASET, MONTH, RUN, Parameter
from orchestration.page.reading import NotFoundError
from orchestration.plan.identity import PlanChangedError
from orchestration.provenance import user
from orchestration.requesting import Requesting

if TYPE_CHECKING:
    from orchestration.page.site import Site


@dataclass(frozen=True)
class Field:
    """A value in the body of an action."""

    name: str
    description: str
    schema: dict[str, Any]
    is_required: bool = True


@dataclass(frozen=True)
class Accepted:
    """A request was recorded, and a process of its own does it: see /requests/{request}."""

    request: int


@dataclass(frozen=True)
class Told:
    """What was done at once."""

    what: str


@dataclass(frozen=True)
class Done:
    """What came of an action: its answer for programs; for people where to look, or a page with this status."""

    answer: Any
    next_path: str
    status: int = 202
    page: tuple[str, Any] | None = None
    refusal: str = ""
    """Why nothing was done, for programs."""


@dataclass(frozen=True)
class Action:
    """An action. `do` takes the site, who asks, and the parameters and fields by name."""

    name: str
    path: str
    summary: str
    do: Callable[..., Done]
    returns: type
    parameters: tuple[Parameter, ...] = ()
    fields: tuple[Field, ...] = field(default=())
    status: int = 202


def fields_of(content_type: str, body: bytes, action: Action) -> dict[str, Any]:
    """The fields of a form or of a JSON document. Raises SettingError where one is missing, unknown or not a text."""
    given: Any
    try:
        if content_type.partition(";")[0].strip().lower() == "application/json":
            given = json.loads(body or b"{}")
        else:
            given = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=False))
    except (ValueError, RecursionError):
        raise SettingError("The body is neither a form nor JSON", "See /api/openapi.json") from None
    if not isinstance(given, dict):
        raise SettingError("The body is no JSON object", "See /api/openapi.json")
    known = {one.name: one for one in action.fields}
    if unknown := sorted(set(given) - set(known)):
        raise SettingError(f"The body has an unknown field {unknown[0]!r}", "See /api/openapi.json")
    for one in action.fields:
        value = given.get(one.name)
        if value is None and not one.is_required and one.name not in given:
            continue
        if not isinstance(value, str) or not re.fullmatch(one.schema["pattern"], value):
            raise SettingError(f"The body's field {one.name!r} is not {one.description}", "See /api/openapi.json")
    return given


def _run(site: "Site", by: str, plan: str) -> Done:
    requesting = _requesting(site)
    try:
        number = requesting.run(plan, _who(by))
    except PlanChangedError as error:
        facts = plan_facts.changed(requesting, plan, error)
        return Done(facts, "/plan", 409, ("plan", facts), error.what)
    return Done(Accepted(number), f"/requests/{number}")


def _retry(site: "Site", by: str, dataset: str, month: str) -> Done:
    key = (get_dataset(dataset).name, parse_months([month])[0])
    if key[1] < get_dataset(dataset).first_month:
        raise NotFoundError(
            f"There is no {dataset} {month}", f"Its first month is {get_dataset(dataset).first_month:%Y-%m}"
        )
    number = _requesting(site).retry(key, _who(by))
    return Done(Accepted(number), f"/requests/{number}")


def _tick(site: "Site", by: str) -> Done:
    number = _requesting(site).tick(_who(by))
    return Done(Accepted(number), f"/requests/{number}")


def _cancel(site: "Site", by: str, run: str) -> Done:
    _requesting(site).cancel(run)
    return Done(Told(f"Run {run} was told to end"), f"/runs/{run}")


def _test_alerts(site: "Site", by: str) -> Done:
    tested = operate.Tested(*_requesting(site).test_alerts())
    with site.reader.reading() as reading:
        facts = replace(operate.facts(reading), tested=tested)
    return Done(tested, "/operate", status=200, page=("operate", facts))


def _requesting(site: "Site") -> Requesting:
    return Requesting(site.settings, site.reader.dsn)


def _who(by: str) -> str:
    return f"{user()} ({by})"


_PLAN = Field("plan", "the hash of a plan that was shown", {"type": "string", "pattern": "^[0-9a-f]{12}$"})
ACTIONS = (
    Action("run_plan", "/runs", "Run exactly the plan that was shown", _run, Accepted, fields=(_PLAN,)),
    Action(
        "retry_month", "/months/{dataset}/{month}/retry", "Do a file month again", _retry, Accepted, (DATASET, MONTH)
    ),
    Action("cancel_run", "/runs/{run}/cancel", "End a run that is in progress", _cancel, Told, (RUN,)),
    Action(
        "test_alerts", "/alerts/test", "Send a test message to each address of alert_urls", _test_alerts,
        operate.Tested, status=200,
    ),
    Action("tick", "/ticks", "Look for new and republished months now", _tick, Accepted),
)  # fmt: skip
