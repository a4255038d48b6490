"""A pooler for Postgres, as PgBouncer is one: clients log in to it, and share a few sessions of the real server."""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import LifoQueue

import psycopg

_ENCRYPTION = (80877103, 80877104)  # requests for TLS and GSS
_SETTINGS = {"server_version": "18.0", "client_encoding": "UTF8", "standard_conforming_strings": "on"}


@contextmanager
def pooler(dsn: str, sessions: int = 2, by_transaction: bool = True) -> Iterator[int]:
    """The port of a pooler in front of `dsn`: each transaction, or each connection, gets any of so many sessions."""
    connections = [psycopg.connect(dsn, autocommit=True) for _ in range(sessions)]
    pool: LifoQueue[socket.socket] = LifoQueue()
    for connection in connections:
        session = socket.socket(fileno=os.dup(connection.pgconn.socket))
        session.setblocking(True)
        pool.put(session)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, pool, by_transaction), daemon=True).start()
        yield server.getsockname()[1]


def _accept(server: socket.socket, pool: LifoQueue, by_transaction: bool) -> None:
    with suppress(OSError):
        while True:
            client, _ = server.accept()
            threading.Thread(target=_serve, args=(client, pool, by_transaction), daemon=True).start()


def _serve(client: socket.socket, pool: LifoQueue, by_transaction: bool) -> None:
    session: socket.socket | None = None
    with client, suppress(EOFError, OSError):
        _log_in(client)
        while True:
            kind, message = _read(client)
            if kind == b"X":
                break
            session = session or pool.get()
            session.sendall(message)
            while kind in (b"Q", b"S"):  # a query, or the end of one in parts: it is answered up to "ready"
                answer, message = _read(session)
                client.sendall(message)
                if answer == b"Z":
                    if message[-1:] == b"I" and by_transaction:
                        pool.put(session)
                        session = None
                    break
    if session:
        pool.put(session)


def _log_in(client: socket.socket) -> None:
    while True:
        (length,) = struct.unpack("!i", _exactly(client, 4))
        (code,) = struct.unpack("!i", _exactly(client, length - 4)[:4])
        if code not in _ENCRYPTION:
            break
        client.sendall(b"N")
    settings = b"".join(_message(b"S", f"{name}\0{value}\0".encode()) for name, value in _SETTINGS.items())
    welcome = _message(b"R", struct.pack("!i", 0)) + settings + _message(b"K", struct.pack("!ii", 1, 1))
    client.sendall(welcome + _message(b"Z", b"I"))


def _message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


def _read(connection: socket.socket) -> tuple[bytes, bytes]:
    head = _exactly(connection, 5)
    return head[:1], head + _exactly(connection, struct.unpack("!i", head[1:])[0] - 4)


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise EOFError
        received += part
    return received
