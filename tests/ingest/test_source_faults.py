"""Each way in which a web server goes wrong: the file comes all the same, or one clear line says what is wrong."""

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import strange_answers as strange
from tlc_server import TlcServer, cut_after, page, parquet_like, serving, status

from ingest.datasets import GREEN, ZONE_LOOKUP_PATH
from ingest.errors import BadFileError, NotPublishedError, RefusedError, SourceError, TaxiError
from ingest.open_source import open_source
from ingest.pace import Pace
from ingest.source import Source, SourceDownError

JANUARY = GREEN.file_path(date(2024, 1, 1))
URL = f"/{JANUARY}"
ZONES = f"/{ZONE_LOOKUP_PATH}"
BODY = parquet_like(300_000)
OTHER = parquet_like(300_000, seed=1)
BOTH = ("HEAD", "GET")
SECONDS = 20.0  # of the longest fault, on a busy machine; the pace is 75 times that of real life

Fault = Callable[[TlcServer], None]


@pytest.fixture
def server() -> Iterator[TlcServer]:
    server = TlcServer()
    server.files[URL] = BODY
    strange.OVER.clear()
    yield server
    strange.OVER.set()
    server.shutdown()
    server.server_close()


def opened(url: str, tmp_path: Path, seconds: float = 0.4) -> Source:
    return open_source(url, cache=tmp_path / "cache", tries=4, base_delay=0.01, pace=Pace(seconds, 10_000))


def always(*methods: str, answer: strange.Answer) -> Fault:
    return lambda server: server.always.update({(method, URL): answer for method in methods})


def once(*answers: strange.Answer, method: str = "GET") -> Fault:
    return lambda server: server.then(method, URL, *answers)


def without_ranges(*answers: strange.Answer) -> Fault:
    def fault(server: TlcServer) -> None:
        server.knows_ranges = False
        server.then("GET", URL, *answers)

    return fault


def moved(to: str) -> Fault:
    def fault(server: TlcServer) -> None:
        server.files["/new.parquet"] = BODY
        for method in BOTH:
            server.always[method, URL] = strange.redirect(to.format(port=server.server_port))

    return fault


def a_burst(server: TlcServer) -> None:
    for path in (URL, ZONES):
        for method in BOTH:
            server.then(method, path, status(403))


# fmt: off
HEALED: dict[str, Fault] = {
    "HEAD answered 405": always("HEAD", answer=status(405)),
    "HEAD answered 403": always("HEAD", answer=status(403)),
    "HEAD answered 404": always("HEAD", answer=status(404)),
    "HEAD answered 500": always("HEAD", answer=status(500)),
    "HEAD answered 501": always("HEAD", answer=status(501)),
    "HEAD without a length": always("HEAD", answer=strange.chunked(ETag=strange.etag_of(BODY))),
    "HEAD with a length of 0": always("HEAD", answer=status(200, Content_Length="0")),
    "HEAD with too great a length": always("HEAD", answer=strange.stated_length(5, is_held=False)),
    "always compressed": always(*BOTH, answer=strange.zipped),
    "always compressed, in chunks": always(*BOTH, answer=strange.chunked(is_zipped=True, ETag='W/"1"')),
    "compressed, but for HEAD": always("GET", answer=strange.zipped),
    "in chunks": always(*BOTH, answer=strange.chunked(ETag='"1"')),
    "in chunks, with no word of the version": always(*BOTH, answer=strange.chunked()),
    "until the connection ends": always(*BOTH, answer=strange.until_closed()),
    "cut off, where the end of the connection is the end": lambda server: (
        always(*BOTH, answer=strange.until_closed())(server),
        server.then("GET", URL, strange.until_closed(), strange.until_closed(1_000)),
    ),
    "two ETags by turns": always(*BOTH, answer=strange.alternating('"a"', '"b"')),
    "three ETags by turns": always(*BOTH, answer=strange.alternating('"a"', '"b"', '"c"')),
    "a new ETag each time": always(*BOTH, answer=strange.alternating(*(f'"{number}"' for number in range(99)))),
    "an ETag of HEAD and one of GET": always("GET", answer=strange.tagged(ETag='"other"')),
    "a weak ETag": always(*BOTH, answer=strange.tagged(ETag='W/"1"')),
    "an ETag weak by turns": always(*BOTH, answer=strange.alternating('W/"1"', '"1"')),
    "a date, no ETag": always(*BOTH, answer=strange.tagged(Last_Modified="Mon, 05 Feb 2024 10:00:00 GMT")),
    "neither date nor ETag": always(*BOTH, answer=strange.tagged()),
    "If-Range ignored, the file another": once(cut_after(100_000), strange.ranged(lambda _: OTHER)),
    "a range of a file of another length": once(cut_after(100_000), strange.ranged(lambda body: body, total=5)),
    "a range that nobody asked for": once(strange.ranged(lambda body: body)),
    "the whole where a range was asked for": without_ranges(cut_after(100_000)),
    "server errors for a while": once(status(500), status(502), status(503)),
    "429 with a pause": once(status(429, Retry_After="1")),
    "503 with a pause until a date long past": once(status(503, Retry_After="Mon, 05 Feb 2024 10:00:00 GMT")),
    "403 for a while": a_burst,
    "cut among the headers": once(strange.raw(b"HTTP/1.1 200 OK\r\nContent-Le")),
    "cut three times": once(*[cut_after(60_000)] * 3),
    "silent once": once(strange.silence),
    "stalled once": once(strange.stalling(50_000)),
    "a byte a moment, once": once(strange.dripping_body(0.02)),
    "another file for once": once(serving(OTHER)),
    "redirected": moved("/new.parquet"),
    "redirected to another host": moved("http://localhost:{port}/new.parquet"),
}
# fmt: on


