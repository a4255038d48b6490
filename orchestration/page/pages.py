"""All pages. Each is declared once: it is then HTML, JSON under /api, a part of the OpenAPI document and of reports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestration.page import parameters as taken
from orchestration.page.facts import lineage, marts, model, month, months, operate, plan, quality, request, run, runs
from orchestration.page.parameters import Parameter


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
        "month", "/months/{dataset}/{month}", "Where did the rows of a file month go, why, and since when?",
        month.facts, month.Month, (taken.DATASET, taken.MONTH, taken.REASON),
    ),
    Page(
        "plan", "/plan", "What would a run do, and why?", plan.facts, plan.PlanPage,
        (taken.DATASETS, taken.MONTHS, taken.FIRST, taken.LAST, taken.FORCE), menu="Plan",
    ),
    Page(
        "request", "/requests/{request}", "What came of my request?", request.facts, request.Request, (taken.REQUEST,),
    ),
    Page(
        "runs", "/runs", "What ran, and how did it end?", runs.facts, runs.Runs, (taken.BEFORE, taken.OUTCOME),
        menu="Runs",
    ),
    Page(
        "run", "/runs/{run}", "What is a run doing, and is that normal?", run.facts, run.Run, (taken.RUN, taken.STEP),
    ),
    Page(
        "quality", "/quality", "Which tests fail for which months, and what are the files worth?", quality.facts,
        quality.Quality, (taken.OF_DATASET, taken.LAST), menu="Quality",
    ),
    Page(
        "lineage", "/lineage", "What reads what, how fresh is it, and did its tests pass?", lineage.facts,
        lineage.Lineage, (taken.ABOUT, taken.DEPTH, taken.WHOLE), menu="Lineage",
    ),
    Page(
        "model", "/models/{model}", "What is in this model, and did its tests pass?", model.facts, model.Model,
        (taken.MODEL, taken.ROWS),
    ),
    Page("marts", "/marts", "What do the trips say?", marts.facts, marts.Marts, menu="Marts"),
    Page(
        "operate", "/operate", "Does the line run by itself, and with what?", operate.facts, operate.Operate,
        menu="Operate",
    ),
)  # fmt: skip
