"""A connection to a server through which less comes than the server sends."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

Way = Callable[[socket.socket, bytes], None]
"""Passes on what the server sent to the client; may wait, or raise OSError to cut the connection."""


class Relay:
    """Listens on loopback for connections to `url`; `way` is how bytes come back."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self.way: Way = socket.socket.sendall
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """No more connections."""
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                for come, go, way in ((client, server, socket.socket.sendall), (server, client, self._pass_on)):
                    threading.Thread(target=_pump, args=(come, go, way), daemon=True).start()

    def _pass_on(self, client: socket.socket, data: bytes) -> None:
        self.way(client, data)


def _pump(come: socket.socket, go: socket.socket, way: Way) -> None:
    with suppress(OSError):
        while data := come.recv(1 << 16):
            way(go, data)
    for end in (come, go):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
