"""A proxy on loopback whose answers trickle: a byte at a time, so that no read of them ever runs into a time-out."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def trickling(host: str, port: int, after: int) -> Iterator[int]:
    """The port of a proxy to the server at `host` and `port`: of each connection `after` bytes come as they are."""

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection((host, port)) as server, suppress(OSError):
            threading.Thread(target=pass_answers, args=(server, client), daemon=True).start()
            while data := client.recv(2**16):
                server.sendall(data)

    def pass_answers(server: socket.socket, client: socket.socket) -> None:
        left = after
        with suppress(OSError):
            while data := server.recv(2**16):
                client.sendall(data[:left])
                for byte in data[left:]:
                    client.sendall(bytes([byte]))
                    time.sleep(0.05)
                left = max(0, left - len(data))

    def accept() -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
