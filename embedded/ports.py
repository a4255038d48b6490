"""TCP ports on loopback: finding a free one, and asking what answers there. No imports that cost time."""

import random
import socket

from embedded.endpoints import HOST

# Below 32768, where Linux hands out the client ends of connections: one of those could take a port between our
# choosing it and the server's listening on it (BigQuery takes 3.5 s to get there).
FIRST, LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now. Connections that linger after their server's end do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError:
            return False
    return True


def any_free() -> int:
    """A free port, drawn at random so that two stacks started at once hardly meet."""
    while True:
        port = random.randint(FIRST, LAST)
        if is_free(port):
            return port


def accepts(port: int, timeout: float = 1.0) -> bool:
    """Whether anything listens on this port."""
    try:
        socket.create_connection((HOST, port), timeout).close()
    except OSError:
        return False
    return True


def ask(port: int, message: bytes, timeout: float) -> bytes:
    """What a server says first when sent `message`: up to 4096 bytes, empty if it says nothing in `timeout` seconds."""
    try:
        with socket.create_connection((HOST, port), timeout) as connection:
            connection.sendall(message)
            return connection.recv(4096)
    except OSError:
        return b""


def get(port: int, path: str, timeout: float, headers: str = "") -> bool:
    """Whether a web server answers `path` with 200. By hand, since importing http.client costs more than asking."""
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n{headers}\r\n"
    status, _, _ = ask(port, request.encode(), timeout).partition(b"\r\n")
    return status.split(b" ")[1:2] == [b"200"]
