"""The page as a process: where it listens, what it survives, and what it says when it cannot start."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from orchestration.page.server import has_ipv6
from tests.page.running import Running, command, free_port, line_of, running


@pytest.fixture(scope="module")
def line(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return line_of(dsn, tmp_path_factory.mktemp("line"))


@pytest.fixture(scope="module")
def page(line: dict[str, str]) -> Iterator[Running]:
    with running(line) as page:
        yield page


def test_the_page_listens_on_loopback_alone(page: Running) -> None:
    listening = [one for one in psutil.Process(page.process.pid).net_connections() if one.status == psutil.CONN_LISTEN]
    assert {one.laddr.ip for one in listening} <= {"127.0.0.1", "::1"}
    assert {one.laddr.port for one in listening} == {page.port}


def test_both_addresses_of_localhost_are_the_pages_own(page: Running) -> None:
    if not has_ipv6():
        pytest.skip("this machine has no ::1")
    assert requests.get(f"http://[::1]:{page.port}/health", timeout=10).json() == {"status": "up"}


def test_the_page_is_small_after_every_page_was_opened(page: Running) -> None:
    paths = [path for path, of in requests.get(f"{page.address}/api/openapi.json", timeout=10).json()["paths"].items()
             if "get" in of and "{" not in path]  # fmt: skip
    assert len(paths) >= 2
    for path in paths:
        html = path if path != "/months" else "/"
        assert requests.get(page.address + html, timeout=30).status_code == 200, path
    assert psutil.Process(page.process.pid).memory_info().rss < 80e6


def test_500_idle_connections_are_closed_and_others_are_answered_meanwhile(page: Running) -> None:
    idle = [socket.create_connection(("127.0.0.1", page.port), timeout=5) for _ in range(500)]
    for one in idle[:250]:
        one.sendall(b"GET / HTTP/1.1\r\nHost: local")  # and nothing more
    try:
        began = time.monotonic()
        assert requests.get(f"{page.address}/health", timeout=5).json() == {"status": "up"}
        for one in idle:
            one.settimeout(max(0.1, 20 - (time.monotonic() - began)))
            while one.recv(4096):
                pass
    finally:
        for one in idle:
            one.close()


@pytest.mark.slow  # ten seconds of waiting
def test_a_body_that_comes_a_byte_at_a_time_is_given_up(page: Running) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=30) as slow:
        slow.sendall(
            f"POST /ticks HTTP/1.1\r\nHost: localhost:{page.port}\r\nAuthorization: Bearer {page.token}\r\n"
            "Content-Length: 1000\r\n\r\n".encode()
        )
        began = time.monotonic()
        answer = b""
        slow.settimeout(1)
        while not answer and time.monotonic() - began < 25:
            try:
                slow.sendall(b"a")
                answer = slow.recv(4096)
            except TimeoutError:
                continue
        assert b" 408 " in answer.split(b"\r\n")[0]


def test_two_host_headers_are_refused(page: Running) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=10) as raw:
        raw.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{page.port}\r\nHost: evil.example\r\n\r\n".encode())
        assert raw.recv(4096).split(b"\r\n")[0].split()[1] in (b"400", b"421")


def test_the_link_is_printed_on_request_and_written_to_no_log(page: Running) -> None:
    printed = page.command("page", "--link", "--port", str(page.port)).stdout.strip()
    assert printed.startswith(f"{page.address}/enter?key=")
    session = requests.Session()
    assert session.get(printed, timeout=10).status_code == 200
    assert "Signed in." in session.get(page.address, timeout=10).text
    key = printed.partition("key=")[2]
    for file in page.state_dir.rglob("*"):
        if file.is_file():
            assert key.encode() not in file.read_bytes(), file


def test_a_port_that_is_in_use_is_named(page: Running) -> None:
    done = command(page.environment, "page", "--port", str(page.port))
    assert done.returncode == 2
    assert f"page_port is {page.port}, and that port cannot be used" in done.stderr
    assert "--port" in done.stderr


def test_a_page_without_postgres_says_so(line: dict[str, str]) -> None:
    done = command(line | {"TAXI_POSTGRES_PORT": str(free_port())}, "page", "--port", str(free_port()))
    assert done.returncode == 1
    assert "does not answer" in done.stderr


def test_a_page_in_the_background_answers_when_the_command_returns(line: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    mine = line | {"TAXI_STATE_DIR": str(tmp_path / "state")}
    done = command(mine, "page", "--background", "--port", str(port))
    listening = [
        one.pid for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN and one.laddr.port == port
    ]
    try:
        assert done.returncode == 0
        assert requests.get(f"http://localhost:{port}/health", timeout=10).json() == {"status": "up"}
    finally:
        for pid in filter(None, listening):
            psutil.Process(pid).terminate()


def test_a_tick_that_a_program_asks_for_is_done_by_a_process_of_its_own(page: Running) -> None:
    headers = {"authorization": f"Bearer {page.token}"}
    asked = requests.post(f"{page.address}/api/ticks", headers=headers, timeout=30)
    assert asked.status_code == 202
    number = asked.json()["request"]
    until = time.monotonic() + 60
    while (found := requests.get(f"{page.address}/api/requests/{number}", timeout=10).json())["is_open"]:
        assert time.monotonic() < until
        time.sleep(0.3)
    assert found["kind"] == "tick"
    assert found["outcome"] in ("done", "failed")
    assert page.command("status", "--json").returncode == 0
