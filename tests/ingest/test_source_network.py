"""The way to a web server: TLS, names, redirects, slow links; and what people are told meanwhile."""

import ipaddress
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import strange_answers as strange
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tlc_server import TlcServer, parquet_like, status

from ingest import waiting
from ingest.datasets import GREEN, YELLOW, ZONE_LOOKUP_PATH
from ingest.errors import RefusedError, SourceError
from ingest.open_source import open_source
from ingest.pace import Pace
from ingest.source import FileStat, Source, SourceDownError

JANUARY = GREEN.file_path(date(2024, 1, 1))
URL = f"/{JANUARY}"
BODY = parquet_like(100_000)


@pytest.fixture
def servers() -> Iterator[list[TlcServer]]:
    """Two."""
    servers = [TlcServer(), TlcServer()]
    strange.OVER.clear()
    for server in servers:
        server.files[URL] = BODY
    yield servers
    strange.OVER.set()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(servers: list[TlcServer]) -> TlcServer:
    return servers[0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mirror")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return public, private


@pytest.fixture
def tls(server: TlcServer, certificate: tuple[Path, Path]) -> str:
    """The address of the server, which now speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server.url.replace("http:", "https:")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What people are told, after half a second instead of 15."""
    told: list[str] = []
    monkeypatch.setattr(waiting, "FIRST_NOTICE", 0.5)
    monkeypatch.setattr(waiting.waits, "tell", told.append)
    return told


def opened(url: str, tmp_path: Path, pace: Pace | None = None, tries: int = 3) -> Source:
    return open_source(url, cache=tmp_path / "cache", tries=tries, base_delay=0.01, pace=pace or Pace(5))


def failure(url: str, tmp_path: Path) -> SourceError:
    with pytest.raises(SourceError) as raised:
        opened(url, tmp_path).fetch(JANUARY)
    return raised.value


def test_a_file_comes_through_tls_where_the_certificate_is_trusted(server, tls, certificate, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    assert opened(tls, tmp_path).fetch(JANUARY).path.read_bytes() == BODY


def test_a_body_that_drips_through_tls_is_given_up(server, tls, certificate, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    server.always["GET", URL] = strange.dripping_body(0.05)
    with pytest.raises(SourceError, match=r"stalled after \d+ of 100,000 bytes \(only \d+ bytes a second"):
        opened(tls, tmp_path, Pace(0.5)).fetch(JANUARY)


def test_a_certificate_that_nobody_trusts_is_named_and_not_tried_again(server, tls, tmp_path, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    error = failure(tls, tmp_path)
    assert "cannot be reached: its certificate is not trusted (self-signed certificate)" in error.what
    assert "Run again later" not in error.next_step
    assert server.requests == []


def test_a_server_without_tls_is_named(server, tmp_path):
    error = failure(server.url.replace("http:", "https:"), tmp_path)
    assert "cannot be reached: it does not speak TLS as it should (" in error.what
    assert "Run again later" not in error.next_step


def test_a_redirect_out_of_tls_is_refused(servers, tls, certificate, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    server, plain = servers
    for method in ("HEAD", "GET"):
        server.always[method, URL] = strange.redirect(f"{plain.url}{URL}")
    error = failure(tls, tmp_path)
    assert f"is redirected from https to {plain.url}, where anybody may change it" in error.what
    assert plain.requests == []


def test_a_host_that_no_server_of_names_knows_is_named(tmp_path):
    error = failure("http://tlc.invalid", tmp_path)
    assert error.what.startswith(f"http://tlc.invalid{URL} cannot be reached: its host's name has no address (DNS: ")


def test_the_password_is_not_sent_on_to_another_host(servers, tmp_path):
    server, other = servers
    for method in ("HEAD", "GET"):
        server.always[method, URL] = strange.redirect(f"http://localhost:{other.server_port}{URL}")
    source = opened(server.url.replace("//", "//me:pa55@") + "?sig=s1gned", tmp_path)
    assert source.fetch(JANUARY).path.read_bytes() == BODY
    assert all("Authorization" in headers for headers in server.headers)
    assert not any("Authorization" in headers for headers in other.headers)
    assert set(other.queries) == {""}
    assert len(other.requests) == 3


def test_a_slow_link_that_keeps_the_minimum_rate_brings_the_file(server, tmp_path):
    server.always["GET", URL] = strange.dripping_body(0.1, count=4_000)
    began = time.monotonic()
    assert opened(server.url, tmp_path, Pace(0.5, 10_000)).fetch(JANUARY).path.read_bytes() == BODY
    assert time.monotonic() - began > 2


def test_with_no_minimum_rate_a_server_may_take_its_time(server, tmp_path):
    server.files[URL] = parquet_like(100)
    server.always["GET", URL] = strange.dripping_body(0.05, count=5)
    assert opened(server.url, tmp_path, Pace(0.3, 0)).fetch(JANUARY).path.read_bytes() == server.files[URL]


def test_cuts_after_a_few_bytes_each_are_no_progress(server, tmp_path):
    def a_hundred_more(handler, body):
        start = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        head = {"ETag": strange.etag_of(body), "Content_Length": str(len(body) - start)}
        if start:
            head["Content_Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        strange.begin(handler, 206 if start else 200, **head)
        handler.wfile.write(body[start : start + 100])
        handler.close_connection = True

    server.always["GET", URL] = a_hundred_more
    source = open_source(server.url, cache=tmp_path, tries=4, base_delay=0.1, pace=Pace(5, 10_000))
    with pytest.raises(SourceError, match="broke off after 400 of 100,000 bytes"):
        source.fetch(JANUARY)
    assert server.count("GET", URL) == 4


def test_a_silent_download_is_told_of_with_what_has_come(server, tmp_path, lines):
    server.then("GET", URL, strange.stalling(50_000))
    opened(server.url, tmp_path, Pace(1.2)).fetch(JANUARY)
    assert lines
    told = f"waiting 0 s for {server.url} to send green_tripdata_2024-01.parquet, of which 0.0 of 0.1 MiB are here"
    assert lines[0].replace("1 s", "0 s") == told


def test_a_byte_now_and_then_is_told_of_as_no_progress(server, tmp_path, lines):
    server.then("GET", URL, strange.dripping_body(0.05))
    opened(server.url, tmp_path, Pace(1.2)).fetch(JANUARY)
    assert lines


def test_a_pause_that_the_server_asks_for_is_told_with_its_reason(server, tmp_path, lines):
    server.then("HEAD", URL, status(429, Retry_After="2"))
    opened(server.url, tmp_path).stat(JANUARY)
    assert "the server answers 429 Too Many Requests, and asks for a pause of 2 s; the next try comes after" in lines[0]


def test_pauses_that_a_server_asks_for_again_and_again_come_to_an_end(server, tmp_path, monkeypatch):
    server.always["HEAD", URL] = status(503, Retry_After="50")
    slept: list[float] = []
    monkeypatch.setattr("ingest.retry.time", SimpleNamespace(sleep=slept.append, monotonic=time.monotonic))
    with pytest.raises(SourceDownError, match="asks for a pause of 50 s"):
        opened(server.url, tmp_path, tries=7).stat(JANUARY)
    assert slept == [50, 50]


def test_a_source_that_refused_three_files_in_a_row_is_not_asked_again(server, tmp_path):
    source = opened(server.url, tmp_path)
    server.is_blocking = True
    for month in (1, 2, 3):
        with pytest.raises(SourceDownError, match="answers 403 to everything"):
            source.fetch(GREEN.file_path(date(2023, month, 1)))
    asked = len(server.requests)
    with pytest.raises(
        SourceDownError, match=r"^trip-data/green_\S+ was not asked for: the source refused three times"
    ):
        source.fetch(JANUARY)
    assert len(server.requests) == asked


def test_of_twelve_months_that_a_blocking_source_has_three_are_asked_for(server, tmp_path):
    months = [GREEN.file_path(date(2023, month, 1)) for month in range(1, 13)]
    server.is_blocking = True
    answers = opened(server.url, tmp_path, tries=2).stat_many(months)
    asked = {path for _, path in server.requests} - {f"/{ZONE_LOOKUP_PATH}"}
    assert len(asked) == 3
    not_asked = [path for path in months if f"/{path}" not in asked]
    assert all(isinstance(answers[path], SourceDownError) for path in months)
    assert all(answers[path].what.endswith("the source refused three times in a row") for path in not_asked)


def test_a_source_that_refuses_one_file_alone_is_asked_for_all_the_others(server, tmp_path):
    months = [GREEN.file_path(date(2023, month, 1)) for month in range(1, 13)]
    for path in months[1:]:
        server.files[f"/{path}"] = BODY
    answers = opened(server.url, tmp_path).stat_many(months)
    assert isinstance(answers.pop(months[0]), RefusedError)
    assert all(isinstance(answer, FileStat) for answer in answers.values())


def test_refusals_with_an_answer_in_between_do_not_end_the_asking(server, tmp_path):
    source = opened(server.url, tmp_path, tries=1)
    for month in range(1, 6):
        path = GREEN.file_path(date(2023, month, 1))
        for method in ("HEAD", "GET"):
            server.always[method, f"/{path}"] = status(503)
        with pytest.raises(SourceDownError, match="answers 503"):
            source.fetch(path)
        assert source.stat(ZONE_LOOKUP_PATH).length


def test_one_file_of_which_the_server_tells_nothing_holds_up_no_other(server, tmp_path):
    months = [YELLOW.file_path(date(2023, month, 1)) for month in range(1, 13)]
    for path in months:
        server.files[f"/{path}"] = BODY
    server.always["HEAD", f"/{months[0]}"] = strange.silence
    answers = opened(server.url, tmp_path, Pace(1.5), tries=1).stat_many(months)
    assert isinstance(answers.pop(months[0]), SourceDownError)
    assert all(isinstance(answer, FileStat) for answer in answers.values())


def test_a_newest_month_of_which_the_server_tells_nothing_holds_up_no_other(server, tmp_path):
    for month in (1, 2, 3):
        server.files[f"/{YELLOW.file_path(date(2024, month, 1))}"] = BODY
    server.always["HEAD", f"/{YELLOW.file_path(date(2024, 2, 1))}"] = strange.silence
    newest = opened(server.url, tmp_path, Pace(1.5), tries=1).newest_months(YELLOW, 3, date(2024, 4, 2))
    assert newest == [date(2024, month, 1) for month in (1, 2, 3)]


def test_what_took_longer_than_a_time_out_and_a_half_is_not_tried_again(server, tmp_path):
    server.always["HEAD", URL] = strange.redirect_slowly
    with pytest.raises(SourceDownError, match="no answer in time"):
        opened(server.url, tmp_path, Pace(0.4)).stat(JANUARY)
    assert server.count("HEAD", URL) < 4, "two redirects a try"


def test_many_files_that_are_waited_for_are_told_of_in_one_line(server, tmp_path, lines):
    months = [YELLOW.file_path(date(2023, month, 1)) for month in range(1, 9)]
    for path in months:
        server.always["HEAD", f"/{path}"] = strange.silence
    opened(server.url, tmp_path, Pace(0.9), tries=1).stat_many(months)
    assert {line.partition(" for ")[2] for line in lines} == {f"{server.url} to tell of 8 files"}
    assert len(lines) < 8
