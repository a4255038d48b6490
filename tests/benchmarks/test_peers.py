import importlib.util
import re
from pathlib import Path

import pytest

from benchmarks.peers.all_peers import PEERS, Peer
from benchmarks.peers.environments import REQUIREMENTS, ROOT

FILE = Path("yellow_tripdata_2025-02.parquet")
each_peer = pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.key)


@each_peer
def test_every_package_is_pinned_with_its_hashes(peer: Peer):
    lines = (REQUIREMENTS / f"{peer.key}.txt").read_text()
    packages = re.findall(r"^\S.*==\S+.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", lines, re.MULTILINE)
    named = [line for line in lines.splitlines() if line[:1] not in (" ", "#", "")]
    assert named
    assert len(packages) == len(named)


@pytest.mark.parametrize("suffix", ["in", "txt"])
@each_peer
def test_no_requirements_name_where_packages_come_from(peer: Peer, suffix: str):
    text = (REQUIREMENTS / f"{peer.key}.{suffix}").read_text()
    assert "://" not in text
    assert "--index" not in text


@each_peer
def test_the_version_that_is_told_is_the_one_asked_for(peer: Peer):
    asked = (REQUIREMENTS / f"{peer.key}.in").read_text()
    assert re.search(rf"^{peer.package}(\[.*\])?=={re.escape(peer.version)}$", asked, re.MULTILINE)


@each_peer
def test_the_command_names_a_script_that_is_there(peer: Peer):
    python, _, module, *arguments = peer.command(FILE, python=lambda key: Path(key, "bin", "python"))
    assert python == f"{peer.key}/bin/python"
    assert arguments == [str(FILE), f"peer_{peer.key}.yellow", "--store", "postgres"]
    assert (ROOT / (module.replace(".", "/") + ".py")).exists()


@each_peer
def test_the_script_writes_to_the_stores_that_are_named(peer: Peer):
    path = importlib.util.find_spec(f"benchmarks.peers.{peer.script}").origin
    (stores,) = re.findall(r"job\.run\(\{(.*)\}", Path(path).read_text())
    assert tuple(re.findall(r'"(\w+)": ', stores)) == tuple(peer.leaves_out)


def test_every_requirements_file_has_a_peer():
    assert {path.stem for path in REQUIREMENTS.glob("*.txt")} == {one.key for one in PEERS}


def test_a_slow_peer_gets_fewer_rows_and_a_fast_one_all():
    asked = {one.key: one.rows_asked(3_000_000) for one in PEERS}
    assert asked == {"pandas": 300_000, "dlt": 300_000, "ingestr": 3_000_000, "mage": 3_000_000, "duckdb": 3_000_000}
    assert {one.rows_asked(20_000) for one in PEERS} == {20_000}
