"""Sends messages to addresses, in a process of its own: a service that hangs holds nothing up, and shows no secret."""

import hashlib
import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import unquote

from common.environment import for_client
from common.masking import MASK
from common.python import python_command
from ingest.errors import SettingError
from orchestration.settings import AlertSettings

SECONDS = 30
"""For all addresses together, which are served side by side."""


@dataclass(frozen=True)
class Address:
    """One of alert_urls; only `shown` is for people."""

    place: int
    url: str

    @property
    def shown(self) -> str:
        """'address 2 (slack://***)': of most services the rest is a secret."""
        return f"address {self.place} ({self.url.partition('://')[0]}://{MASK})"

    @property
    def hash(self) -> str:
        """For the ledger."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]


def addresses_of(settings: AlertSettings) -> list[Address]:
    """The addresses of the settings. Raises SettingError where there are some, and apprise is not installed."""
    addresses = [Address(place, url.get_secret_value()) for place, url in enumerate(settings.urls, start=1)]
    if addresses and not find_spec("apprise"):
        raise SettingError(
            "The setting alert_urls needs the package apprise, which is not installed",
            "pip install --require-hashes --no-deps -r requirements/alerts.txt, or pip install '.[alerts]'",
        )
    return addresses


def send(messages: Sequence[tuple[Address, str, str]], seconds: float = SECONDS) -> dict[str, str]:
    """Send each address its title and text. Returns what went wrong, by the hash of the address."""
    given = json.dumps([{"url": address.url, "title": title, "body": body} for address, title, body in messages])
    try:
        done = subprocess.run(
            python_command("orchestration.alerts.deliver"),
            input=given, env=for_client(), capture_output=True, encoding="utf-8", errors="replace", timeout=seconds,
            check=False,
        )  # fmt: skip
        answered, silent = done.stdout, f"the process that sends it ended with {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        answered = output.decode("utf-8", "replace") if isinstance(output, bytes) else output
        silent = f"it did not take the message within {seconds:g} s"
    whole_lines = answered.rpartition("\n")[0].splitlines()
    found: dict[int, str | None] = dict(map(json.loads, whole_lines))
    errors = {}
    for place, (address, _, _) in enumerate(messages):
        if why := found.get(place, silent):
            errors[address.hash] = f"{address.shown}: {_without(why, address.url)}"
    return errors


def _without(text: str, url: str) -> str:
    """The text without any part of the address: which of them are secret differs from service to service."""
    pieces = {piece for piece in re.split(r"[/:@?&=,;#]+", url) if len(piece) >= 5}
    for piece in sorted({*pieces, *map(unquote, pieces)}, key=len, reverse=True):
        text = text.replace(piece, MASK)
    return text
