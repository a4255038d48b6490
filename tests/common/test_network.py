"""Loopback never goes through a proxy, a remote source does; a variable that hinders a client is named."""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
from requests.utils import get_environ_proxies

from common import environment
from common.environment import BUNDLES, PROXIES
from common.errors import SettingError
from common.network import check_way_to, check_way_to_google
from common.python import ROOT
from embedded import ports
from ingest.http_answers import why

REMOTE = "http://files.example"  # a name that nobody resolves: only the proxy could
SOURCE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from common.door import enter
enter()
from ingest.open_source import open_source
source = open_source(sys.argv[2], cache=Path("/nowhere"), tries=1)
print(source.stat("misc/taxi_zone_lookup.csv").length)
"""


class Answering(BaseHTTPRequestHandler):
    """Says of every file that it has 42 bytes, and keeps what it was asked for: a proxy gets whole addresses."""

    def do_HEAD(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "42")
        self.end_headers()

    def do_CONNECT(self) -> None:
        self.send_error(407)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.asked = []
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def no_variables_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*BUNDLES, *PROXIES, "NO_PROXY", "GOOGLE_APPLICATION_CREDENTIALS"):
        for form in (name, name.lower()):
            monkeypatch.delenv(form, raising=False)


def length_at(source: str, **variables: str) -> str:
    command = [sys.executable, "-c", SOURCE, str(ROOT), source]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("host", "no_proxy"), [("127.0.0.1", ""), ("localhost", "example.org"), ("127.0.0.1", "*")])
def test_loopback_does_not_go_through_a_proxy(server: ThreadingHTTPServer, host: str, no_proxy: str):
    dead = f"http://127.0.0.1:{ports.any_free()}"
    variables = {"HTTP_PROXY": dead, "https_proxy": dead, "ALL_PROXY": dead, "NO_PROXY": no_proxy}
    assert length_at(f"http://{host}:{server.server_port}", **variables) == "42"
    assert server.asked == ["/misc/taxi_zone_lookup.csv"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "localhost", "LOCALHOST", "[::1]"])
def test_every_name_of_loopback_is_left_out(host: str, monkeypatch: pytest.MonkeyPatch):
    for name, value in environment.clean({"ALL_PROXY": "http://proxy:1"}).items():
        monkeypatch.setenv(name, value)
    assert get_environ_proxies(f"http://{host}:4443/") == {}
    assert get_environ_proxies(REMOTE) != {}


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_remote_source_goes_through_the_proxy(server: ThreadingHTTPServer, name: str):
    assert length_at(REMOTE, **{name: f"127.0.0.1:{server.server_port}"}) == "42"
    assert server.asked == [f"{REMOTE}/misc/taxi_zone_lookup.csv"]


@pytest.mark.parametrize("name", BUNDLES)
@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file or directory"), ("not one", "it holds no certificate in PEM form")]
)
def test_a_file_of_certificates_that_is_none_is_named_with_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | None, reason: str
):
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content, encoding="utf-8")
    monkeypatch.setenv(name, str(path))
    with pytest.raises(SettingError) as refused:
        check_way_to("https://files.example")
    assert refused.value.what == f"The variable {name} names {path}, by which TLS can trust nobody: {reason}"
    check_way_to(REMOTE)  # which needs none


def test_a_good_file_or_folder_of_certificates_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for path in (requests.certs.where(), str(tmp_path)):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
        check_way_to("https://files.example")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "socks4a://proxy:1", "SOCKS5H://user:secret@proxy:1"])
def test_a_socks_proxy_names_the_package_that_is_missing(proxy: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("common.network.find_spec", lambda _: None)
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(SettingError, match="ALL_PROXY names a SOCKS proxy, and the package PySocks") as refused:
        check_way_to(REMOTE)
    assert "secret" not in str(refused.value)
    monkeypatch.setenv("NO_PROXY", "example")
    check_way_to(REMOTE)  # does not go through it


@pytest.mark.parametrize("proxy", ["socks://proxy:1", "http://", "http://proxy:many", "ftp://user:secret@proxy:1"])
def test_a_proxy_that_is_none_names_its_variable_and_shows_no_password(proxy: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(SettingError, match="The variable HTTP_PROXY names no proxy") as refused:
        check_way_to(REMOTE)
    assert "secret" not in str(refused.value)


def test_a_key_file_that_is_gone_names_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(SettingError, match=r"GOOGLE_APPLICATION_CREDENTIALS names .*key\.json, which is not a file"):
        check_way_to_google()


def test_a_proxy_that_is_down_or_refuses_is_named_as_the_reason(server: ThreadingHTTPServer):
    reasons = {}
    for port in (ports.any_free(), server.server_port):
        with pytest.raises(requests.RequestException) as failed:
            requests.get("https://files.example", proxies={"https": f"http://user:secret@127.0.0.1:{port}"}, timeout=5)
        reasons[port] = why(failed.value)
    through = "the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names does not let us through"
    refused, asked_for_a_password = reasons.values()
    assert refused == f"{through} (Connection refused)"
    assert asked_for_a_password == f"{through} (407 Proxy Authentication Required)"
