"""What every comparison needs: synthetic months, servers of its own, and how much is asked for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.timing import ROOT, BenchmarkError

# Another pipeline's settings, and where clients look for its servers, must not reach what is measured.
_FOREIGN = ("TAXI_", "DBT_", "PG", "STORAGE_EMULATOR", "BIGQUERY_EMULATOR", "GOOGLE_")


@dataclass(frozen=True)
class Bench:
    """Rows a month, runs of each contender, and the folder for months, states and prepared files."""

    rows: int = 3_000_000
    runs: int = 3
    folder: Path = ROOT / ".bench"
    say: Callable[[str], None] = lambda _: None

    def month(self, month: str = "2025-02", dataset: str = "yellow", rows: int | None = None) -> Path:
        """The file of a synthetic month, made where it is missing. After a change of the generator, delete .bench."""
        rows = rows or self.rows
        root = self.folder / f"{dataset}_{rows}_rows"
        file = root / "trip-data" / f"{dataset}_tripdata_{month}.parquet"
        if not file.exists():
            self.say(f"making the synthetic {dataset} {month} of {rows:,} rows")
            asked = ("--dataset", dataset, "--month", month, "--rows", str(rows))
            run_quietly([sys.executable, "-m", "synthetic", str(root), *asked])
        return file

    def source(self, name: str, files: Sequence[Path]) -> Path:
        """The folder `name`, laid out as TLC's: just these of our months, as links, and their zone lookup."""
        root = self.folder / name
        shutil.rmtree(root, ignore_errors=True)
        (root / "trip-data").mkdir(parents=True)
        (root / "misc").symlink_to(files[0].parent.parent / "misc")
        for file in files:
            (root / "trip-data" / file.name).symlink_to(file)
        return root

    def environment(self, state: str = "state", source: Path | None = None) -> dict[str, str]:
        """The variables of a pipeline whose state is the folder `state` of ours."""
        return {
            "TAXI_PROFILE": "local",
            "TAXI_STATE_DIR": str(self.folder / state),
            "TAXI_SOURCE": str(source or self.folder),
        }

    @contextmanager
    def servers(self, state: str = "state", source: Path | None = None) -> Iterator[dict[str, str]]:
        """The embedded servers of that state are up for the time of a `with`; gives its environment."""
        environment = self.environment(state, source)
        orchestrate("up", environment=environment)
        try:
            yield environment
        finally:
            orchestrate("down", environment=environment)

    def remove_state(self, state: str) -> None:
        """Delete what a pipeline of ours keeps; its servers are down."""
        shutil.rmtree(self.folder / state, ignore_errors=True)

    def keep(self, state: str) -> None:
        """Keep a copy of a state, its servers down, for `restore`."""
        shutil.rmtree(self._kept(state), ignore_errors=True)
        shutil.copytree(self.folder / state, self._kept(state), symlinks=True)

    def restore(self, state: str) -> None:
        """Put a state back as it was kept, or empty: the same start for every run.

        In the same place, since the embedded BigQuery's catalogue names its files by their whole path.
        """
        self.remove_state(state)
        if self._kept(state).exists():
            shutil.copytree(self._kept(state), self.folder / state, symlinks=True)

    def _kept(self, state: str) -> Path:
        return self.folder / f"{state}_kept"


def orchestrate(*arguments: str, environment: dict[str, str]) -> str:
    """`python orchestrate.py <arguments>`, untimed; returns its stdout. Raises BenchmarkError."""
    return run_quietly([sys.executable, "orchestrate.py", *arguments], environment)


def run_quietly(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """Run a command of the preparation to its end; returns its stdout. Raises BenchmarkError with its last words."""
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise BenchmarkError(f"`{' '.join(command)}` failed with exit code {done.returncode}: {said[-1].strip()}")
    return done.stdout


def forget_other_pipelines() -> None:
    """Take the settings of any other pipeline out of this process' environment, which contenders inherit."""
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]


def contender(name: str, *arguments: object) -> list[str]:
    """The command of `benchmarks/contenders/<name>.py`."""
    return [sys.executable, "-m", f"benchmarks.contenders.{name}", *map(str, arguments)]
