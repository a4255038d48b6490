"""The whole line on a PostgreSQL with stock settings, as a managed service runs it, against the embedded server's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.building import FIRST, MONTH, ROWS_OF_FIRST
from benchmarks.compare import Finding
from benchmarks.runs import LineRun, run_line
from embedded import Stack
from embedded.stock_postgres import stock_postgres

STATE = "stock"
EMBEDDED = "embedded"
# What a user may set in the URL, where a service's flags cannot be set.
IN_THE_URL = "?options=-c%20work_mem%3D128MB%20-c%20jit%3Doff"
_STOCK = {"stock settings": "", "stock settings, work_mem and jit in the URL": IN_THE_URL}


def line_on_stock_settings(bench: Bench) -> list[Finding]:
    """A month after a small one, whose run makes all tables, each time on new servers; the settings by turns."""
    files = [bench.month(FIRST, rows=ROWS_OF_FIRST), bench.month(MONTH)]
    first, both = bench.source("source_stock_first", files[:1]), bench.source("source_stock", files)
    runs: dict[str, list[LineRun]] = {name: [] for name in (EMBEDDED, *_STOCK)}
    for turn in range(1, bench.runs + 1):
        for name, of_it in runs.items():
            bench.remove_state(STATE)
            with _servers(bench, name) as environment:
                run_line({**environment, "TAXI_SOURCE": str(first)})
                of_it.append(run_line({**environment, "TAXI_SOURCE": str(both)}))
            bench.say(f"{name}, run {turn} of {bench.runs}: {of_it[-1].seconds:.1f} s")
            bench.remove_state(STATE)
    embedded = runs.pop(EMBEDDED)
    return [
        Finding(
            f"the line, Postgres with {name}, against the embedded one",
            [run.seconds for run in of_stock],
            [run.seconds for run in embedded],
            facts={"runs": [asdict(run) for run in of_stock], "embedded": [asdict(run) for run in embedded]},
        )
        for name, of_stock in runs.items()
    ]


@contextmanager
def _servers(bench: Bench, name: str) -> Iterator[dict[str, str]]:
    """The environment of a pipeline on new servers."""
    if name in _STOCK:
        with _stock_servers(bench.folder / STATE, _STOCK[name]) as environment:
            yield environment
    else:
        with bench.servers(STATE) as environment:
            yield environment


@contextmanager
def _stock_servers(root: Path, options: str) -> Iterator[dict[str, str]]:
    """Postgres is somebody else's, and its user no superuser."""
    stack = Stack(root / "servers")
    with stock_postgres(root / "postgres") as url:
        ends = stack.start(("gcs", "bigquery"))
        try:
            yield {
                "TAXI_PROFILE": "docker",
                "TAXI_STATE_DIR": str(root / "state"),
                "TAXI_POSTGRES_URL": url + options,
                "TAXI_GCS_ENDPOINT": ends.gcs_url,
                "TAXI_BIGQUERY_ENDPOINT": ends.bigquery_url,
                "TAXI_BIGQUERY_TOKEN": ends.bigquery_token,
                "TAXI_BIGQUERY_PROJECT": ends.project,
            }
        finally:
            stack.stop()
