"""The web application: each page as HTML and as JSON, the actions, static files, and errors in one sentence."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from ingest.errors import SettingError, TaxiError
from orchestration.page import actions, errors, for_programs
from orchestration.page.documents import json_of
from orchestration.page.pages import PAGES, Page
from orchestration.page.parameters import ROWS, Parameter
from orchestration.page.reading import CONNECTIONS, NotFoundError
from orchestration.page.rendering import STATIC, render
from orchestration.page.security import COOKIE, Guard, headers_of
from orchestration.page.site import NOT_KEPT, Site, common_values

_A_YEAR = 31_536_000


def application(site: Site) -> Starlette:
    """The application of this site; it answers on loopback alone."""
    app = Starlette(
        lifespan=_few_threads,
        routes=[
            *(route for page in PAGES for route in _routes(page, site)),
            *(
                Route(prefix + action.path, partial(_act, site, action), methods=["POST"])
                for action in actions.ACTIONS
                for prefix in ("", "/api")
            ),
            Route("/marts/{name}.csv", partial(for_programs.csv, site), methods=["GET"]),
            Route("/enter", partial(_enter, site), methods=["GET"]),
            Route("/api/openapi.json", partial(for_programs.openapi_document, site), methods=["GET"]),
            Route("/health", partial(for_programs.health, site), methods=["GET"]),
            Route("/metrics", partial(for_programs.metrics, site), methods=["GET"]),
        ],
        middleware=[
            Middleware(Guard, port=site.port, token=site.token, refuse=partial(errors.refuse, site)),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
        exception_handlers={
            HTTPException: partial(errors.on_http_error, site),
            TaxiError: partial(errors.on_taxi_error, site),
            Exception: partial(errors.on_bug, site),
        },
    )
    app.mount("/static", _KeptFiles(directory=STATIC))
    return app


@asynccontextmanager
async def _few_threads(_: Starlette) -> AsyncIterator[None]:
    """Each page is made in a thread; 40 of them, as usual, would take 15 MB and wait for the few connections."""
    current_default_thread_limiter().total_tokens = 2 * CONNECTIONS
    yield


def _routes(page: Page, site: Site) -> list[Route]:
    async def html(request: Request) -> Response:
        facts = await run_in_threadpool(_facts, page, site, request)
        text = await run_in_threadpool(_html, page, site, request, facts)
        return HTMLResponse(text, headers=NOT_KEPT)

    async def document(request: Request) -> Response:
        facts = await run_in_threadpool(_facts, page, site, request)
        return Response(json_of(facts, page.returns), media_type="application/json", headers=NOT_KEPT)

    api_path = "/api" + (page.path if page.path != "/" else "/months")
    return [Route(page.path, html, name=page.name), Route(api_path, document, name=f"api_{page.name}")]


def _facts(page: Page, site: Site, request: Request) -> Any:
    values = given_parameters(page.parameters, request.path_params, request.query_params)
    if values.get(ROWS.name) == "bigquery" and not site.token.allows(headers_of(request.scope)):
        raise HTTPException(403, "Sign in to ask BigQuery for rows: it bills the question")
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


async def _act(site: Site, action: actions.Action, request: Request) -> Response:
    is_api = request.scope["path"].startswith("/api/")
    path = {name: str(value) for name, value in request.path_params.items()}
    values = given_parameters(action.parameters, path, QueryParams())
    body = await request.body()
    fields = actions.fields_of(request.headers.get("content-type", ""), body, action)
    by = "API" if request.headers.get("authorization") else "page"
    done = await run_in_threadpool(action.do, site, by, **values, **fields)
    if is_api and done.refusal:
        return await errors.error_answer(site, request.scope, done.status, done.refusal, "Ask for the plan again")
    if is_api:
        return Response(json_of(done.answer, type(done.answer)), status_code=done.status, media_type="application/json")
    if done.page:
        template, facts = done.page
        page = next(one for one in PAGES if one.name == template)
        text = await run_in_threadpool(_html, page, site, request, facts)
        return HTMLResponse(text, status_code=done.status, headers=NOT_KEPT)
    return RedirectResponse(done.next_path, status_code=303)


async def _enter(site: Site, request: Request) -> Response:
    if not site.token.use_key(request.query_params.get("key", "")):
        return await errors.error_answer(
            site, request.scope, 403, "This link was used before, or is too old",
            "`python orchestrate.py page --link` prints another",
        )  # fmt: skip
    response = RedirectResponse("/", status_code=303)
    response.set_cookie(COOKIE, site.token.session, max_age=_A_YEAR, httponly=True, samesite="strict")
    return response


class _KeptFiles(StaticFiles):
    """Files whose address holds their hash, so that a browser may keep them."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        response = super().file_response(*arguments, **named)
        response.headers["cache-control"] = f"public, max-age={_A_YEAR}, immutable"
        return response
