"""All settings, from one place: options, then TAXI_* variables, then .env, then settings.toml, then defaults."""

import os
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ProgrammingError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from common.masking import hide_addresses
from common.paths import check_folder_name
from ingest.datasets import get_dataset
from ingest.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent
_PREFIX = "TAXI_"
_PROFILES = ("local", "docker", "gcp")
_Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseModel):
    """What a run needs to know; settings.toml describes each setting."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: Literal["local", "docker", "gcp"] = "local"
    source: str = "https://d37ci6vzurychx.cloudfront.net"
    datasets: tuple[str, ...] = ("yellow", "green", "fhv", "fhvhv")
    source_tries: int = Field(7, ge=1)
    source_timeout: float = Field(30, gt=0)
    source_minimum_rate: float = Field(10_000, ge=0)
    newest_months: int = Field(3, ge=1)
    batch_months: int = Field(12, ge=1)
    dbt_select: str = ""
    silence_seconds: float = Field(60, ge=15)  # BigQuery keeps a client that asks for a result waiting for 10 s
    statement_minutes: float = Field(120, gt=0)
    state_dir: Path = Path(".taxi")
    cache: Path | None = None

    bucket: str = Field("taxi-lake", pattern=r"^[a-z0-9][a-z0-9._-]*$")  # DDL quotes it
    gcs_endpoint: str = ""
    gcs_port: _Port | None = None
    bigquery_project: str = Field("taxi-local", pattern=r"^([a-z0-9.-]+:)?[a-z0-9-]+$")
    bigquery_location: str = "US"
    bigquery_maximum_bytes_billed: int = Field(2**40, ge=10 * 2**20)  # BigQuery bills no query less than 10 MiB
    bigquery_endpoint: str = ""
    bigquery_port: _Port | None = None
    bigquery_token: SecretStr = SecretStr("")
    bigquery_keyfile: Path | None = None

    postgres_url: SecretStr | None = None
    postgres_host: str = "127.0.0.1"
    postgres_port: _Port | None = None
    postgres_user: str = "taxi"
    postgres_password: SecretStr = SecretStr("")
    postgres_dbname: str = "taxi"

    @field_validator("datasets", mode="before")
    @classmethod
    def _known_datasets(cls, value: Any) -> tuple[str, ...]:
        names = value.split(",") if isinstance(value, str) else value
        return tuple(get_dataset(name).name for name in names)

    @field_validator("dbt_select")
    @classmethod
    def _no_options(cls, value: str) -> str:
        if options := [word for word in value.split() if word.startswith("-")]:
            raise ValueError(f"{options[0]} is an option of dbt, and only criteria of its --select can be given")
        return value

    @property
    def cache_dir(self) -> Path:
        """Where downloads are kept."""
        return self.cache or self.state_dir / "cache"

    def postgres_parameters(self) -> dict[str, Any]:
        """libpq's parameters of the Postgres server, from postgres_url if it is set. Raises SettingError."""
        if self.postgres_url and self.profile != "local":
            try:
                given = conninfo_to_dict(self.postgres_url.get_secret_value())
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
            "host": self.postgres_host,
            "port": self.postgres_port or 5432,
            "user": self.postgres_user,
            "password": self.postgres_password.get_secret_value(),
            "dbname": self.postgres_dbname,
        }


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
    try:
        settings = Settings(**{name: value for name, (value, _) in merged.items()})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        raise SettingError(_explain(name, first, merged), _advise(name)) from None
    except SettingError as error:
        raise SettingError(f"datasets in {merged['datasets'][1]}: {error.what}", error.next_step) from None
    if settings.bigquery_keyfile and not settings.bigquery_keyfile.is_file():
        raise SettingError(
            f"bigquery_keyfile {settings.bigquery_keyfile} does not exist", "Name the account's key file"
        )
    folders = {name: folder for name in ("state_dir", "cache") if (folder := getattr(settings, name))}
    settings = settings.model_copy(
        update={name: _folder(name, file.parent / folder, settings.profile) for name, folder in folders.items()}
    )
    if profile == "gcp":
        settings.postgres_parameters()  # better refused now than after hours of landing
    return settings


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


def _explain(name: str, error: dict[str, Any], merged: dict[str, tuple[Any, str]]) -> str:
    origin = merged[name][1] if name in merged else "the settings"
    if error["type"] == "extra_forbidden":
        return f"{name} in {origin} is not a setting"
    shown = "" if any(secret in name for secret in ("password", "token", "url")) else f" {error['input']!r}"
    return f"{name}{shown} in {origin}: {error['msg'].removeprefix('Value error, ')}"


def _advise(name: str) -> str:
    similar = get_close_matches(name, Settings.model_fields, n=1)
    if name not in Settings.model_fields and similar:
        return f"Did you mean {similar[0]}?"
    return "settings.toml describes each setting"


def _require_for_gcp(merged: dict[str, tuple[Any, str]]) -> None:
    for name in ("bigquery_project", "bucket", "postgres_url"):
        if name not in merged:
            raise SettingError(
                f"{name} is not set, and the profile gcp needs it",
                f"Set it in settings.toml under [gcp], or as {_PREFIX}{name.upper()}",
            )
