"""Room on the disk: want of it is named before anything is begun, and a disk that was full explains an error."""

import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from ingest.errors import StoreError, TaxiError
from orchestration.events.events import Events
from orchestration.events.terminal import Terminal
from orchestration.run.disk import Disk

MB = 10**6


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 100 MB of its own."""
    mounted = tmp_path / "small"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={100 * MB}", "tmpfs", str(mounted)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield mounted
    subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def disk(folder: Path, profile: str = "local", cache: Path | None = None) -> Disk:
    return Disk(folder / "state", cache or folder / "state" / "cache", is_local=profile == "local")


def test_a_file_that_would_not_fit_is_refused_with_the_folder_and_its_setting(small: Path):
    disk(small).check_landing("green 2024-01", 2 * MB)  # takes 30, and 67 stay free
    with pytest.raises(TaxiError) as raised:
        disk(small).check_landing("yellow 2024-01", 50 * MB)
    assert str(raised.value) == (
        f"The disk of {small}/state has 100 MB free, and to land yellow 2024-01 takes 817 MB. Make room there,"
        " or have the setting `state_dir` name a folder on a larger disk; then run again"
    )


def test_with_servers_of_their_own_disks_a_landing_takes_only_what_is_on_the_way(small: Path):
    disk(small, "gcp").check_landing("yellow 2024-01", 10 * MB)
    (small / "taken").write_bytes(bytes(20 * MB))
    with pytest.raises(TaxiError, match="takes 97 MB"):
        disk(small, "gcp").check_landing("yellow 2024-01", 10 * MB)
    disk(small, "gcp").check_building("2024-01", "bigquery", 20_000_000)


def test_marts_that_would_not_fit_are_not_begun(small: Path):
    disk(small).check_building("2024-01", "postgres", 50_000)
    with pytest.raises(TaxiError, match=r"to build 2024-01 on postgres takes 1\.6 GB"):
        disk(small).check_building("2024-01", "postgres", 3_000_000)


def test_a_disk_that_was_full_explains_an_error_though_it_has_room_again(small: Path, tmp_path: Path):
    ours = disk(small, cache=tmp_path)
    assert ours.explain() == "", "there is room"
    ours.watch()
    filler = small / "filler"
    filler.write_bytes(bytes(90 * MB))
    assert disk(tmp_path, cache=small).explain().startswith(f"The disk of {small} is full, or was a moment ago.")
    assert "`state_dir`" in ours.explain()
    filler.unlink()
    assert ours.explain().startswith(f"The disk of {small}/state is full, or was a moment ago. Make room there")


def test_it_is_told_once_beside_the_first_error(small: Path):
    (small / "filler").write_bytes(bytes(90 * MB))
    terminal = Terminal()
    terminal.console = Console(file=io.StringIO(), width=400)
    terminal.explain = disk(small).explain
    for number in range(2):
        Events(terminal).fail(StoreError(f"Cloud Storage broke off: {number}", "Run again"))
    assert terminal.console.file.getvalue().count("is full, or was a moment ago") == 1
