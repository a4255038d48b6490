"""How to reach the three servers that a run talks to, as their clients take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from psycopg import pq
from psycopg.conninfo import make_conninfo

from common.masking import hide
from common.network import check_way_to_google
from ingest.errors import SettingError, first_line
from ingest.heartbeat import Heartbeat
from ingest.time_limits import LIMITS
from ingest.watched_postgres import heartbeat_of
from orchestration.ledger.holders import application_name
from orchestration.settings import BigQuerySettings, LakeSettings

if TYPE_CHECKING:  # Google's clients take a second to import, which a run with nothing to do has no need of
    from google.cloud import bigquery, storage  # type: ignore[attr-defined,unused-ignore]  # it has no types

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
    postgres_threads: int = 2  # models that dbt builds at once
    # Ids of the queries that the run itself sent to BigQuery and that nobody has counted yet: see bigquery_jobs.py.
    uncounted_jobs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        hide(self.postgres.get("password"), self.postgres.get("sslpassword"), self.bigquery_token)

    @property
    def dsn(self) -> str:
        """Postgres' connection string, with the password in it: never to be shown."""
        return make_conninfo(**self.postgres)

    @cached_property
    def bucket(self) -> "storage.Bucket":
        """The lake's bucket. Raises SettingError where there are no credentials."""
        from google.cloud import storage  # type: ignore[attr-defined,unused-ignore]

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
        return stores_name(self.lake, self.project)

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
            "DBT_TAXI_POSTGRES_THREADS": str(self.postgres_threads),
            "DBT_TAXI_BIGQUERY_PROJECT": self.project,
            "DBT_TAXI_BIGQUERY_THREADS": str(self.bigquery_settings.threads),
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


def stores_name(lake: LakeSettings, project: str) -> str:
    """Which lake and which BigQuery project these are, for the ledger."""
    return f"gs://{lake.bucket}, BigQuery project {project}"


def _libpq_variables(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The parameters as the variables by which psql, and psycopg2 in dbt, take them; some have none."""
    options = {option.keyword.decode(): option.envvar for option in pq.Conninfo.get_defaults()}
    return {variable.decode(): str(value) for name, value in parameters.items() if (variable := options.get(name))}
