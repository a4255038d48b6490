"""The three servers that a run talks to: found by the settings, or started (profile `local`)."""

import fcntl
import hashlib
from contextlib import ExitStack
from pathlib import Path

from common.paths import make_private_folder
from embedded import contract
from embedded.endpoints import PROJECT, Endpoints
from embedded.stack import Stack
from ingest.time_limits import LIMITS
from orchestration import interrupts
from orchestration.settings import Settings
from orchestration.warehouses.connections import Connections, stores_name
from orchestration.warehouses.users import Membership, Users


class Servers:
    """The servers for the time of a `with`.

    With the profile `local` they are started when they are needed, and stopped at the end unless `up` keeps them; the
    other profiles' servers are up to their owners. Of several commands at once (a `status` during a `run`), the last to
    end stops them: each holds a shared lock while it lasts, which the system lets go of even when it is killed.
    `command` is what the others are told of us.
    """

    def __init__(self, settings: Settings, command: str = ""):
        self._command = command
        self._entered = ExitStack()
        self._membership: Membership | None = None
        self._settings = settings
        LIMITS.silence, LIMITS.statement = settings.run.silence_seconds, settings.run.statement_minutes * 60
        self._stack = embedded_stack(settings) if settings.profile == "local" else None

    def __enter__(self) -> "Servers":
        make_private_folder("The setting state_dir names", self._settings.run.state_dir)
        if self._stack:
            self._stack.root.mkdir(mode=0o700, exist_ok=True)
            self._lock = (self._stack.root / "users.lock").open("w", encoding="utf-8")
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            joined = Users(self._stack.root).joined(f"orchestrate.py {self._command}")
            self._membership = self._entered.enter_context(joined)
            self._entered.enter_context(interrupts.at_once(self._abandon))
        return self

    def __exit__(self, *_: object) -> None:
        if self._stack:
            with interrupts.deferred(), self._entered, self._lock:
                if self._is_to_stop():
                    self._stack.stop(hurried=interrupts.happened())

    def tell_run(self, run_id: str, command: str) -> None:
        """We are this run, for those who would stop the servers."""
        if self._membership:
            self._membership.tell_run(run_id, command)

    def _abandon(self) -> None:
        """Have the servers stop, without waiting for it."""
        if self._stack and self._is_to_stop():
            self._stack.tell_to_stop()

    def _is_to_stop(self) -> bool:
        """Whether nobody needs the servers any more. If another command is at work, it will stop them."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return not kept_marker(self._settings).exists()

    def postgres(self) -> Connections:
        """Postgres answers, and with it the ledger; the others may not (BigQuery's emulator takes 3 s to start)."""
        return self._connect(("postgres",))

    def stores(self) -> Connections:
        """Postgres and Cloud Storage answer, which is all that a landing needs."""
        return self._connect(("postgres", "gcs"))

    def all(self) -> Connections:
        """All three answer."""
        return self._connect(("postgres", "gcs", "bigquery"))

    def running_postgres(self) -> Connections | None:
        """Postgres where it is now, None if the embedded one is down. Starts nothing."""
        if not self._stack:
            return self._connections(None)
        ends = self._stack.running(("postgres",))
        return self._connections(ends) if ends else None

    def _connect(self, names: tuple[str, ...]) -> Connections:
        return self._connections(self._stack.start(names) if self._stack else None)

    def _connections(self, ends: Endpoints | None) -> Connections:
        """Those of the settings, or the embedded servers at `ends`."""
        settings = self._settings
        if ends is None:
            postgres, project = settings.postgres.parameters(), settings.bigquery.project
            token = settings.bigquery.token.get_secret_value()
            endpoints = settings.lake.endpoint, settings.bigquery.endpoint, token
        else:
            postgres = {
                "host": ends.postgres_host,
                "port": ends.postgres_port,
                "user": ends.postgres_user,
                "password": ends.postgres_password,
                "dbname": ends.postgres_dbname,
                "sslmode": "disable",
            }
            project, endpoints = ends.project, (ends.gcs_url, ends.bigquery_url, ends.bigquery_token)
        return Connections(
            postgres, project, settings.lake, settings.bigquery, *endpoints, postgres_threads=settings.postgres.threads
        )


def stores_of(settings: Settings) -> str:
    """Which lake and which BigQuery project a run with these settings works on, for the ledger."""
    return stores_name(settings.lake, PROJECT if settings.profile == "local" else settings.bigquery.project)


def warehouses_identity(settings: Settings) -> str:
    """A digest that tells these two warehouses from others, without their addresses."""
    if settings.profile == "local":  # whose ports change
        postgres = str(settings.run.state_dir)
    else:
        given = settings.postgres.parameters()
        postgres = f"{given['host']} {given['port']} {given['dbname']}"
    return hashlib.sha256(f"{settings.profile} {postgres} {stores_of(settings)}".encode()).hexdigest()[:16]


def embedded_stack(settings: Settings) -> Stack:
    """The embedded servers of these settings."""
    ports = {"postgres": settings.postgres.port, "gcs": settings.lake.port, "bigquery": settings.bigquery.port}
    rules = contract.RULES if settings.bigquery.contract else ()
    return Stack(settings.run.state_dir / "servers", {name: port for name, port in ports.items() if port}, rules)


def kept_marker(settings: Settings) -> Path:
    """The file that says that `up` started the servers, and only `down` may stop them."""
    return settings.run.state_dir / "servers" / "kept"
