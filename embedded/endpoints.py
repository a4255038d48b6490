"""Where the three servers answer, and what a client needs to be let in."""

from dataclasses import dataclass, field

HOST = "127.0.0.1"
# Google's project ids have 6 to 30 characters; the hyphen is there because real ones have one, and SQL must quote it.
PROJECT = "taxi-local"
POSTGRES_USER = "taxi"
POSTGRES_DBNAME = "taxi"


@dataclass(frozen=True)
class Endpoints:
    """The running servers of one `Stack`. URLs have no trailing slash."""

    postgres_host: str
    postgres_port: int
    postgres_user: str
    postgres_password: str = field(repr=False)  # kept out of logs and tracebacks
    postgres_dbname: str
    gcs_url: str
    bigquery_url: str
    project: str

    def environment(self) -> dict[str, str]:
        """The environment variables that lead Postgres', Google's and dbt's clients to these servers."""
        return {
            "TAXI_POSTGRES_HOST": self.postgres_host,
            "TAXI_POSTGRES_PORT": str(self.postgres_port),
            "TAXI_POSTGRES_USER": self.postgres_user,
            "TAXI_POSTGRES_PASSWORD": self.postgres_password,
            "TAXI_POSTGRES_DBNAME": self.postgres_dbname,
            "TAXI_BIGQUERY_PROJECT": self.project,
            "TAXI_BIGQUERY_LOCATION": "US",
            "TAXI_BIGQUERY_ENDPOINT": self.bigquery_url,
            "TAXI_BIGQUERY_METHOD": "oauth-secrets",
            "TAXI_BIGQUERY_KEYFILE": "",
            "STORAGE_EMULATOR_HOST": self.gcs_url,
            "GOOGLE_CLOUD_PROJECT": self.project,
        }
