"""What can be set, by concern: names, types, limits and defaults. settings.toml describes each."""

import re
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal

from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ProgrammingError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from common.masking import hide
from ingest.datasets import TLC_SERVER, get_dataset
from ingest.errors import SettingError
from orchestration.setting_words import is_web_address

_Port = Annotated[int, Field(ge=1, le=65535)]


class Group(BaseModel):
    """Settings of one concern. The alias of each is its name in settings.toml, which describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SourceSettings(Group):
    """Where TLC's files come from, and which are wanted."""

    location: str = Field(TLC_SERVER, alias="source")
    report: str = Field("", alias="tlc_report")
    datasets: tuple[str, ...] = Field(("yellow", "green", "fhv", "fhvhv"), alias="datasets")
    tries: int = Field(7, ge=1, alias="source_tries")
    timeout: float = Field(30, gt=0, alias="source_timeout")
    minimum_rate: float = Field(10_000, ge=0, alias="source_minimum_rate")
    newest_months: int = Field(3, ge=1, alias="newest_months")
    cache: Path | None = Field(None, alias="cache")

    @field_validator("location", "report")
    @classmethod
    def _place(cls, value: str) -> str:
        # A folder may have '://' in its name.
        scheme = found[1].lower() if (found := re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", value)) else ""
        if scheme in ("http", "https") and not is_web_address(value):
            raise ValueError("write a web address as https://host/path")
        if value == "gs://":
            raise ValueError("write gs://bucket/prefix")
        if scheme not in ("", "http", "https", "gs", "file"):
            raise ValueError(f"{scheme}:// is no kind of source; write a folder, https://… or gs://bucket/prefix")
        return value

    @field_validator("datasets", mode="before")
    @classmethod
    def _known_datasets(cls, value: Any) -> tuple[str, ...]:
        names = [name for name in value.split(",") if name.strip()] if isinstance(value, str) else value
        if not names or not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise ValueError('write a list such as ["yellow", "green"]')
        return tuple(get_dataset(name).name for name in names)


class PostgresSettings(Group):
    """Where Postgres is. The profile `local` starts its own, and heeds the port alone."""

    url: SecretStr | None = Field(None, alias="postgres_url")
    host: str = Field("127.0.0.1", alias="postgres_host")
    port: _Port | None = Field(None, alias="postgres_port")
    user: str = Field("taxi", alias="postgres_user")
    password: SecretStr = Field(SecretStr(""), alias="postgres_password")
    dbname: str = Field("taxi", alias="postgres_dbname")
    threads: int = Field(2, ge=1, alias="postgres_threads")

    def parameters(self) -> dict[str, Any]:
        """libpq's parameters of the server, from postgres_url if it is set. Raises SettingError."""
        if self.url:
            try:
                given = conninfo_to_dict(self.url.get_secret_value())
            except ProgrammingError as error:
                # libpq names the parameter in this one message, and quotes whatever it was given in others.
                if "URI query parameter" in str(error):
                    what = f"postgres_url has a parameter that libpq does not know: {str(error).strip()}"
                    raise SettingError(what, "Correct its name, or remove it") from None
                given = {}
            if not {"host", "user", "dbname"} <= given.keys():
                raise SettingError(
                    "postgres_url is not a Postgres URL with user, host and database",
                    "Write postgresql://user:password@host:5432/dbname, with ?sslmode=verify-full where it applies",
                )
            ports = set(str(given.get("port") or 5432).split(","))
            if len(ports) > 1:
                raise SettingError("postgres_url has several ports, and dbt takes one", "Give all hosts the same port")
            if not all(port.isdecimal() and 0 < int(port) < 2**16 for port in ports):
                raise SettingError("postgres_url has no port number after its host", "Write it as host:5432")
            return {"port": 5432, **given}
        return {
            "host": self.host,
            "port": self.port or 5432,
            "user": self.user,
            "password": self.password.get_secret_value(),
            "dbname": self.dbname,
        }


def _endpoint(value: str) -> str:
    if value and not is_web_address(value):
        raise ValueError("write a web address with its port, such as http://127.0.0.1:4443")
    return value


class LakeSettings(Group):
    """The bucket, and where Cloud Storage is ('': Google's)."""

    bucket: str = Field("taxi-lake", pattern=r"^[a-z0-9][a-z0-9._-]*$", alias="bucket")  # DDL quotes it
    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field("", alias="gcs_endpoint")
    port: _Port | None = Field(None, alias="gcs_port")


class BigQuerySettings(Group):
    """The project and its limits, who we are, and where BigQuery is ('': Google's)."""

    project: str = Field("taxi-local", pattern=r"^([a-z0-9.-]+:)?[a-z0-9-]+$", alias="bigquery_project")
    location: str = Field("US", pattern=r"^[A-Za-z0-9-]+$", alias="bigquery_location")
    threads: int = Field(2, ge=1, alias="bigquery_threads")
    # BigQuery bills no query less than 10 MiB.
    maximum_bytes_billed: int = Field(2**40, ge=10 * 2**20, alias="bigquery_maximum_bytes_billed")
    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field("", alias="bigquery_endpoint")
    port: _Port | None = Field(None, alias="bigquery_port")
    token: SecretStr = Field(SecretStr(""), alias="bigquery_token")
    keyfile: Path | None = Field(None, alias="bigquery_keyfile")
    # Whether the embedded one follows the rules of embedded.contract.
    contract: bool = Field(False, alias="bigquery_contract")


def _number_or_all(value: Any) -> int | Literal["all"]:
    text = str(value)  # also as a variable of the environment
    if text == "all":
        return "all"
    if isinstance(value, bool) or not text.isdecimal() or int(text) < 1:
        raise ValueError('write "all", or how many months: a whole number from 1 on')
    return int(text)


class RunSettings(Group):
    """How a run works, and where it keeps its files."""

    batch_months: int = Field(108, ge=1, alias="batch_months")
    batch_rows: int = Field(300_000_000, ge=1, alias="batch_rows")
    postgres_keeps: Annotated[int | Literal["all"], BeforeValidator(_number_or_all)] = Field(
        "all", alias="postgres_keeps"
    )
    dbt_select: str = Field("", alias="dbt_select")
    reconcile_lake: Literal["download", "checksum"] = Field("download", alias="reconcile_lake")
    # BigQuery keeps a client that asks for a result waiting for 10 s.
    silence_seconds: float = Field(60, ge=15, alias="silence_seconds")
    statement_minutes: float = Field(120, gt=0, alias="statement_minutes")
    state_dir: Path = Field(Path(".taxi"), alias="state_dir")
    retention_days: float = Field(30, ge=1, alias="retention_days")
    keep_downloads: bool = Field(True, alias="keep_downloads")

    # Only dbt's documentation shows them.
    owner_name: str = Field("Taxi data team", min_length=1, alias="owner_name")
    owner_email: str = Field("", pattern=r"^([^@\s]+@[^@\s]+)?$", alias="owner_email")

    @field_validator("dbt_select")
    @classmethod
    def _no_options(cls, value: str) -> str:
        if options := [word for word in value.split() if word.startswith("-")]:
            raise ValueError(f"{options[0]} is an option of dbt, and only criteria of its --select can be given")
        return value

    @property
    def kept_months(self) -> int | None:
        """How many file months Postgres keeps, the newest; None: all."""
        return None if self.postgres_keeps == "all" else self.postgres_keeps

    @property
    def owner(self) -> dict[str, str]:
        """Who answers for the marts: the variables that dbt's groups and exposures read."""
        return {"DBT_TAXI_OWNER_NAME": self.owner_name, "DBT_TAXI_OWNER_EMAIL": self.owner_email}

    @property
    def scratch(self) -> Path:
        """Where files lie on their way to the lake, or back."""
        return self.state_dir / "scratch"


def _secret_address(value: Any) -> Any:
    if not isinstance(value, str) or not is_web_address(value):
        raise ValueError("write a web address that begins with https://")
    hide(value)
    return value


class AlertSettings(Group):
    """Who gets alerts: Apprise addresses, a dead man's switch, and when a tick is overdue."""

    urls: tuple[SecretStr, ...] = Field((), alias="alert_urls")
    ping_url: SecretStr = Field(SecretStr(""), alias="ping_url")
    tick_hours: float = Field(0, ge=0, alias="tick_hours")

    @field_validator("urls", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> tuple[str, ...]:
        # Addresses may hold commas, so those only separate that an address follows.
        urls = re.split(r"[\s,]+(?=[a-z][a-z0-9+.-]*://)", value.strip()) if isinstance(value, str) else value
        if not isinstance(urls, list | tuple) or not all(isinstance(url, str) and "://" in url for url in urls):
            raise ValueError('write addresses of apprise, such as ["json://example.org/hook"]')
        hide(*urls)
        return tuple(urls)

    @field_validator("ping_url", mode="before")
    @classmethod
    def _web_address(cls, value: Any) -> Any:
        return _secret_address(value)


class TelemetrySettings(Group):
    """Collectors of traces and of lineage ('': none); a login may be in their addresses."""

    otlp_endpoint: SecretStr = Field(SecretStr(""), alias="otlp_endpoint")
    openlineage_url: SecretStr = Field(SecretStr(""), alias="openlineage_url")

    @field_validator("*", mode="before")
    @classmethod
    def _web_address(cls, value: Any) -> Any:
        return _secret_address(value)


class PageSettings(Group):
    """Where the web page is."""

    port: _Port = Field(6789, alias="page_port")
    # Another one only in a container, whose port is published on loopback. The page answers to no name but localhost.
    host: IPv4Address = Field(IPv4Address("127.0.0.1"), alias="page_host")


class Settings(BaseModel):
    """All settings; each group is handed only to what needs it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: Literal["local", "docker", "gcp"] = "local"
    source: SourceSettings = SourceSettings()
    postgres: PostgresSettings = PostgresSettings()
    lake: LakeSettings = LakeSettings()
    bigquery: BigQuerySettings = BigQuerySettings()
    run: RunSettings = RunSettings()
    alerts: AlertSettings = AlertSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    page: PageSettings = PageSettings()
    origins: dict[str, str] = Field({}, exclude=True, repr=False)
    """By a setting's name, where it is written; without those that have their default."""

    def with_query_limit(self, limit: int) -> "Settings":
        """The same, with no query billed more than `limit` bytes."""
        most = min(limit, self.bigquery.maximum_bytes_billed)
        return self.model_copy(update={"bigquery": self.bigquery.model_copy(update={"maximum_bytes_billed": most})})

    @property
    def cache(self) -> Path:
        """Where downloads are kept."""
        return self.source.cache or self.run.state_dir / "cache"


GROUPS: dict[str, type[Group]] = {
    "source": SourceSettings,
    "postgres": PostgresSettings,
    "lake": LakeSettings,
    "bigquery": BigQuerySettings,
    "run": RunSettings,
    "alerts": AlertSettings,
    "telemetry": TelemetrySettings,
    "page": PageSettings,
}
NAMES = ("profile", *(str(field.alias) for group in GROUPS.values() for field in group.model_fields.values()))
"""Of all settings, as settings.toml and the command line have them; TAXI_ and the same in capitals as variables."""