@pytest.mark.parametrize("fault", HEALED.values(), ids=HEALED)
def test_the_file_comes_all_the_same(server, tmp_path, fault):
    fault(server)
    fetched = opened(server.url, tmp_path, 1.5 if server.always else 0.6).fetch(JANUARY)
    assert fetched.path.read_bytes() == BODY
    assert fetched.stat.url == f"{server.url}{URL}"


UNPUBLISHED = GREEN.file_path(date(2024, 2, 1))
# fmt: off
NAMED: dict[str, tuple[Fault, type[TaxiError], str]] = {
    "a byte a moment": (
        always("GET", answer=strange.dripping_body(0.02)), SourceError,
        r"stalled after \d+ of 300,000 bytes \(only \d+ bytes a second for \d s, less than .* source_minimum_rate\)",
    ),
    "a byte a moment after a good beginning": (
        always("GET", answer=strange.dripping_body(0.02, after=100_000)), SourceError,
        r"stalled after 100,\d+ of 300,000 bytes \(only",
    ),
    "a small chunk a moment": (
        always(*BOTH, answer=strange.chunked(seconds=5.0)), SourceError,
        r"stalled after 10,000 of an unknown number of bytes \(nothing more came in time\)",
    ),
    "headers that drip, to HEAD": (
        always("HEAD", answer=strange.dripping_headers), SourceDownError, "cannot be reached: no answer in time",
    ),
    "headers that drip, to GET": (
        always("GET", answer=strange.dripping_headers), SourceDownError, "cannot be reached: no answer in time",
    ),
    "silent": (always("GET", answer=strange.silence), SourceDownError, "cannot be reached: no answer in time"),
    "stalled each time": (
        always("GET", answer=strange.stalling(60_000)), SourceError,
        r"stalled after 60,000 of 300,000 bytes \(nothing more came in time\)",
    ),
    "a redirect to itself": (always(*BOTH, answer=strange.redirect(URL)), SourceError, "a redirect loop"),
    "a redirect that goes on and on": (always(*BOTH, answer=strange.redirect_on), SourceError, "more than 10 redire"),
    "redirects that take long together": (
        always(*BOTH, answer=strange.redirect_slowly), SourceDownError, "cannot be reached: no answer in time",
    ),
    "a redirect to no web address": (
        always(*BOTH, answer=strange.redirect("ftp://host/x")), SourceDownError, "redirects to what is no web address",
    ),
    "a redirect to where nobody listens": (
        always(*BOTH, answer=strange.redirect("http://127.0.0.1:9/x")), SourceDownError, "Connection refused",
    ),
    "too long a length, the connection held": (
        always(*BOTH, answer=strange.stated_length(5, is_held=True)), SourceError,
        r"stated to be 300,005 bytes long, and the server has 300,000 of it. Ask the server's operator",
    ),
    "too long a length, ranges unknown": (
        always(*BOTH, answer=strange.stated_length(5, is_held=False, knows_ranges=False)), SourceError,
        r"300,000 of 300,005 bytes \(the connection was cut\). It ends at the same byte each time: ask",
    ),
    "too short a length": (
        always(*BOTH, answer=strange.stated_length(-5, is_held=False)), BadFileError, r"is cut short \(299,995 bytes",
    ),
    "cut at the same byte each time": (
        without_ranges(*[cut_after(65_536)] * 9), SourceError,
        r"broke off after 65,536 of 300,000 bytes .* It ends at the same byte each time",
    ),
    "in chunks, cut each time": (
        always(*BOTH, answer=strange.chunked(5)), SourceError, "an unknown number of bytes",
    ),
    "cut off each time, where the end of the connection is the end": (
        always(*BOTH, answer=strange.until_closed(1_000)), BadFileError, r"is cut short \(1,000 bytes",
    ),
    "compressed badly": (
        always(*BOTH, answer=strange.badly_zipped), SourceError, "not compressed as it says",
    ),
    "compressed in a way of its own": (
        always(*BOTH, answer=strange.tagged(Content_Encoding="gzip, own")), SourceError,
        r"comes compressed \(own\), which nobody here can unpack",
    ),
    "another file each time": (
        lambda server: server.then("GET", URL, *[serving(parquet_like(300_000, seed)) for seed in range(2, 9)]),
        SourceError, "changed while it was fetched",
    ),
    "a web page with status 200": (always(*BOTH, answer=page), SourceError, "is a web page, sent as text/html.*login"),
    "401": (always(*BOTH, answer=status(401)), SourceError, "answers 401 Unauthorized. Correct the user and"),
    "400": (always(*BOTH, answer=status(400)), SourceError, "answers 400 Bad Request. Check the setting"),
    "404": (always(*BOTH, answer=status(404)), NotPublishedError, "green 2024-01 is not published: there is no http"),
    "403 for one file": (
        always(*BOTH, answer=status(403)), RefusedError,
        "green 2024-01 is not published, or the source refuses it: it answers 403 for http",
    ),
    "403 for all": (
        lambda server: setattr(server, "is_blocking", True), SourceDownError, "answers 403 to everything",
    ),
    "500": (always(*BOTH, answer=status(500)), SourceDownError, "answers 500 Internal Server Error. Run again later"),
    "503": (always(*BOTH, answer=status(503)), SourceDownError, "answers 503 Service Unavailable. Run again later"),
    "429 with a pause of an hour": (
        always(*BOTH, answer=status(429, Retry_After="3600")), SourceDownError, "asks for a pause of 3,600 s",
    ),
    "503 with a pause without end": (
        always(*BOTH, answer=status(503, Retry_After="9" * 400)), SourceDownError, "asks for a pause of 999,999,999 s",
    ),
    "no HTTP": (
        always(*BOTH, answer=strange.raw(b"SSH-2.0-OpenSSH_9.6\r\n")), SourceDownError, "its answer is not HTTP",
    ),
    "hangs up": (
        always(*BOTH, answer=strange.raw(b"")), SourceDownError, "the server hung up without an answer",
    ),
    "headers without end": (
        always(*BOTH, answer=strange.raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000)), SourceDownError, "is not HTTP",
    ),
}
# fmt: on


@pytest.mark.parametrize(("fault", "kind", "message"), NAMED.values(), ids=NAMED)
def test_one_line_names_what_is_wrong_in_time(server, tmp_path, fault, kind, message):
    fault(server)
    began = time.monotonic()
    with pytest.raises(kind, match=message) as raised:
        opened(server.url, tmp_path).fetch(JANUARY)
    assert time.monotonic() - began < SECONDS
    assert type(raised.value) is kind
    assert URL in raised.value.what
    assert raised.value.next_step
    assert not list(tmp_path.rglob("*.parquet"))
