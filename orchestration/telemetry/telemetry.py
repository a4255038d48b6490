"""Sends what happens in a run to the collectors that are set. One that fails or hangs is a warning, no failure."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from common.masking import masked
from ingest.errors import SettingError, first_line
from orchestration.events.events import AnyEvent, Events
from orchestration.settings import TelemetrySettings

SECONDS = 2.5
"""For which the end of a run waits for both collectors together; the imports of both take 1.5 s on a busy machine."""


@dataclass(frozen=True)
class ObservedRun:
    """What names a run and its stores. `source` has no login, and `folder` is the run's."""

    run_id: str
    profile: str
    trigger: str
    source: str
    postgres: str
    """As OpenLineage names a server: postgres://host:port."""
    dbname: str
    bucket: str
    folder: Path


class Observer(Protocol):
    """Hears of a run's events and, at its end, of why it failed ('': it did not)."""

    def __call__(self, event: AnyEvent) -> None:
        """Something happened."""

    def ended(self, error: str) -> None:
        """The run is over."""


class Sender:
    """Sends things in their order, in a thread of its own. `why` is the first failure."""

    def __init__(self, setting: str, send: Callable[[Any], None]):
        self.setting = setting
        self.why = ""
        self._send = send
        self._things: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def put(self, thing: Any) -> None:
        """To be sent; nobody waits for it."""
        self._things.put(thing)

    def close(self, until: float) -> None:
        """Wait for what was put, until this time of time.monotonic()."""
        self._things.put(None)
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._thread.is_alive() and not self.why:
            self.why = "no answer in time"

    def _work(self) -> None:
        while (thing := self._things.get()) is not None:
            try:
                self._send(thing)
            except Exception as error:
                self.why = self.why or masked(first_line(error))


def check_telemetry(settings: TelemetrySettings) -> None:
    """Raise SettingError where a collector is set, and the package that speaks to it is not installed."""
    for name, package, is_set in (
        ("otlp_endpoint", "opentelemetry.sdk", bool(settings.otlp_endpoint.get_secret_value())),
        ("openlineage_url", "openlineage", bool(settings.openlineage_url.get_secret_value())),
    ):
        if is_set and not find_spec(package):
            raise SettingError(
                f"The setting {name} needs the package {package.partition('.')[0]}, which is not installed",
                "pip install --require-hashes --no-deps -r requirements/telemetry.txt, or pip install '.[telemetry]'",
            )


@contextmanager
def observed(settings: TelemetrySettings, events: Events, run: ObservedRun, failures: list[str]) -> Iterator[None]:
    """Tell the collectors what happens while this lasts; `failures`, at its end, are why the run failed."""
    found = list(_observers(settings, run))
    error = ""
    with ExitStack() as listening:
        for observer, sender in found:
            listening.enter_context(events.heard_by(_guarded(observer, sender)))
        try:
            yield
            error = "\n".join(failures)
        except BaseException as raised:
            error = str(raised) or type(raised).__name__
            raise
        finally:
            until = time.monotonic() + SECONDS
            for observer, sender in found:
                _guarded(observer.ended, sender)(masked(error))
            for _, sender in found:
                sender.close(until)
                if sender.why:
                    events.warn(f"Telemetry did not reach the setting {sender.setting}: {sender.why}")


def _observers(settings: TelemetrySettings, run: ObservedRun) -> Iterator[tuple[Observer, Sender]]:
    """Each is imported where it is set: OpenTelemetry takes 0.4 s."""
    for name in ("opentelemetry", "openlineage"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # their failures are told once, by us
    if url := settings.otlp_endpoint.get_secret_value():
        from orchestration.telemetry.spans import Spans, sending_spans

        sender = Sender("otlp_endpoint", sending_spans(below(url, "v1/traces")))
        yield Spans(run, sender.put), sender
    if url := settings.openlineage_url.get_secret_value():
        from orchestration.telemetry.lineage import Lineage, sending_events

        sender = Sender("openlineage_url", sending_events(below(url, "api/v1/lineage")))
        yield Lineage(run, sender.put), sender


def below(url: str, path: str) -> str:
    """The address of `path` below that of a collector."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{path}"))


def _guarded(tell: Callable[[Any], None], sender: Sender) -> Callable[[Any], None]:
    """`tell`, whose own bugs become a warning: they must not fail a run either."""

    def guarded(about: Any) -> None:
        try:
            tell(about)
        except Exception as error:
            sender.why = sender.why or f"{type(error).__name__}: {masked(first_line(error))}"

    return guarded
