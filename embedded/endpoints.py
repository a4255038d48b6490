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
    bigquery_token: str = field(repr=False)
    project: str
