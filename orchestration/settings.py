"""All settings, from one place: options, then TAXI_* variables, then .env, then settings.toml, then defaults."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from common.masking import hide_addresses
from common.paths import check_folder_name
from ingest.errors import SettingError
from orchestration.setting_files import PREFIX, PROFILES, Entries, from_variables, read_dotenv, read_toml
from orchestration.setting_groups import GROUPS, Group
from orchestration.setting_groups import NAMES as NAMES
from orchestration.setting_groups import AlertSettings as AlertSettings
from orchestration.setting_groups import BigQuerySettings as BigQuerySettings
from orchestration.setting_groups import LakeSettings as LakeSettings
from orchestration.setting_groups import RunSettings as RunSettings
from orchestration.setting_groups import Settings as Settings
from orchestration.setting_groups import SourceSettings as SourceSettings
from orchestration.setting_groups import TelemetrySettings as TelemetrySettings
from orchestration.setting_words import unknown_setting, wrong_setting

ROOT = Path(__file__).resolve().parent.parent


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
    groups = {name: _group(group, merged) for name, group in GROUPS.items()}
    origins = {name: place.removesuffix(",") for name, (_, place) in merged.items() if place}
    settings = Settings(profile=profile, origins=origins, **groups)
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
