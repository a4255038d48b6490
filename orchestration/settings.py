"""All settings, from one place: options, then TAXI_* variables, then .env, then settings.toml, then defaults."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ProgrammingError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from common.masking import hide, hide_addresses
from common.paths import check_folder_name
from ingest.datasets import TLC_SERVER, get_dataset
from ingest.errors import SettingError
from orchestration.setting_files import PREFIX, PROFILES, Entries, from_variables, read_dotenv, read_toml
from orchestration.setting_words import is_web_address, unknown_setting, wrong_setting

ROOT = Path(__file__).resolve().parent.parent
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


class RunSettings(Group):
    """How a run works, and where it keeps its files."""

    batch_months: int = Field(12, ge=1, alias="batch_months")
    dbt_select: str = Field("", alias="dbt_select")
    reconcile_lake: Literal["download", "checksum"] = Field("download", alias="reconcile_lake")
    # BigQuery keeps a client that asks for a result waiting for 10 s.
    silence_seconds: float = Field(60, ge=15, alias="silence_seconds")
    statement_minutes: float = Field(120, gt=0, alias="statement_minutes")
    state_dir: Path = Field(Path(".taxi"), alias="state_dir")
    retention_days: float = Field(30, ge=1, alias="retention_days")

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
    """Whom to tell of trouble: addresses of apprise, a dead man's switch, and when a tick is overdue."""

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

    def with_query_limit(self, limit: int) -> "Settings":
        """The same, with no query billed more than `limit` bytes."""
        most = min(limit, self.bigquery.maximum_bytes_billed)
        return self.model_copy(update={"bigquery": self.bigquery.model_copy(update={"maximum_bytes_billed": most})})

    @property
    def cache(self) -> Path:
        """Where downloads are kept."""
        return self.source.cache or self.run.state_dir / "cache"


_GROUPS: dict[str, type[Group]] = {
    "source": SourceSettings,
    "postgres": PostgresSettings,
    "lake": LakeSettings,
    "bigquery": BigQuerySettings,
    "run": RunSettings,
    "alerts": AlertSettings,
    "telemetry": TelemetrySettings,
}
NAMES = ("profile", *(str(field.alias) for group in _GROUPS.values() for field in group.model_fields.values()))
"""Of all settings, as settings.toml and the command line have them; TAXI_ and the same in capitals as variables."""


def load_settings(
    options: dict[str, Any] | None = None,
    file: Path = ROOT / "settings.toml",
    check_profile: Callable[[str], None] = lambda _: None,
) -> Settings:
    """Gather the settings; `options` are those given on the command line (None: not given).

    `check_profile` may refuse the profile before its settings are looked at. Raises SettingError that names the
    setting, where it is written, and what is wrong with it.
    """
    check_folder_name("The project stands in", ROOT)
    given: Entries = {name: (value, f"option --{name}") for name, value in (options or {}).items() if value is not None}
    if empty := [name for name, (value, _) in given.items() if value == ""]:
        raise SettingError(f"The option --{empty[0]} is empty", "Give it a value, or leave it out")
    environment, dotenv = from_variables(os.environ), read_dotenv(file.with_name(".env"))
    top, tables = read_toml(file)
    standard = ("local", file.name)
    profile, origin = next((of["profile"] for of in (given, environment, dotenv, top) if "profile" in of), standard)
    if profile not in PROFILES:
        raise SettingError(
            f"profile is {profile!r} in {origin.removesuffix(',')}", f"Choose from {', '.join(PROFILES)}"
        )
    check_profile(profile)
    if profile != "local":  # .env is about the servers of docker-compose.yml, and the secrets of the others
        environment = {**dotenv, **environment}
    # An empty value is one that is not set.
    everything = {**top, **tables.get(profile, {}), **environment, **given}
    merged = {name: entry for name, entry in everything.items() if entry[0] != ""}
    hide_addresses(value for value, _ in merged.values() if isinstance(value, str))
    for name, (_, place) in [*merged.items(), *(entry for table in tables.values() for entry in table.items())]:
        if name not in NAMES:
            raise unknown_setting(name, place, NAMES)
    if profile == "gcp":
        _require_for_gcp(merged)
    merged.setdefault("state_dir", (RunSettings().state_dir, ""))
    for name in ("state_dir", "cache"):
        if name in merged and isinstance(folder := merged[name][0], str | Path):
            merged[name] = (_folder(name, file.parent / folder, profile, merged[name][1]), merged[name][1])
    settings = Settings(profile=profile, **{name: _group(group, merged) for name, group in _GROUPS.items()})
    _check_together(settings, merged)
    return settings


def _group(group: type[Group], merged: Entries) -> Any:
    given = {}
    for field in group.model_fields.values():
        name = str(field.alias)
        if name in merged:
            value = merged[name][0]
            # true is no 1.
            given[name] = str(value).lower() if isinstance(value, bool) and field.annotation is not bool else value
    try:
        return group(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise wrong_setting(name, first, merged[name][1]) from None
    except SettingError as error:
        place = merged["datasets"][1].removesuffix(",")
        raise SettingError(f"datasets in {place}: {error.what}", error.next_step) from None


def _check_together(settings: Settings, merged: Entries) -> None:
    """Raise SettingError for what no setting shows by itself."""
    if (keyfile := settings.bigquery.keyfile) and not keyfile.is_file():
        place = merged["bigquery_keyfile"][1]
        raise SettingError(f"bigquery_keyfile {keyfile} in {place} does not exist", "Name the account's key file")
    if settings.profile != "local":
        try:
            settings.postgres.parameters()  # better refused now than after hours of landing
        except SettingError as error:
            what = error.what.replace("postgres_url", f"postgres_url in {merged['postgres_url'][1]}", 1)
            raise SettingError(what, error.next_step) from None
        return
    ports: dict[int, str] = {}
    for name in ("postgres_port", "gcs_port", "bigquery_port"):
        if name in merged and (other := ports.setdefault(int(merged[name][0]), name)) != name:
            what = f"{name} in {merged[name][1]} is the port that {other} has, too: {merged[name][0]}"
            raise SettingError(what, "Give each server a port of its own, or none: free ones are picked")


def _folder(name: str, folder: Path, profile: str, origin: str) -> Path:
    what = f"The setting {name} names"
    place = f" ({origin.removesuffix(',')})" if origin else ""
    try:
        check_folder_name(what, folder)
    except SettingError as error:
        raise SettingError(f"{error.what}{place}", error.next_step) from None
    if profile == "local" and name == "state_dir" and "?" in str(folder):
        why = "and the embedded BigQuery (DuckDB) cannot keep its files where a '?' is in the path"
        raise SettingError(f"{what} {folder}{place}, {why}", "Name another folder")
    try:
        return folder.resolve()
    except (OSError, RuntimeError):  # Python 3.11 and 3.12 raise RuntimeError
        raise SettingError(f"{what} {folder}{place}, which is a link to itself", "Name another folder") from None


def _require_for_gcp(merged: Entries) -> None:
    for name in ("bigquery_project", "bucket", "postgres_url"):
        if name not in merged:
            raise SettingError(
                f"{name} is not set, and the profile gcp needs it",
                f"Set it in settings.toml under [gcp], or as {PREFIX}{name.upper()}",
            )
