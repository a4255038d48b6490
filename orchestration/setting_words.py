"""What is wrong with a setting, in plain words: its name, where it is written, and what to write instead."""

from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import ErrorDetails

from ingest.errors import SettingError

# Whatever a setting of such a name holds may be a secret.
_SECRET = ("password", "token", "url", "key", "otlp")
_BY_KIND = {
    "string_type": "write a text in quotes",
    "path_type": "write a path in quotes",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "finite_number": "write a number that is not infinite",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "greater_than": "write more than {gt}",
    "greater_than_equal": "write {ge:,} or more",
    "less_than_equal": "write {le} or less",
    "literal_error": "write {expected}",
    "ip_v4_address": "write an address of IPv4, such as 127.0.0.1",
}
_BY_PATTERN = {
    "bucket": "write a name of small letters, digits, dots, dashes and underscores, without gs://",
    "bigquery_project": "write a project's id, such as my-project-1",
    "bigquery_location": "write a location of BigQuery, such as US or europe-west1",
    "owner_email": "write an address such as data@example.org",
}


def is_web_address(text: str) -> bool:
    """Whether it is http(s)://host, perhaps with a port and more."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no number as its port
        return False


def may_be_secret(name: str) -> bool:
    """Whether a setting of this name is never shown."""
    return any(secret in name for secret in _SECRET)


def wrong_setting(name: str, error: ErrorDetails, origin: str) -> SettingError:
    """What pydantic has against the value. A value that may be secret is not shown."""
    shown = "" if may_be_secret(name) else f" {error['input']!r}"
    kind, limits = error["type"], error.get("ctx", {})
    words = _BY_PATTERN.get(name) if kind == "string_pattern_mismatch" else _BY_KIND.get(kind)
    why = words.format(**_numbers(limits)) if words else error["msg"].removeprefix("Value error, ")
    place = origin.removesuffix(",")
    return SettingError(f"{name}{shown} in {place}: {why}", "Correct it, or remove it; settings.toml describes it")


def unknown_setting(name: str, origin: str, names: tuple[str, ...]) -> SettingError:
    """No setting is called so."""
    similar = get_close_matches(name.lower(), names, n=1)
    advice = f"Did you mean {similar[0]}?" if similar else "settings.toml describes each setting"
    return SettingError(f"{name} in {origin} is not a setting", advice)


def _numbers(limits: dict[str, Any]) -> dict[str, Any]:
    """So that 10,485,760 is written out."""
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in limits.items()
    }
