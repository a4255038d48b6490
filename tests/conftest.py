import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from synthetic import write_zone_lookup
from tests.line import Line
from tests.months import MONTHS, write


@pytest.fixture(scope="session")
def synthetic_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of synthetic months; tests that change files copy it."""
    root = tmp_path_factory.mktemp("source")
    for dataset, month in MONTHS:
        write(root, dataset, month)
    write_zone_lookup(root)
    return root


def _open(state: Path, source: Path) -> Iterator[Line]:
    line = Line(state, source)
    line.done("up")
    try:
        yield line
    finally:
        line.run("down")


@pytest.fixture(scope="session")
def finished_line(tmp_path_factory: pytest.TempPathFactory, synthetic_source: Path) -> Iterator[Line]:
    """A line that has brought all synthetic months through, undisturbed. Tests leave its months as they found them."""
    root = tmp_path_factory.mktemp("finished")
    source = root / "source"
    shutil.copytree(synthetic_source, source)
    for line in _open(root / "state", source):
        line.first_run = line.done("run")
        yield line


@pytest.fixture
def new_line(tmp_path: Path, synthetic_source: Path) -> Iterator[Line]:
    """A line on which nothing was run yet, whose source holds the zone lookup alone."""
    source = tmp_path / "source"
    (source / "trip-data").mkdir(parents=True)
    shutil.copytree(synthetic_source / "misc", source / "misc")
    yield from _open(tmp_path / "state", source)
