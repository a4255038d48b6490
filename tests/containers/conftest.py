"""The compose file's services, built once, and a line outside of them that works on their servers."""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ONE_MART
from tests.containers import stand_ins
from tests.containers.engine import Compose, compose_command, copied_project, engine
from tests.line import Line
from tests.months import write
from tests.page.running import free_port

SERVERS = ("postgres", "bigquery", "gcs")


@dataclass
class OutsideLine(Line):
    """The command line on this machine, with the profile docker."""

    compose: Compose | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The address and the secrets of the servers, as .env has them."""
        local = {name: value for name, value in super().environment.items() if name != "TAXI_BIGQUERY_CONTRACT"}
        return {**local, **self.compose.variables, "TAXI_PROFILE": "docker"}

    def held_up(self, server: str) -> AbstractContextManager[None]:
        """The server's container is frozen while this lasts."""
        return self.compose.paused(server)


@pytest.fixture(scope="session")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """Built images; no service runs yet."""
    if not engine():
        pytest.skip("Neither Docker answers, nor are root and podman with all it needs here (docs/containers.md)")
    if engine() == "podman":
        stand_ins.make_missing()
    folder = tmp_path_factory.mktemp("compose")
    variables = {
        "TAXI_POSTGRES_PASSWORD": secrets.token_hex(16),
        "TAXI_BIGQUERY_TOKEN": secrets.token_hex(16),
        "TAXI_POSTGRES_PORT": str(free_port()),
        "TAXI_PAGE_PORT": str(free_port()),
        "TAXI_TLC_REPORT": "none",
        "TAXI_DBT_SELECT": ONE_MART,
    }
    project = copied_project(folder / "project", variables)
    services = Compose(project, f"taxitest{secrets.token_hex(3)}", compose_command(folder / "tool"), variables)
    services.build()
    yield services
    services.down("--volumes")


@pytest.fixture
def new_line(compose: Compose, tmp_path: Path, synthetic_source: Path) -> OutsideLine:
    """A line outside, on new servers, whose source holds the zone lookup alone."""
    source = tmp_path / "source"
    (source / "trip-data").mkdir(parents=True)
    for file in (synthetic_source / "misc").iterdir():
        (source / "misc").mkdir(exist_ok=True)
        (source / "misc" / file.name).write_bytes(file.read_bytes())
    compose.down("--volumes")
    compose.up(*SERVERS)
    return OutsideLine(tmp_path / "state", source, ONE_MART, compose=compose)


@pytest.fixture
def line_with_a_month(new_line: OutsideLine) -> OutsideLine:
    """The same, with a month to load."""
    write(new_line.source, "green", "2023-01")
    return new_line
