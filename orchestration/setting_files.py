"""Where settings are written: settings.toml, .env and TAXI_* variables. Each value comes with its place in words."""

import io
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from ingest.errors import SettingError

PREFIX = "TAXI_"
PROFILES = ("local", "docker", "gcp")
Entries = dict[str, tuple[Any, str]]
"""By a setting's name: its value, and where it is written."""


def read_toml(file: Path) -> tuple[Entries, dict[str, Entries]]:
    """The settings at the top of the file, and those of each profile's table. Raises SettingError."""
    text = _read(file)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{file.name} is not TOML: {error}", "Correct that line") from None
    lines = _lines(text)
    top: Entries = {}
    tables: dict[str, Entries] = {}
    for name, value in document.items():
        if not isinstance(value, dict):
            top[name] = (value, _origin(file.name, lines.get(("", name))))
        elif name in PROFILES:
            tables[name] = {
                key: (one, _origin(f"{file.name} [{name}]", lines.get((name, key)))) for key, one in value.items()
            }
        else:
            similar = get_close_matches(name.lower(), PROFILES, n=1)
            raise SettingError(
                f"[{name}] in {_origin(file.name, lines.get((name, '')))} is not the table of a profile",
                f"Did you mean [{similar[0]}]?" if similar else f"Choose from {', '.join(PROFILES)}",
            )
    return top, tables


def read_dotenv(file: Path) -> Entries:
    """The TAXI_* variables of the file. Raises SettingError."""
    text = _read(file)
    lines: dict[str, int] = {}
    for binding in parse_stream(io.StringIO(text)):
        written = binding.original.string
        line = binding.original.line + written[: len(written) - len(written.lstrip())].count("\n")
        if binding.error:  # dotenv itself warns, and goes on without the rest
            raise SettingError(f"{file}, line {line}, is not NAME=value, or lacks a quote", "Correct that line")
        if binding.key:
            lines[binding.key] = line
    given = dotenv_values(stream=io.StringIO(text))
    return {
        name.removeprefix(PREFIX).lower(): (value, f"{file.name}, line {lines[name]},")
        for name, value in given.items()
        if name.startswith(PREFIX) and value
    }


def from_variables(variables: Mapping[str, str]) -> Entries:
    """The settings among the variables of the environment; an empty one is not set."""
    return {
        name.removeprefix(PREFIX).lower(): (value, f"variable {name}")
        for name, value in variables.items()
        if name.startswith(PREFIX) and value
    }


def _read(file: Path) -> str:
    """The file's text, '' where there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise SettingError(f"{file} is not UTF-8: {error}", "Save it as UTF-8") from None
    except OSError as error:
        raise SettingError(f"{file} cannot be read: {error.strerror}", "Make it a file that you may read") from None


def _origin(file: str, line: int | None) -> str:
    return f"{file}, line {line}," if line else file


def _lines(text: str) -> dict[tuple[str, str], int]:
    """The line of each table (with name '') and of each name in it. tomllib tells none."""
    found: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*[\"']?([\w-]+)", line):
            table = header[1]
            found.setdefault((table, ""), number)
        elif name := re.match(r"\s*[\"']?([\w-]+)[\"']?\s*=", line):
            found.setdefault((table, name[1]), number)
    return found
