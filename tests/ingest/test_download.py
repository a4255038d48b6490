"""The cache under real trouble: kill -9, a full disk, a folder that may not be written to."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from strange_answers import chunked
from tlc_server import TlcServer, cut_after, parquet_like

import ingest
from ingest.datasets import GREEN
from ingest.open_source import open_source

JANUARY = GREEN.file_path(date(2024, 1, 1))
URL = f"/{JANUARY}"
BODY = parquet_like(3_000_000)
HALF = 1_507_328

FETCH = f"""
import sys
from pathlib import Path
from ingest.open_source import open_source
from ingest.errors import TaxiError
{{first}}
source = open_source(sys.argv[1], cache=Path(sys.argv[2]), base_delay=0.01)
try:
    source.fetch({JANUARY!r})
except TaxiError as error:
    print(type(error).__name__, error.what, error.next_step, sep="|")
"""


@pytest.fixture
def server() -> Iterator[TlcServer]:
    server = TlcServer()
    server.files[URL] = BODY
    yield server
    server.shutdown()
    server.server_close()


def command(server: TlcServer, cache: Path, first: str = "") -> list[str]:
    """A process that runs `first`, then fetches the file and prints the error if there is one."""
    return [sys.executable, "-c", FETCH.format(first=first), server.url, str(cache)]


def run(command: list[str]) -> list[str]:
    done = subprocess.run(
        command, cwd=Path(ingest.__file__).parents[1], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip().split("|")


def final(server: TlcServer, cache: Path) -> Path:
    return cache / f"127.0.0.1_{server.server_port}" / JANUARY


def test_kill_9_in_the_middle_leaves_no_file_and_the_next_run_goes_on(server, tmp_path):
    hold = threading.Event()
    server.then("GET", URL, cut_after(HALF, until=hold))
    process = subprocess.Popen(command(server, tmp_path), cwd=Path(ingest.__file__).parents[1])
    part = Path(f"{final(server, tmp_path)}.part")
    until = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size == HALF) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    hold.set()
    assert not final(server, tmp_path).exists()
    assert open_source(server.url, cache=tmp_path).fetch(JANUARY).path.read_bytes() == BODY
    assert server.ranges(URL) == ["", f"bytes={HALF}-"]


def test_a_file_size_limit_names_the_cache_and_the_setting_and_the_next_run_goes_on(server, tmp_path):
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({HALF}, {HALF}))"
    kind, what, next_step = run(command(server, tmp_path, limit))
    assert kind == "CacheError"
    assert what == f"The cache folder {tmp_path} cannot take green_tripdata_2024-01.parquet: File too large"
    assert "`cache`" in next_step
    assert not final(server, tmp_path).exists()
    assert open_source(server.url, cache=tmp_path).fetch(JANUARY).path.read_bytes() == BODY
    assert server.ranges(URL)[-1] == f"bytes={HALF}-"


def on_a_small_disk(server: TlcServer, cache: Path) -> tuple[str, str, list[str]]:
    """Fetch to a disk of 1 MiB: the CacheError, its next step, and the files that are left on the disk."""
    # The disk is a tmpfs, in a mount namespace of the process's own: no root needed, where that is allowed.
    disk = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=1m none {cache}"
    if subprocess.run([*disk, mount], capture_output=True).returncode:
        pytest.skip("this system lets us mount nothing; the file size limit stands for the full disk")
    listing = f'find {cache} -type f -name "*.parquet*" ! -name "*.lock"'
    kind, what, *rest = run([*disk, f'{mount} && "$@" && {listing}', "sh", *command(server, cache)])
    assert kind == "CacheError"
    step, *left = rest[0].splitlines()
    return what, step, left


def test_a_file_larger_than_the_disk_is_not_begun(server, tmp_path):
    what, step, left = on_a_small_disk(server, tmp_path)
    needs = r"has 1\.0 MiB free, and green_tripdata_2024-01.parquet needs 2\.9 MiB"
    assert re.fullmatch(f"The disk of the cache folder {tmp_path} {needs}", what)
    assert "the setting `cache`" in step
    assert server.ranges(URL) == left == []


def test_a_disk_that_fills_up_on_the_way_has_its_room_back(server, tmp_path):
    for method in ("HEAD", "GET"):
        server.always[method, URL] = chunked(ETag='"1"')  # no length by which to see it coming
    what, step, left = on_a_small_disk(server, tmp_path)
    assert what == f"The cache folder {tmp_path} cannot take green_tripdata_2024-01.parquet: No space left on device"
    assert "the setting `cache`" in step
    assert step.endswith("what had come of the file was removed")
    assert left == []


def test_a_cache_that_may_not_be_written_to_is_named(server, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    # Permissions do not bind root: as root, the fetch is made as nobody, who gets to the folder by being there already.
    leave = f"""
import contextlib, os, ingest.http_source
os.chdir({str(closed)!r})
with contextlib.suppress(PermissionError):
    os.geteuid() or os.seteuid(65534)
"""
    kind, what, next_step = run(command(server, Path(), leave))
    assert kind == "CacheError"
    assert what == "The cache folder . cannot take green_tripdata_2024-01.parquet: Permission denied"
    assert "that you may write to" in next_step


def test_a_cache_below_a_file_is_named(server, tmp_path):
    (tmp_path / "file").touch()
    kind, what, _ = run(command(server, tmp_path / "file/cache"))
    assert (kind, what.partition(": ")[2]) == ("CacheError", "Not a directory")


def test_a_fetch_waits_for_another_process_that_fetches_the_same(server, tmp_path):
    hold = threading.Event()
    server.then("GET", URL, cut_after(HALF, until=hold))
    processes = [subprocess.Popen(command(server, tmp_path), cwd=Path(ingest.__file__).parents[1]) for _ in range(2)]
    part = Path(f"{final(server, tmp_path)}.part")
    while not part.exists():
        time.sleep(0.01)
    hold.set()
    assert [process.wait(20) for process in processes] == [0, 0]
    assert final(server, tmp_path).read_bytes() == BODY
    assert server.ranges(URL) == ["", f"bytes={HALF}-"]
    assert not [name for name in os.listdir(final(server, tmp_path).parent) if ".part" in name]
