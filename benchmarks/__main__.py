"""`python -m benchmarks`: holds the pipeline against the limits of this machine, on synthetic months.

Servers and files of its own are kept in .bench/, which may be deleted.
"""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console

from benchmarks import report
from benchmarks.bench import Bench, forget_other_pipelines
from benchmarks.compare import Comparison, Finding
from benchmarks.machine import commit, describe
from benchmarks.registry import COMPARISONS
from benchmarks.timing import BenchmarkError
from ingest.errors import SettingError, TaxiError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
progress = Console(stderr=True, highlight=False, soft_wrap=True)
_NAMES = "\n\n".join(f"{one.name}: {one.what}{'' if one.is_default else ' (when named)'}" for one in COMPARISONS)


@app.command(help=f"Hold the pipeline against what this machine can do. By name, or all:\n\n{_NAMES}")
def main(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="landing: all of landing/…")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows a month")] = 3_000_000,
    runs: Annotated[int, typer.Option(min=1, help="Rounds; their median counts")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="For all figures [.bench/results.json]")] = None,
    folder: Annotated[Path | None, typer.Option(help="For months, servers, prepared files [.bench]")] = None,
) -> None:
    """Run the comparisons and print their table.

    The JSON is written after each, and keeps those of an earlier command: a run that broke off is gone on with by name.
    A comparison that fails is said, the others go on, and the exit code is 1.
    """
    forget_other_pipelines()
    chosen = _choose(names or [])
    bench = Bench(rows, runs, *([folder.resolve()] if folder else []), say=_say)
    bench.folder.mkdir(parents=True, exist_ok=True)
    machine = describe(bench.folder)
    lines: list[Finding] = []
    failed = False
    try:
        for comparison in chosen:
            _say(f"{comparison.name}: {comparison.what}")
            try:
                found = comparison.run(bench)
            except (TaxiError, psycopg.Error, subprocess.CalledProcessError, OSError) as error:
                _fail(error if isinstance(error, TaxiError) else BenchmarkError(f"{comparison.name}: {error}"))
                failed = True
                continue
            lines += found
            entry = {"rows": rows, "runs": runs, "commit": commit(), "lines": [line.as_document() for line in found]}
            report.keep(json_file or bench.folder / "results.json", machine, comparison, entry)
    finally:
        if lines:
            report.print_table(machine, rows, runs, lines)
    if failed:
        raise typer.Exit(1)


def _choose(names: list[str]) -> list[Comparison]:
    if not names:
        return [comparison for comparison in COMPARISONS if comparison.is_default]
    chosen = [one for one in COMPARISONS if one.name in names or one.name.partition("/")[0] in names]
    unknown = set(names) - {name for one in chosen for name in (one.name, one.name.partition("/")[0])}
    if unknown:
        known = ", ".join(dict.fromkeys(one.name.partition("/")[0] for one in COMPARISONS))
        raise SettingError(f"There is no comparison {sorted(unknown)[0]!r}", f"Choose from {known}")
    return chosen


def _say(text: str) -> None:
    progress.print(text, markup=False)


def _fail(error: TaxiError) -> None:
    progress.print(f"✗ {error.what}", style="red", markup=False)
    if error.next_step:
        progress.print(f"  {error.next_step}", markup=False)


if __name__ == "__main__":
    try:
        app(prog_name="python -m benchmarks")
    except TaxiError as error:
        _fail(error)
        sys.exit(1)
