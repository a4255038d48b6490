"""What web servers do instead of what they should; each an Answer of tlc_server."""

import gzip
import hashlib
import itertools
import threading
from collections.abc import Callable
from typing import Any

Answer = Callable[[Any, bytes], None]

OVER = threading.Event()
"""Set to have all that is held go."""


def etag_of(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


def begin(handler: Any, status: int, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def send(handler: Any, data: bytes) -> None:
    if handler.command == "GET":
        handler.wfile.write(data)
        handler.wfile.flush()


def drip(data: bytes, seconds: float, count: int) -> Callable[[Any], None]:
    """Send these bytes `count` at a time, so many seconds apart."""

    def dripping(handler: Any) -> None:
        handler.close_connection = True
        for start in range(0, len(data), count):
            handler.wfile.write(data[start : start + count])
            handler.wfile.flush()
            if OVER.wait(seconds):
                return

    return dripping


def dripping_body(seconds: float, count: int = 1, after: int = 0) -> Answer:
    """The true headers and `after` bytes; then `count` bytes each so many seconds."""

    def answer(handler: Any, body: bytes) -> None:
        start = _start(handler)
        if start:
            total = f"bytes {start}-{len(body) - 1}/{len(body)}"
            begin(handler, 206, ETag=etag_of(body), Content_Length=str(len(body) - start), Content_Range=total)
        else:
            begin(handler, 200, ETag=etag_of(body), Content_Length=str(len(body)))
            send(handler, body[:after])
        drip(body[max(start, after) :], seconds, count)(handler)

    return answer


def _start(handler: Any) -> int:
    return int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])


def dripping_headers(handler: Any, body: bytes) -> None:
    drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 4_000, 0.05, 1)(handler)


def silence(handler: Any, body: bytes) -> None:
    handler.close_connection = True
    OVER.wait(30)


def stalling(after: int) -> Answer:
    """The true headers and so many bytes of what was asked for; then nothing, the connection held."""

    def answer(handler: Any, body: bytes) -> None:
        begin(handler, 200, ETag=etag_of(body), Content_Length=str(len(body)))
        send(handler, body[:after])
        silence(handler, body)

    return answer


def stated_length(more: int, *, is_held: bool, knows_ranges: bool = True) -> Answer:
    """A length so many bytes off the true one, but to a range; the connection then closed, or held."""

    def answer(handler: Any, body: bytes) -> None:
        if knows_ranges and _start(handler) >= len(body):
            begin(handler, 416, Content_Range=f"bytes */{len(body)}", Content_Length="0")
            return
        begin(handler, 200, ETag=etag_of(body), Content_Length=str(len(body) + more))
        send(handler, body[: len(body) + min(more, 0)])
        handler.close_connection = True
        if is_held and handler.command == "GET":
            silence(handler, body)

    return answer


def redirect(to: str, status: int = 302) -> Answer:
    return lambda handler, body: begin(handler, status, Location=to, Content_Length="0")


def redirect_slowly(handler: Any, body: bytes) -> None:
    """To another address each time, and not at once."""
    OVER.wait(0.35)
    redirect_on(handler, body)


def redirect_on(handler: Any, body: bytes) -> None:
    """To another address each time."""
    handler.send_response(302)
    path, _, query = handler.path.partition("?")
    handler.send_header("Location", f"{path}?{int(query or 0) + 1}")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def raw(data: bytes) -> Answer:
    """These bytes, and the end of the connection."""

    def answer(handler: Any, body: bytes) -> None:
        handler.wfile.write(data)
        handler.close_connection = True

    return answer


def alternating(*tags: str) -> Answer:
    """The file, with another ETag each time it is asked for."""
    turns = itertools.cycle(tags)

    def answer(handler: Any, body: bytes) -> None:
        begin(handler, 200, ETag=next(turns), Content_Length=str(len(body)))
        send(handler, body)

    return answer


def tagged(**headers: str) -> Answer:
    """The file with these headers about its version alone; ranges are not known."""

    def answer(handler: Any, body: bytes) -> None:
        begin(handler, 200, Content_Length=str(len(body)), **headers)
        send(handler, body)

    return answer


def zipped(handler: Any, body: bytes) -> None:
    """Compressed, whatever was asked for."""
    data = gzip.compress(body, 1)
    begin(handler, 200, ETag=f"W/{etag_of(body)}", Content_Encoding="gzip", Content_Length=str(len(data)))
    send(handler, data)


def badly_zipped(handler: Any, body: bytes) -> None:
    begin(handler, 200, Content_Encoding="gzip", Content_Length=str(len(body)), ETag='"1"')
    send(handler, body)


def chunked(after: int | None = None, *, is_zipped: bool = False, seconds: float = 0.0, **headers: str) -> Answer:
    """In chunks, without a length; cut `after` so many of them; so many seconds between them."""

    def answer(handler: Any, body: bytes) -> None:
        encoding = {"Content_Encoding": "gzip"} if is_zipped else {}
        begin(handler, 200, Transfer_Encoding="chunked", **encoding, **headers)
        data = gzip.compress(body, 1) if is_zipped else body
        handler.close_connection = True
        for number, start in enumerate(range(0, len(data), 10_000)):
            if number == after:
                return
            chunk = data[start : start + 10_000]
            send(handler, b"%x\r\n%b\r\n" % (len(chunk), chunk))
            if seconds and OVER.wait(seconds):
                return
        send(handler, b"0\r\n\r\n")

    return answer


def until_closed(length: int | None = None) -> Answer:
    """As servers of 1996 do: no length, the end of the connection is the end of the file."""

    def answer(handler: Any, body: bytes) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nETag: " + etag_of(body).encode() + b"\r\n\r\n")
        send(handler, body[:length])
        handler.close_connection = True

    return answer


def ranged(body_of: Callable[[bytes], bytes], *, total: int = 0) -> Answer:
    """A range of another file than was asked for, If-Range or not; its length `total` more than it is."""

    def answer(handler: Any, body: bytes) -> None:
        other, start = body_of(body), _start(handler)
        whole = f"bytes {start}-{len(other) - 1}/{len(other) + total}"
        begin(handler, 206, ETag=etag_of(other), Content_Length=str(len(other) - start), Content_Range=whole)
        send(handler, other[start:])

    return answer
