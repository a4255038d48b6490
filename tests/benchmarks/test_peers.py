import importlib.util
import re
from pathlib import Path

import pytest

from benchmarks.peers.contestants import CONTESTANTS, Contestant
from benchmarks.peers.environments import REQUIREMENTS, ROOT

FILE = Path("yellow_tripdata_2025-02.parquet")
each_contestant = pytest.mark.parametrize("contestant", CONTESTANTS, ids=lambda contestant: contestant.peer)


@each_contestant
def test_every_package_is_pinned_with_its_hashes(contestant: Contestant):
    lines = (REQUIREMENTS / f"{contestant.peer}.txt").read_text()
    packages = re.findall(r"^\S.*==\S+.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", lines, re.MULTILINE)
    named = [line for line in lines.splitlines() if line[:1] not in (" ", "#", "")]
    assert named
    assert len(packages) == len(named)


@pytest.mark.parametrize("suffix", ["in", "txt"])
@each_contestant
def test_no_requirements_name_where_packages_come_from(contestant: Contestant, suffix: str):
    text = (REQUIREMENTS / f"{contestant.peer}.{suffix}").read_text()
    assert "://" not in text
    assert "--index" not in text


@each_contestant
def test_the_version_that_is_told_is_the_one_asked_for(contestant: Contestant):
    asked = (REQUIREMENTS / f"{contestant.peer}.in").read_text()
    assert re.search(rf"^{contestant.package}(\[.*\])?=={re.escape(contestant.version)}$", asked, re.MULTILINE)


@each_contestant
def test_the_command_names_a_script_that_is_there(contestant: Contestant):
    python, _, module, *arguments = contestant.command(FILE, python=lambda peer: Path(peer, "bin", "python"))
    assert python == f"{contestant.peer}/bin/python"
    assert arguments == [str(FILE), f"peer_{contestant.peer}.yellow", "--store", "postgres"]
    assert (ROOT / (module.replace(".", "/") + ".py")).exists()


@each_contestant
def test_the_script_writes_to_the_stores_that_are_named(contestant: Contestant):
    path = importlib.util.find_spec(f"benchmarks.peers.{contestant.script}").origin
    (stores,) = re.findall(r"job\.run\(\{(.*)\}", Path(path).read_text())
    assert tuple(re.findall(r'"(\w+)": ', stores)) == contestant.stores


def test_every_requirements_file_has_a_contestant():
    assert {path.stem for path in REQUIREMENTS.glob("*.txt")} == {one.peer for one in CONTESTANTS}


def test_a_slow_peer_gets_fewer_rows_and_a_fast_one_all():
    asked = {one.peer: one.rows_asked(3_000_000) for one in CONTESTANTS}
    assert asked == {"pandas": 300_000, "dlt": 300_000, "ingestr": 3_000_000, "mage": 1_000_000, "duckdb": 3_000_000}
    assert {one.rows_asked(20_000) for one in CONTESTANTS} == {20_000}
