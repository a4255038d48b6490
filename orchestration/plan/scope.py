"""Which steps of the line a run does: all, one (`run --only`), or one and what follows (`run --from`). Pure."""

from collections.abc import Iterator, Mapping

from ingest.errors import SettingError, TaxiError
from ingest.months import label
from orchestration.plan.months import PlannedMonth
from orchestration.plan.plan import Plan
from orchestration.plan.reasons import Action
from orchestration.steps import DBT, EXTERNAL_TABLES, INGEST, LINE, PREPARE, PUBLISH, WIDEN, Step

Scope = frozenset[str]
"""Names of steps. Each run does `prepare` besides: it makes what the stores lack."""
Latest = Mapping[tuple[str, str], tuple[int, bool]]
"""By step and month, as in steps.months ('' for steps without): the number of the latest, and whether it is done."""
_SHOWN = 5


class StepMissingError(TaxiError):
    """Months have not passed a step that is needed."""


def step_named(text: str, option: str) -> Step:
    """The step that is called so, or that alone has this in its name. Raises SettingError that names the option."""
    choices = LINE[1:]  # without prepare
    found = [step for step in choices if step.name == text] or [step for step in choices if text and text in step.name]
    if len(found) == 1:
        return found[0]
    what = f"{text} could be {' or '.join(step.name for step in found)}" if found else f"there is no step {text!r}"
    raise SettingError(f"{option}: {what}", f"Choose from {', '.join(step.name for step in choices)}")


def scope_of(only: str | None, onwards: str | None) -> Scope | None:
    """The steps that the options --only and --from name; None: all. Raises SettingError."""
    if only is not None and onwards is not None:
        raise SettingError("--only and --from cannot both be given", "Give one of them")
    if only is not None:
        return frozenset({step_named(only, "--only").name})
    if onwards is not None:
        return frozenset(step.name for step in LINE[LINE.index(step_named(onwards, "--from")) :])
    return None


def check_passed(plan: Plan, scope: Scope, latest: Latest) -> None:
    """Raise StepMissingError where months of the plan have not passed a step that one in the scope needs.

    A month has passed a step if it ended well, and nothing of the month has landed since. None has passed dbt on a
    warehouse that is not built from the project of today.
    """
    behind = {DBT[warehouse].name for warehouse in plan.rebuilds}
    months = [one for batch in plan.batches for one in batch.months]
    for step in LINE:
        # Anybody may copy the ledger at any time.
        for need in _needs(step) if step.name in scope and step is not PUBLISH else ():
            if need in behind - scope:
                what = f"{step.name} needs {need}, which has not been done with the dbt project as it is now"
                raise StepMissingError(what, f"Run --from {need!r}")
            lacking = [str(one) for one in months if not _has_passed(one, need, scope, latest)]
            if lacking:
                shown = ", ".join([*lacking[:_SHOWN], *["…"] * (len(lacking) > _SHOWN)])
                raise StepMissingError(
                    f"{step.name} needs {need}, which has not been done since they landed, or at all, for: {shown}",
                    f"Run --from {need!r}, or name other months",
                )


def _needs(step: Step) -> list[str]:
    """What it needs, and what that needs, in the order of the line."""
    names = {*step.needs}
    for earlier in reversed(LINE[: LINE.index(step)]):
        names |= {*earlier.needs} if earlier.name in names else set()
    return [one.name for one in LINE if one.name in names]


def _has_passed(planned: PlannedMonth, need: str, scope: Scope, latest: Latest) -> bool:
    if need in scope or need == PREPARE.name:
        return True
    if need in (INGEST.name, WIDEN.name):
        is_missing = planned.action is Action.LAND and INGEST.name not in scope
        return not (is_missing or (planned.action is Action.LAND_AGAIN and WIDEN.name not in scope))
    if (planned.record and planned.record.is_built) or (need == DBT["postgres"].name and planned.skips_postgres):
        return True
    subject = "" if need == EXTERNAL_TABLES.name else label(planned.month)
    number, is_done = latest.get((need, subject), (0, False))
    return is_done and number > max(_landings(planned, latest), default=0)


def _landings(planned: PlannedMonth, latest: Latest) -> Iterator[int]:
    """Of every data set of the file month: a build makes them together."""
    for (step, subject), (number, _) in latest.items():
        if step in (INGEST.name, WIDEN.name) and subject.endswith(f" {label(planned.month)}"):
            yield number
