"""PostgreSQL as a managed service runs it, for tests and benchmarks.

Stock settings, data checksums, WAL for a standby, and no superuser for us.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from common import environment
from embedded import ports
from embedded.postgres import _not_as_root, _program
from embedded.server import Server

_SUPERUSER_PASSWORD = "of-the-service"
OWNER = "taxi_owner"


class StockPostgres(Server):
    """Nothing is set but where it listens; PostgreSQL's defaults are wal_level=replica, jit, and 4 MB to sort."""

    name = "stock"
    folder_option = "-D"

    def prepare(self) -> None:
        """Make the data folder."""
        password = self.root / "password"
        self.root.mkdir(parents=True)
        password.write_text(_SUPERUSER_PASSWORD, encoding="utf-8")
        login = ["-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}"]
        command = [*_not_as_root(), _program("initdb"), "-D", str(self.folder), "--encoding=UTF8", *login]
        subprocess.run(command, env=environment.for_server(), check=True, capture_output=True)

    def command(self, port: int) -> list[str]:
        """The server in the foreground."""
        where = ("-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
        return [*_not_as_root(), _program("postgres"), *self.mark, *where]

    def is_ready(self, port: int, timeout: float) -> bool:
        """Whether it takes connections."""
        try:
            self.connect(port).close()
        except psycopg.OperationalError:
            return False
        return True

    def connect(self, port: int, database: str = "postgres") -> psycopg.Connection:
        """As the superuser, whom a managed service keeps for itself."""
        login = {"user": "postgres", "password": _SUPERUSER_PASSWORD, "dbname": database}
        return psycopg.connect(host="127.0.0.1", port=port, autocommit=True, **login)


@contextmanager
def stock_postgres(root: Path) -> Iterator[str]:
    """The URL of a database there, for a user who owns it and has no other right."""
    server, port = StockPostgres(root), ports.any_free()
    server.prepare()
    process = subprocess.Popen(
        server.command(port), env=environment.for_server(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not server.is_ready(port, 1):
            assert process.poll() is None
            time.sleep(0.1)
        with server.connect(port) as connection:
            connection.execute(f"create role {OWNER} login password 'hunter2-of-the-owner'")
            connection.execute(f"create database taxi owner {OWNER}")
        yield f"postgresql://{OWNER}:hunter2-of-the-owner@127.0.0.1:{port}/taxi"
    finally:
        process.terminate()
        process.wait()
