"""All pages. Each is declared once: it is then HTML, JSON under /api, a part of the OpenAPI document and of reports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestration.page.facts import month, months, operate, plan, request, run, runs
from orchestration.page.parameters import (
    BEFORE,
    DATASET,
    DATASETS,
    FIRST,
    FORCE,
    LAST,
    MONTH,
    MONTHS,
    OUTCOME,
    REASON,
    REQUEST,
    RUN,
    STEP,
    Parameter,
)


@dataclass(frozen=True)
class Page:
    """A page. `facts` takes a Reading and the parameters by name (absent ones of the query are left out)."""

    name: str
    """Of its template, and of its operation in the API."""
    path: str
    question: str
    facts: Callable[..., Any]
    returns: type
    parameters: tuple[Parameter, ...] = ()
    menu: str = ""
    """Its name in the menu; empty: it is not there."""


PAGES = (
    Page("months", "/", "Is everything there, and what needs me?", months.facts, months.Months, menu="Months"),
    Page(
        "month", "/months/{dataset}/{month}", "Where did the rows of a month go, and why?", month.facts, month.Month,
        (DATASET, MONTH, REASON),
    ),
    Page(
        "plan", "/plan", "What would a run do, and why?", plan.facts, plan.PlanPage,
        (DATASETS, MONTHS, FIRST, LAST, FORCE), menu="Plan",
    ),
    Page("runs", "/runs", "What ran, and how did it end?", runs.facts, runs.Runs, (BEFORE, OUTCOME), menu="Runs"),
    Page("run", "/runs/{run}", "What is a run doing, and is that normal?", run.facts, run.Run, (RUN, STEP)),
    Page(
        "operate", "/operate", "Does the line run by itself, and with what?", operate.facts, operate.Operate,
        menu="Operate",
    ),
    Page("request", "/requests/{request}", "What came of my request?", request.facts, request.Request, (REQUEST,)),
)  # fmt: skip
