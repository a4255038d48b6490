"""What all commands share: the terminal, the output, and the way from what is typed to a request and a service."""

from ingest.datasets import get_dataset
from ingest.errors import SettingError
from ingest.months import parse_months
from orchestration.cli.tables import Output
from orchestration.events.events import Events
from orchestration.events.terminal import Terminal
from orchestration.plan.shares import ALL, Share
from orchestration.plan.wanted import Request
from orchestration.run.disk import Disk
from orchestration.service import Service
from orchestration.serving import Serving
from orchestration.settings import Settings

terminal = Terminal()
events = Events(terminal)
output = Output()


def request_of(
    settings: Settings,
    datasets: str | None,
    months: list[str] | None = None,
    force: bool = False,
    accept: bool = False,
    steps: frozenset[str] | None = None,
    share: Share = ALL,
) -> Request:
    """The months that the options name. Raises SettingError."""
    chosen = tuple(dict.fromkeys(get_dataset(name) for name in settings.source.datasets))
    try:
        named = tuple(parse_months(months or []))
    except SettingError as error:
        raise SettingError(f"--months: {error.what}", error.next_step) from None
    return Request(chosen, datasets is not None, named, force, accept, steps=steps, share=share)


def service_of(settings: Settings) -> Service:
    """The service that tells its events to this terminal; from here on, an error names a disk that is full."""
    return Service(settings, events, disk_of(settings))


def disk_of(settings: Settings) -> Disk:
    """The disks of these settings; from here on, an error names one that is full."""
    disk = Disk(settings.run.state_dir, settings.cache, is_local=settings.profile == "local")
    terminal.explain = disk.explain
    return disk


def serving_of(settings: Settings) -> Serving:
    """The servers of these settings, which tell their events to this terminal."""
    return Serving(settings, events)
