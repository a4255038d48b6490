import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synthetic import write_zone_lookup
from tests.conftest import ONE_MART
from tests.line import Line
from tests.months import write


def _line(root: Path, rows: int = 400) -> Line:
    source = root / "source"
    for dataset, month in (("green", "2023-01"), ("green", "2023-02"), ("fhv", "2023-01")):
        write(source, dataset, month, rows)
    write_zone_lookup(source)
    return Line(root / "state", source, ONE_MART)


@pytest.fixture(scope="module")
def module_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line for all trials of a file."""
    line = _line(tmp_path_factory.mktemp("trials"))
    line.done("up")
    yield line
    line.run("down", "--force")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[], Line]]:
    """Makes a line whose state folder is on a disk of 1.5 GiB of its own."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1536m", "tmpfs", str(mounted)], check=False).returncode:
        pytest.skip("no right to mount a small disk")
    lines: list[Line] = []

    def make() -> Line:
        line = _line(mounted)
        line.done("up")
        lines.append(line)
        return line

    try:
        yield make
    finally:
        for line in lines:
            (line.state / "filler").unlink(missing_ok=True)
            line.run("down", "--force")
        subprocess.run(["umount", "--lazy", str(mounted)], check=False)
        shutil.rmtree(mounted, ignore_errors=True)
