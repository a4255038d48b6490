"""All pages. Each is declared once: it is then HTML, JSON under /api, a part of the OpenAPI document and of reports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestration.page.facts import marts, months, plan, request
from orchestration.page.parameters import DATASETS, FIRST, FORCE, LAST, MONTHS, REQUEST, Parameter


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
        "plan", "/plan", "What would a run do, and why?", plan.facts, plan.PlanPage,
        (DATASETS, MONTHS, FIRST, LAST, FORCE), menu="Plan",
    ),
    Page("marts", "/marts", "What do the trips say?", marts.facts, marts.Marts, menu="Marts"),
    Page("request", "/requests/{request}", "What came of my request?", request.facts, request.Request, (REQUEST,)),
)  # fmt: skip
