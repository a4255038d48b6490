"""The web application: each page as HTML and as JSON, the actions, static files, and errors in one sentence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from common.masking import masked
from ingest.errors import SettingError, StoreError, TaxiError
from orchestration.ledger.lease import BusyError
from orchestration.page import actions, openapi
from orchestration.page.documents import csv_of, json_of
from orchestration.page.facts import marts
from orchestration.page.notice import synthetic_source
from orchestration.page.pages import PAGES, Page
from orchestration.page.parameters import ROWS, Parameter
from orchestration.page.reading import NotFoundError, Reader
from orchestration.page.rendering import STATIC, render
from orchestration.page.security import COOKIE, Guard, Token, cookie_of, headers_of
from orchestration.requesting import NotInProgressError
from orchestration.settings import Settings

_A_YEAR = 31_536_000
_NOT_KEPT = {"cache-control": "no-store"}


@dataclass(frozen=True)
class Site:
    """What the routes share."""

    settings: Settings
    reader: Reader
    token: Token
    port: int


def application(site: Site) -> Starlette:
    """The application of this site; it answers on loopback alone."""
    app = Starlette(
        routes=[
            *(route for page in PAGES for route in _routes(page, site)),
            *(
                Route(prefix + action.path, partial(_act, site, action), methods=["POST"])
                for action in actions.ACTIONS
                for prefix in ("", "/api")
            ),
            Route("/marts/{name}.csv", partial(_csv, site), methods=["GET"]),
            Route("/enter", partial(_enter, site), methods=["GET"]),
            Route("/api/openapi.json", partial(_openapi, site), methods=["GET"]),
            Route("/health", partial(_health, site), methods=["GET"]),
            Route("/metrics", partial(_metrics, site), methods=["GET"]),
        ],
        middleware=[
            Middleware(Guard, port=site.port, token=site.token, refuse=partial(_refuse, site)),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
        exception_handlers={
            HTTPException: partial(_on_http_error, site),
            TaxiError: partial(_on_taxi_error, site),
            Exception: partial(_on_bug, site),
        },
    )
    app.mount("/static", _KeptFiles(directory=STATIC))
    return app


def _routes(page: Page, site: Site) -> list[Route]:
    async def html(request: Request) -> Response:
        facts = await run_in_threadpool(_facts, page, site, request)
        text = await run_in_threadpool(_html, page, site, request, facts)
        return HTMLResponse(text, headers=_NOT_KEPT)

    async def document(request: Request) -> Response:
        facts = await run_in_threadpool(_facts, page, site, request)
        return Response(json_of(facts, page.returns), media_type="application/json", headers=_NOT_KEPT)

    api_path = "/api" + (page.path if page.path != "/" else "/months")
    return [Route(page.path, html, name=page.name), Route(api_path, document, name=f"api_{page.name}")]


def _facts(page: Page, site: Site, request: Request) -> Any:
    values = given_parameters(page.parameters, request.path_params, request.query_params)
    if ROWS.name in values and request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise HTTPException(403, "Another site cannot ask for rows: BigQuery bills the question")
    with site.reader.reading() as reading:
        return page.facts(reading, **values)


def given_parameters(parameters: tuple[Parameter, ...], path: Mapping[str, str], query: QueryParams) -> dict[str, str]:
    """The values of a request by name. Raises NotFoundError, SettingError where one does not match its pattern."""
    values = {}
    for one in parameters:
        value = path[one.name] if one.is_in_path else ",".join(query.getlist(one.name))
        if not one.is_in_path and not value:
            continue
        if not re.fullmatch(one.pattern, value):
            if one.is_in_path:
                raise NotFoundError(f"There is no {one.description} {value!r}", f"Such as {one.example}")
            raise SettingError(f"{one.name}={value!r} is not {one.description}", f"Write it as {one.example}")
        values[one.name] = value
    return values


def _html(page: Page, site: Site, request: Request, facts: Any) -> str:
    return render(f"{page.name}.html", facts=facts, page=page, **common_values(site, request.scope))


def common_values(site: Site, scope: Any) -> dict[str, Any]:
    """What every template is given."""
    headers = headers_of(scope)
    return {
        "menu": [(one.path, one.menu) for one in PAGES if one.menu],
        "path": scope["path"],
        "is_signed_in": cookie_of(headers) == site.token.session,
        "profile": site.settings.profile,
        "synthetic": synthetic_source(site.settings),
        "is_report": False,
    }


async def _act(site: Site, action: actions.Action, request: Request) -> Response:
    is_api = request.scope["path"].startswith("/api/")
    path = {name: str(value) for name, value in request.path_params.items()}
    values = given_parameters(action.parameters, path, QueryParams())
    body = await request.body()
    fields = actions.fields_of(request.headers.get("content-type", ""), body, action)
    by = "API" if request.headers.get("authorization") else "page"
    done = await run_in_threadpool(action.do, site, by, **values, **fields)
    if is_api:
        return Response(json_of(done.answer, type(done.answer)), status_code=done.status, media_type="application/json")
    if done.page:
        template, facts = done.page
        page = next(one for one in PAGES if one.name == template)
        text = await run_in_threadpool(_html, page, site, request, facts)
        return HTMLResponse(text, status_code=done.status, headers=_NOT_KEPT)
    return RedirectResponse(done.next_path, status_code=303)


async def _enter(site: Site, request: Request) -> Response:
    if not site.token.use_key(request.query_params.get("key", "")):
        return await _error(
            site, request.scope, 403, "This link was used before, or is too old",
            "`python orchestrate.py page --link` prints another",
        )  # fmt: skip
    response = RedirectResponse("/", status_code=303)
    response.set_cookie(COOKIE, site.token.session, max_age=_A_YEAR, httponly=True, samesite="strict")
    return response


async def _openapi(site: Site, request: Request) -> Response:
    return JSONResponse(openapi.document(PAGES, actions.ACTIONS))


async def _csv(site: Site, request: Request) -> Response:
    name = request.path_params["name"]

    def text() -> str:
        with site.reader.reading() as reading:
            return csv_of(marts.facts(reading).chart(name))

    headers = {"content-disposition": f'attachment; filename="{name}.csv"', **_NOT_KEPT}
    return Response(await run_in_threadpool(text), media_type="text/csv", headers=headers)


async def _health(site: Site, request: Request) -> Response:
    def ask() -> None:
        with site.reader.reading() as reading:
            reading.rows("select")

    try:
        await run_in_threadpool(ask)
    except TaxiError as error:
        return JSONResponse({"status": "down", "error": masked(str(error))}, status_code=503)
    return JSONResponse({"status": "up"})


async def _metrics(site: Site, request: Request) -> Response:
    from orchestration.cli.metrics import of_ledger
    from orchestration.read_model import figures_of

    def figures() -> str:
        with site.reader.reading() as reading:
            return of_ledger(figures_of(reading.ledger))

    return PlainTextResponse(await run_in_threadpool(figures), media_type="text/plain; version=0.0.4")


async def _on_http_error(site: Site, request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "There is no such page", 405: "This page is not asked for in that way"}
    return await _error(site, request.scope, error.status_code, words.get(error.status_code, error.detail))


async def _on_taxi_error(site: Site, request: Request, error: Exception) -> Response:
    assert isinstance(error, TaxiError)
    return await _error(site, request.scope, status_of(error), error.what, error.next_step)


def status_of(error: TaxiError) -> int:
    """The HTTP status of an error."""
    kinds: tuple[tuple[type[TaxiError], int], ...] = (
        (NotFoundError, 404), (BusyError, 409), (NotInProgressError, 409), (SettingError, 400), (StoreError, 503),
    )  # fmt: skip
    return next((status for kind, status in kinds if isinstance(error, kind)), 500)


async def _on_bug(site: Site, request: Request, error: Exception) -> Response:
    return await _error(
        site, request.scope, 500, f"The page has a bug: {type(error).__name__}", "Its log has the trace"
    )


async def _refuse(site: Site, scope: Any, receive: Any, send: Any, status: int, what: str) -> None:
    response = await _error(site, scope, status, what)
    await response(scope, receive, send)


async def _error(site: Site, scope: Any, status: int, what: str, next_step: str = "") -> Response:
    what, next_step = masked(what), masked(next_step)
    if scope["path"].startswith(("/api/", "/health", "/metrics")):
        return JSONResponse({"error": what, "next_step": next_step}, status_code=status)
    values = common_values(site, scope)
    return HTMLResponse(render("error.html", status=status, what=what, next_step=next_step, **values), status)


class _KeptFiles(StaticFiles):
    """Files whose address holds their hash, so that a browser may keep them."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        response = super().file_response(*arguments, **named)
        response.headers["cache-control"] = f"public, max-age={_A_YEAR}, immutable"
        return response
