"""All settings, from one place: options, then TAXI_* variables, then .env, then settings.toml, then defaults."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ProgrammingError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails

from common.masking import hide, hide_addresses
from common.paths import check_folder_name
from ingest.datasets import TLC_SERVER, get_dataset
from ingest.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent
_PREFIX = "TAXI_"
_PROFILES = ("local", "docker", "gcp")
_Port = Annotated[int, Field(ge=1, le=65535)]


class Group(BaseModel):
    """Settings of one concern. The alias of each is its name in settings.toml, which describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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

    @field_validator("datasets", mode="before")
    @classmethod
    def _known_datasets(cls, value: Any) -> tuple[str, ...]:
        names = value.split(",") if isinstance(value, str) else value
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
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
            except ProgrammingError:
                given = {}
            if not {"host", "user", "dbname"} <= given.keys():
                raise SettingError(
                    "postgres_url is not a Postgres URL with user, host and database",
                    "Write postgresql://user:password@host:5432/dbname, with ?sslmode=verify-full where it applies",
                )
            if len(set(str(given.get("port", "")).split(","))) > 1:
                raise SettingError("postgres_url has several ports, and dbt takes one", "Give all hosts the same port")
            return {"port": 5432, **given}
        return {
            "host": self.host,
            "port": self.port or 5432,
            "user": self.user,
            "password": self.password.get_secret_value(),
            "dbname": self.dbname,
        }


class LakeSettings(Group):
    """The bucket, and where Cloud Storage is ('': Google's)."""

    bucket: str = Field("taxi-lake", pattern=r"^[a-z0-9][a-z0-9._-]*$", alias="bucket")  # DDL quotes it
    endpoint: str = Field("", alias="gcs_endpoint")
    port: _Port | None = Field(None, alias="gcs_port")


class BigQuerySettings(Group):
    """The project and its limits, who we are, and where BigQuery is ('': Google's)."""

    project: str = Field("taxi-local", pattern=r"^([a-z0-9.-]+:)?[a-z0-9-]+$", alias="bigquery_project")
    location: str = Field("US", alias="bigquery_location")
    threads: int = Field(2, ge=1, alias="bigquery_threads")
    # BigQuery bills no query less than 10 MiB.
    maximum_bytes_billed: int = Field(2**40, ge=10 * 2**20, alias="bigquery_maximum_bytes_billed")
    endpoint: str = Field("", alias="bigquery_endpoint")
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
        if not isinstance(value, str) or not value.startswith(("http://", "https://")):
            raise ValueError("write an address that begins with https://")
        hide(value)
        return value


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
    setting, where it stands, and what is wrong with it.
    """
    check_folder_name("The project stands in", ROOT)
    given = {name: (value, f"option --{name}") for name, value in (options or {}).items() if value is not None}
    environment = _from_environment(os.environ, "variable")
    dotenv = _from_environment(_read_dotenv(file.with_name(".env")), ".env:")
    from_file = _read_toml(file)
    profile, origin = (
        given.get("profile")
        or environment.get("profile")
        or dotenv.get("profile")
        or (from_file.get("profile", "local"), file.name)
    )
    if profile not in _PROFILES:
        raise SettingError(f"profile is {profile!r} in {origin}", f"Choose from {', '.join(_PROFILES)}")
    check_profile(profile)
    top = {name: (value, file.name) for name, value in from_file.items() if not isinstance(value, dict)}
    own = {name: (value, f"{file.name} [{profile}]") for name, value in from_file.get(profile, {}).items()}
    if profile != "local":  # .env is about the servers of docker-compose.yml, and the secrets of the others
        environment = {**dotenv, **environment}
    # An empty value is one that is not set.
    merged = {name: entry for name, entry in {**top, **own, **environment, **given}.items() if entry[0] != ""}
    hide_addresses(value for value, _ in merged.values() if isinstance(value, str))
    if profile == "gcp":
        _require_for_gcp(merged)
    if strange := [name for name in merged if name not in NAMES]:
        raise SettingError(f"{strange[0]} in {merged[strange[0]][1]} is not a setting", _advise(strange[0]))
    for name in ("state_dir", "cache"):
        if name in merged and isinstance(folder := merged[name][0], str | Path):
            merged[name] = (_folder(name, file.parent / folder, profile), merged[name][1])
    merged.setdefault("state_dir", (_folder("state_dir", file.parent / RunSettings().state_dir, profile), ""))
    settings = Settings(profile=profile, **{name: _group(group, merged) for name, group in _GROUPS.items()})
    if (keyfile := settings.bigquery.keyfile) and not keyfile.is_file():
        raise SettingError(f"bigquery_keyfile {keyfile} does not exist", "Name the account's key file")
    if profile == "gcp":
        settings.postgres.parameters()  # better refused now than after hours of landing
    return settings


def _group(group: type[Group], merged: dict[str, tuple[Any, str]]) -> Any:
    names = [str(field.alias) for field in group.model_fields.values()]
    try:
        return group(**{name: merged[name][0] for name in names if name in merged})
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingError(_explain(str(first["loc"][0]), first, merged), "settings.toml describes it") from None
    except SettingError as error:
        raise SettingError(f"datasets in {merged['datasets'][1]}: {error.what}", error.next_step) from None


def _folder(name: str, folder: Path, profile: str) -> Path:
    what = f"The setting {name} names"
    check_folder_name(what, folder)
    if profile == "local" and name == "state_dir" and "?" in str(folder):
        why = "and the embedded BigQuery (DuckDB) cannot keep its files where a '?' is in the path"
        raise SettingError(f"{what} {folder}, {why}", "Name another folder")
    try:
        return folder.resolve()
    except (OSError, RuntimeError):  # Python 3.11 and 3.12 raise RuntimeError
        raise SettingError(f"{what} {folder}, which is a link to itself", "Name another folder") from None


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{file.name} is not TOML: {error}", "Correct that line") from None
    except UnicodeDecodeError as error:
        raise SettingError(f"{file} is not UTF-8: {error}", "Save it as UTF-8") from None


def _read_dotenv(file: Path) -> dict[str, str | None]:
    try:
        return dotenv_values(file, encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SettingError(f"{file} is not UTF-8: {error}", "Save it as UTF-8") from None


def _from_environment(variables: Mapping[str, str | None], origin: str) -> dict[str, tuple[str, str]]:
    return {
        name.removeprefix(_PREFIX).lower(): (value, f"{origin} {name}")
        for name, value in variables.items()
        if name.startswith(_PREFIX) and value
    }


def _explain(name: str, error: ErrorDetails, merged: dict[str, tuple[Any, str]]) -> str:
    shown = "" if any(secret in name for secret in ("password", "token", "url")) else f" {error['input']!r}"
    return f"{name}{shown} in {merged[name][1]}: {error['msg'].removeprefix('Value error, ')}"


def _advise(name: str) -> str:
    similar = get_close_matches(name, NAMES, n=1)
    return f"Did you mean {similar[0]}?" if similar else "settings.toml describes each setting"


def _require_for_gcp(merged: dict[str, tuple[Any, str]]) -> None:
    for name in ("bigquery_project", "bucket", "postgres_url"):
        if name not in merged:
            raise SettingError(
                f"{name} is not set, and the profile gcp needs it",
                f"Set it in settings.toml under [gcp], or as {_PREFIX}{name.upper()}",
            )
