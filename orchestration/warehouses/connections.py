"""The three servers that a run talks to: found by the settings, or started (profile `local`)."""

import fcntl
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import pq
from psycopg.conninfo import make_conninfo

from common.masking import hide
from common.network import check_way_to_google
from common.paths import make_private_folder
from embedded.endpoints import PROJECT
from embedded.stack import Stack
from ingest.errors import SettingError, first_line
from ingest.heartbeat import Heartbeat
from ingest.time_limits import LIMITS
from ingest.watched_postgres import heartbeat_of
from orchestration import interrupts
from orchestration.ledger.lease import application_name
from orchestration.settings import BigQuerySettings, LakeSettings, Settings
from orchestration.warehouses.users import Membership, Users

if TYPE_CHECKING:  # Google's clients take a second to import, which a run with nothing to do has no need of
    from google.cloud import bigquery, storage  # type: ignore[attr-defined]  # it has no types

# Where Google's clients look for an emulator: for those who use them by hand.
_STORAGE_ENDPOINT = "STORAGE_EMULATOR_HOST"
_BIGQUERY_ENDPOINT = "BIGQUERY_EMULATOR_HOST"
_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


@dataclass(frozen=True)
class Connections:
    """How to reach Postgres, Cloud Storage and BigQuery."""

    postgres: dict[str, Any] = field(repr=False)  # libpq's parameters, the password among them
    project: str
    lake: LakeSettings = field(default_factory=LakeSettings)
    bigquery_settings: BigQuerySettings = field(default_factory=BigQuerySettings)
    gcs_endpoint: str = ""  # '': the real Cloud Storage
    bigquery_endpoint: str = ""  # '': the real BigQuery
    bigquery_token: str = field(default="", repr=False)  # the emulator requires it

    def __post_init__(self) -> None:
        hide(self.postgres.get("password"), self.postgres.get("sslpassword"), self.bigquery_token)

    @property
    def dsn(self) -> str:
        """Postgres' connection string, with the password in it: never to be shown."""
        return make_conninfo(**self.postgres)

    @cached_property
    def bucket(self) -> "storage.Bucket":
        """The lake's bucket. Raises SettingError where there are no credentials."""
        from google.cloud import storage  # type: ignore[attr-defined]

        client = storage.Client(self.project, **self._client_options("Cloud Storage", self.gcs_endpoint))
        return client.bucket(self.lake.bucket)

    @cached_property
    def bigquery(self) -> "bigquery.Client":
        """BigQuery's client. Raises SettingError where there are no credentials."""
        from google.cloud import bigquery

        limits = bigquery.QueryJobConfig(
            maximum_bytes_billed=self.bigquery_settings.maximum_bytes_billed,
            labels={"app": "orchestrate", "project": "nyc_taxi_elt"},
        )
        return bigquery.Client(
            self.project,
            location=self.bigquery_settings.location,
            default_query_job_config=limits,
            **self._client_options("BigQuery", self.bigquery_endpoint),
        )

    @cached_property
    def heartbeats(self) -> dict[str, Heartbeat]:
        """Of the two warehouses, by which whoever waits for them is told that they hang."""
        from ingest.google_session import ask

        bigquery = Heartbeat(partial(ask, self.bigquery_endpoint or "https://bigquery.googleapis.com"))
        return {"postgres": heartbeat_of(self.dsn), "bigquery": bigquery}

    def _client_options(self, server: str, endpoint: str) -> dict[str, Any]:
        from google.auth.credentials import AnonymousCredentials
        from google.oauth2.credentials import Credentials

        from ingest.google_session import BoundedSession

        if not endpoint:
            credentials = self._google_credentials()
        elif endpoint == self.bigquery_endpoint and self.bigquery_token:
            credentials = Credentials(self.bigquery_token)
        else:
            credentials = AnonymousCredentials()
        options = {"client_options": {"api_endpoint": endpoint}} if endpoint else {}
        return {"credentials": credentials, "_http": BoundedSession(server, credentials), **options}

    def of_run(self, run_id: str) -> "Connections":
        """The same, with sessions in Postgres that bear the run's name: by it the next run ends those left behind."""
        return replace(self, postgres={**self.postgres, "application_name": application_name(run_id)})

    @property
    def stores(self) -> str:
        """Which lake and which BigQuery project these are."""
        return _stores(self.lake, self.project)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which profiles.yml, psql and Google's clients find the same servers.

        None has the name of a setting: what is printed for dbt must not change what orchestrate.py does next.
        """
        keyfile = self.bigquery_settings.keyfile
        variables = _libpq_variables(self.postgres)
        variables |= {
            "DBT_TAXI_POSTGRES_HOST": variables["PGHOST"],
            "DBT_TAXI_POSTGRES_PORT": variables["PGPORT"],
            "DBT_TAXI_POSTGRES_USER": variables["PGUSER"],
            "DBT_ENV_SECRET_TAXI_POSTGRES_PASSWORD": variables.get("PGPASSWORD", ""),
            "DBT_TAXI_POSTGRES_DBNAME": variables["PGDATABASE"],
            "DBT_TAXI_BIGQUERY_PROJECT": self.project,
            "DBT_TAXI_BIGQUERY_LOCATION": self.bigquery_settings.location,
            "DBT_TAXI_BIGQUERY_ENDPOINT": self.bigquery_endpoint,
            "DBT_ENV_SECRET_TAXI_BIGQUERY_TOKEN": self.bigquery_token,
            "DBT_TAXI_BIGQUERY_MAXIMUM_BYTES_BILLED": str(self.bigquery_settings.maximum_bytes_billed),
            "DBT_TAXI_BIGQUERY_METHOD": (
                "oauth-secrets" if self.bigquery_endpoint else "service-account" if keyfile else "oauth"
            ),
            "DBT_TAXI_BIGQUERY_KEYFILE": str(keyfile or ""),
            "DBT_TAXI_STATEMENT_SECONDS": f"{LIMITS.statement:.0f}",
            "GOOGLE_CLOUD_PROJECT": self.project,
        }
        if self.gcs_endpoint:
            variables[_STORAGE_ENDPOINT] = self.gcs_endpoint
        if self.bigquery_endpoint:
            variables[_BIGQUERY_ENDPOINT] = self.bigquery_endpoint
        return variables

    def _google_credentials(self) -> Any:
        import google.auth
        from google.auth.exceptions import DefaultCredentialsError
        from google.oauth2 import service_account

        check_way_to_google()
        try:
            if keyfile := self.bigquery_settings.keyfile:
                return service_account.Credentials.from_service_account_file(str(keyfile), scopes=_SCOPES)
            return google.auth.default(scopes=_SCOPES)[0]
        except ValueError as error:
            what = f"bigquery_keyfile {self.bigquery_settings.keyfile} is not a key file: {first_line(error)}"
            raise SettingError(what, "Name the JSON key file of a service account") from None
        except DefaultCredentialsError:
            raise SettingError(
                "There are no Google credentials for the profile gcp",
                "Run `gcloud auth application-default login`, or set bigquery_keyfile to a service account's key file",
            ) from None


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

    def all(self) -> Connections:
        """All three answer."""
        return self._connect(("postgres", "gcs", "bigquery"))

    def _connect(self, names: tuple[str, ...]) -> Connections:
        settings = self._settings
        if not self._stack:
            postgres, project = settings.postgres.parameters(), settings.bigquery.project
            token = settings.bigquery.token.get_secret_value()
            endpoints = settings.lake.endpoint, settings.bigquery.endpoint, token
        else:
            ends = self._stack.start(names)
            postgres = {
                "host": ends.postgres_host,
                "port": ends.postgres_port,
                "user": ends.postgres_user,
                "password": ends.postgres_password,
                "dbname": ends.postgres_dbname,
                "sslmode": "disable",
            }
            project, endpoints = ends.project, (ends.gcs_url, ends.bigquery_url, ends.bigquery_token)
        return Connections(postgres, project, settings.lake, settings.bigquery, *endpoints)


def _libpq_variables(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The parameters as the variables by which psql, and psycopg2 in dbt, take them; some have none."""
    options = {option.keyword.decode(): option.envvar for option in pq.Conninfo.get_defaults()}
    return {variable.decode(): str(value) for name, value in parameters.items() if (variable := options.get(name))}


def stores_of(settings: Settings) -> str:
    """Which lake and which BigQuery project a run with these settings works on, for the ledger."""
    return _stores(settings.lake, PROJECT if settings.profile == "local" else settings.bigquery.project)


def _stores(lake: LakeSettings, project: str) -> str:
    return f"gs://{lake.bucket}, BigQuery project {project}"


def embedded_stack(settings: Settings) -> Stack:
    """The embedded servers of these settings."""
    ports = {"postgres": settings.postgres.port, "gcs": settings.lake.port, "bigquery": settings.bigquery.port}
    return Stack(settings.run.state_dir / "servers", {name: port for name, port in ports.items() if port})


def kept_marker(settings: Settings) -> Path:
    """The file that says that `up` started the servers, and only `down` may stop them."""
    return settings.run.state_dir / "servers" / "kept"
