"""Errors as answers: one sentence and the next step, with the status that HTTP has for it."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from common.masking import masked
from ingest.errors import SettingError, StoreError, TaxiError
from orchestration.ledger.lease import BusyError
from orchestration.page.reading import NotFoundError
from orchestration.page.rendering import render
from orchestration.page.security import SAFE_HEADERS
from orchestration.page.site import Site, common_values
from orchestration.requesting import NotInProgressError


async def on_http_error(site: Site, request: Request, error: Exception) -> Response:
    """An error of HTTP itself, such as a path to nothing."""
    assert isinstance(error, HTTPException)
    words = {404: "There is no such page", 405: "This page does not accept that method"}
    return await error_answer(site, request.scope, error.status_code, words.get(error.status_code, error.detail))


async def on_taxi_error(site: Site, request: Request, error: Exception) -> Response:
    """An error that people have to know about: what it is, and the next step."""
    assert isinstance(error, TaxiError)
    return await error_answer(site, request.scope, status_of(error), error.what, error.next_step)


def status_of(error: TaxiError) -> int:
    """The HTTP status of an error."""
    kinds: tuple[tuple[type[TaxiError], int], ...] = (
        (NotFoundError, 404), (BusyError, 409), (NotInProgressError, 409), (SettingError, 400), (StoreError, 503),
    )  # fmt: skip
    return next((status for kind, status in kinds if isinstance(error, kind)), 500)


async def on_bug(site: Site, request: Request, error: Exception) -> Response:
    """Any other error; its trace goes to the log."""
    answer = await error_answer(
        site, request.scope, 500, f"The page has a bug: {type(error).__name__}", "Its log has the trace"
    )
    for name, value in SAFE_HEADERS:  # the guard has lost hold of this answer
        answer.headers[name.decode()] = value.decode()
    return answer


async def refuse(site: Site, scope: Any, receive: Any, send: Any, status: int, what: str) -> None:
    """What the guard answers."""
    response = await error_answer(site, scope, status, what)
    await response(scope, receive, send)


async def error_answer(site: Site, scope: Any, status: int, what: str, next_step: str = "") -> Response:
    """The error as JSON for programs, as a page for people."""
    what, next_step = masked(what), masked(next_step)
    if scope["path"].startswith(("/api/", "/health", "/metrics")):
        return JSONResponse({"error": what, "next_step": next_step}, status_code=status)
    values = common_values(site, scope)
    return HTMLResponse(render("error.html", status=status, what=what, next_step=next_step, **values), status)
