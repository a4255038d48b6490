"""A proxy on loopback that loses the answer to one request: the server did as told, and the client cannot know."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def losing_answer_to(request: bytes, host: str, port: int) -> Iterator[int]:
    """The port of a proxy to the server at `host` and `port`.

    When the server answers the first request that holds these bytes, the connection ends instead. Later ones pass.
    Addresses that the server hands out, such as those of uploads in parts, lead to the proxy as well.
    """
    is_lost = threading.Event()

    def serve(client: socket.socket) -> None:
        loses = threading.Event()
        with client, socket.create_connection((host, port)) as server, suppress(OSError):
            threading.Thread(target=pass_answers, args=(server, client, loses), daemon=True).start()
            while data := client.recv(2**16):
                if request in data and not is_lost.is_set():
                    is_lost.set()
                    loses.set()
                server.sendall(data)

    def pass_answers(server: socket.socket, client: socket.socket, loses: threading.Event) -> None:
        with suppress(OSError):
            while (data := server.recv(2**16)) and not loses.is_set():
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        own_port = listener.getsockname()[1]
        theirs, ours = f":{port}".encode(), f":{own_port}".encode()
        assert len(theirs) == len(ours), "lengths that the server states would be wrong"
        threading.Thread(target=accept, daemon=True).start()
        yield own_port
        assert is_lost.is_set(), f"nobody sent {request!r}"
