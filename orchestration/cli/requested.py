"""`run --request N`: the process that does what the page or its API was asked for."""

import typer

from orchestration.cli.console import request_of, service_of
from orchestration.cli.exit_codes import ExitCode
from orchestration.cli.options import shown_arguments
from orchestration.ledger.requests import RequestRecord
from orchestration.memory import NO_FRAMES, save_memory
from orchestration.plan.scope import scope_of
from orchestration.settings import load_settings


def serve(number: int, profile: str | None) -> None:
    """Do the request. Raises TaxiError, which is its outcome too; ends with 1 where months failed."""
    save_memory(NO_FRAMES, lands=True)
    service = service_of(load_settings({"profile": profile}))
    with service.request(number) as (request, failures):
        failures += _tick(profile) if request.kind == "tick" else _run(request, profile)
    if failures:
        raise typer.Exit(ExitCode.FAILED)


def _run(asked: RequestRecord, profile: str | None) -> tuple[str, ...]:
    options = asked.options
    settings = load_settings({"datasets": options["datasets"], "source": options["source"], "profile": profile})
    steps = scope_of(options.get("only"), options.get("from"))
    request = request_of(settings, options["datasets"], options["months"], options["force"], steps=steps)
    result = service_of(settings).run(
        request,
        shown_arguments(),
        trigger="request",
        shown=dict(asked.document) if asked.document else None,
        request_number=asked.request_number,
    )
    return result.failures


def _tick(profile: str | None) -> tuple[str, ...]:
    settings = load_settings({"profile": profile})
    result = service_of(settings).tick(request_of(settings, None), shown_arguments())
    return result.run.failures if result.run else ()
