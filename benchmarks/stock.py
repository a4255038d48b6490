"""The whole line on a PostgreSQL with stock settings, as a managed service runs it, against the embedded server's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from benchmarks.bench import Bench
from benchmarks.building import FIRST, MONTH, ROWS_OF_FIRST
from benchmarks.compare import Finding
from benchmarks.runs import LineRun, keep_line, run_line
from embedded import Stack
from embedded.stock_postgres import stock_postgres

STATE = "line"
STOCK = "stock"
# What a user may set in the URL, where a service's flags cannot be set.
IN_THE_URL = "options=-c%20work_mem%3D128MB%20-c%20jit%3Doff"
_CONTENDERS = {"stock settings": "", "stock settings, work_mem and jit in the URL": f"?{IN_THE_URL}"}


def line_on_stock_settings(bench: Bench) -> list[Finding]:
    """A month after a small one, whose run makes all tables; the settings by turns."""
    files = [bench.month(FIRST, rows=ROWS_OF_FIRST), bench.month(MONTH)]
    source = str(bench.source("source_stock", files))
    keep_line(bench, STATE, files[:1])
    runs: dict[str, list[LineRun]] = {}

    def measure(name: str, turn: int, environment: dict[str, str]) -> None:
        run = run_line({**environment, "TAXI_SOURCE": source}, "--datasets", "yellow", "--months", MONTH)
        runs.setdefault(name, []).append(run)
        bench.say(f"{name}, run {turn} of {bench.runs}: {run.seconds:.1f} s")

    for turn in range(1, bench.runs + 1):
        bench.restore(STATE)
        with bench.servers(STATE, bench.source("source_stock", files)) as environment:
            measure("embedded", turn, environment)
        bench.remove_state(STATE)
        for name, options in _CONTENDERS.items():
            with _stock_line(bench, options) as environment:
                first = {**environment, "TAXI_SOURCE": str(bench.source("source_stock_first", files[:1]))}
                run_line(first)
                measure(name, turn, environment)
    embedded = runs.pop("embedded")
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
def _stock_line(bench: Bench, options: str) -> Iterator[dict[str, str]]:
    """The environment of a pipeline on new servers, of which Postgres is somebody else's."""
    bench.remove_state(STOCK)
    root = bench.folder / STOCK
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
    bench.remove_state(STOCK)
