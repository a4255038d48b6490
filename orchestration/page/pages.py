"""All pages. Each is declared once: it is then HTML, JSON under /api, a part of the OpenAPI document and of reports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestration.page.facts import lineage, marts, model, month, months, plan, quality, request
from orchestration.page.parameters import (
    ABOUT,
    DATASET,
    DATASETS,
    DEPTH,
    FIRST,
    FORCE,
    LAST,
    MODEL,
    MONTH,
    MONTHS,
    OF_DATASET,
    REASON,
    REQUEST,
    ROWS,
    WHOLE,
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
    Page("request", "/requests/{request}", "What came of my request?", request.facts, request.Request, (REQUEST,)),
    Page(
        "lineage", "/lineage", "What reads what, how fresh is it, and did its tests pass?", lineage.facts,
        lineage.Lineage, (ABOUT, DEPTH, WHOLE), menu="Lineage",
    ),
    Page(
        "model", "/models/{model}", "What is in this model, and did its tests pass?", model.facts, model.Model,
        (MODEL, ROWS),
    ),
    Page(
        "quality", "/quality", "Which tests fail for which months, and what are the files worth?", quality.facts,
        quality.Quality, (OF_DATASET, LAST), menu="Quality",
    ),
    Page("marts", "/marts", "What do the trips say?", marts.facts, marts.Marts, menu="Marts"),
)  # fmt: skip
