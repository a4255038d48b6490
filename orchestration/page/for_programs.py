"""What programs ask the page for besides the API: its document, health, metrics, and charts as CSV."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from common.masking import masked
from ingest.errors import TaxiError
from orchestration.cli.metrics import of_ledger
from orchestration.page import openapi
from orchestration.page.actions import ACTIONS
from orchestration.page.documents import csv_of
from orchestration.page.facts import marts
from orchestration.page.pages import PAGES
from orchestration.page.reading import NotFoundError
from orchestration.page.site import NOT_KEPT, Site
from orchestration.read_model import figures_of


async def openapi_document(site: Site, request: Request) -> Response:
    """What the API takes and gives."""
    return JSONResponse(openapi.document(PAGES, ACTIONS))


async def csv(site: Site, request: Request) -> Response:
    """The rows of a chart."""
    name = request.path_params["name"]

    def text() -> str:
        with site.reader.reading() as reading:
            chart = marts.facts(reading).chart(name)
        if not chart.columns:
            raise NotFoundError(f"{name} has no rows: {chart.note}", "Try again later, or run the line")
        return csv_of(chart)

    headers = {"content-disposition": f'attachment; filename="{name}.csv"', **NOT_KEPT}
    return Response(await run_in_threadpool(text), media_type="text/csv", headers=headers)


async def health(site: Site, request: Request) -> Response:
    """Whether Postgres answers."""

    def ask() -> None:
        with site.reader.reading() as reading:
            reading.rows("select")

    try:
        await run_in_threadpool(ask)
    except TaxiError as error:
        return JSONResponse({"status": "down", "error": masked(str(error))}, status_code=503)
    return JSONResponse({"status": "up"})


async def metrics(site: Site, request: Request) -> Response:
    """The ledger's figures as Prometheus text."""

    def figures() -> str:
        with site.reader.reading() as reading:
            return of_ledger(figures_of(reading.ledger))

    return PlainTextResponse(await run_in_threadpool(figures), media_type="text/plain; version=0.0.4")
