"""The commands of the web page: page, and report for pages as one file."""

import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from common.python import python_command
from ingest.errors import SettingError, TaxiError
from orchestration.cli.console import events, request_of
from orchestration.cli.options import Datasets, Months, Profile
from orchestration.settings import Settings, load_settings
from orchestration.warehouses.servers import Servers

Port = Annotated[int | None, typer.Option("--port", help="Of the page, on this machine only", show_default="6789")]
Link = Annotated[bool, typer.Option("--link", help="Print a link that signs one browser in, and end")]
Background = Annotated[bool, typer.Option("--background", help="Leave the page running; `down` ends it")]

RunId = Annotated[str | None, typer.Option("--run", help="Of this run")]
File = Annotated[Path, typer.Argument(help="Such as report.html", dir_okay=False)]

_START_SECONDS = 30


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (page, report):
        app.command()(command)


def page(profile: Profile = None, port: Port = None, link: Link = False, background: Background = False) -> None:
    """Serve the web page: months, runs, rows, lineage, marts. Needs the extra `page`."""
    settings = load_settings({"profile": profile, "page_port": port})
    _check_extra()
    if link:
        print(_link(settings))
    elif background:
        _start(settings)
    else:
        from orchestration.memory import save_memory
        from orchestration.page.server import serve

        save_memory()  # before its threads, each of which would have a heap of its own
        serve(settings, settings.page.port, lambda: events.say(_words(settings)))


def report(
    file: File, months: Months = None, datasets: Datasets = None, run: RunId = None, profile: Profile = None
) -> None:
    """Write pages as one file: the state of the line, or these months, or a run. Needs the extra `page`."""
    settings = load_settings({"profile": profile, "datasets": datasets})
    _check_extra()
    if datasets and not months:
        raise SettingError("--datasets alone names no months for a report", "Give --months too")
    if run and (months or datasets):
        raise SettingError("--run is about one run", "Give no months and data sets with it")
    from orchestration.page.reading import Reader
    from orchestration.page.report import chapters_of, write_report

    request = request_of(settings, datasets, months)
    pairs = [(one.name, month) for month in request.months for one in request.datasets if month >= one.first_month]
    reader = Reader(settings)
    with Servers(settings, "report") as servers:
        reader.prepare(servers)
        size = write_report(settings, reader, chapters_of(pairs, run), file)
        reader.close()
    events.say(f"Wrote {file}: {size:,} characters")


def _words(settings: Settings) -> str:
    return f"The page: http://localhost:{settings.page.port} (to sign in, so that its buttons work: {_link(settings)})"


def _link(settings: Settings) -> str:
    from orchestration.page.security import Token

    return f"http://localhost:{settings.page.port}/enter?key={Token(settings.run.state_dir).new_key()}"


def _start(settings: Settings) -> None:
    """Serve in a process of its own, and return once it answers."""
    folder = settings.run.state_dir / "page"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = folder / f"page-{settings.page.port}.log"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            python_command("orchestrate", "page", "--port", str(settings.page.port)),
            env={**os.environ, "TAXI_PROFILE": settings.profile},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    until = time.monotonic() + _START_SECONDS
    while "The page: " not in log.read_text(encoding="utf-8", errors="replace"):
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            wrong = [line.partition(" ✗ ")[2] for line in lines if " ✗ " in line]
            raise TaxiError(wrong[-1] if wrong else "The page did not start", f"Its log is {log}")
        time.sleep(0.1)
    events.say(_words(settings))
    sys.stdout.flush()


def _check_extra() -> None:
    missing = [name for name in ("jinja2", "starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise SettingError(
            f"The page needs the package {missing[0]}",
            "pip install --require-hashes --no-deps -r requirements/page.txt, or pip install '.[page]'",
        )
