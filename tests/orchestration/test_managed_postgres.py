"""The whole line on a PostgreSQL with stock settings, as a user who owns the database and is no superuser."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from embedded import Stack
from embedded.stock_postgres import stock_postgres
from synthetic import write_zone_lookup
from tests.line import Line
from tests.months import write

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # every model on both warehouses: two minutes
MONTHS = (("yellow", "2009-01"), ("green", "2023-02"), ("fhvhv", "2023-02"))


@dataclass
class ManagedLine(Line):
    """A line whose Postgres is somebody else's; it has no `up` and `down`."""

    variables: dict[str, str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "TAXI_PROFILE": "docker", **(self.variables or {})}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedLine]:
    root = tmp_path_factory.mktemp("managed")
    for dataset, month in MONTHS:
        write(root / "source", dataset, month)
    write_zone_lookup(root / "source")
    stack = Stack(root / "servers")
    with stock_postgres(root / "postgres") as url:
        ends = stack.start(("gcs", "bigquery"))
        variables = {
            "TAXI_POSTGRES_URL": f"{url}?options=-c%20geqo_threshold%3D13&channel_binding=prefer",
            "TAXI_GCS_ENDPOINT": ends.gcs_url,
            "TAXI_BIGQUERY_ENDPOINT": ends.bigquery_url,
            "TAXI_BIGQUERY_TOKEN": ends.bigquery_token,
            "TAXI_BIGQUERY_PROJECT": ends.project,
            "TAXI_RECONCILE_LAKE": "checksum",
        }
        yield ManagedLine(root / "state", root / "source", timeout=900, variables=variables)
        stack.stop()


def one(line: ManagedLine, query: str) -> str:
    with psycopg.connect(line.variables["TAXI_POSTGRES_URL"]) as connection:
        return connection.execute(query).fetchone()[0]


def test_every_month_is_done_without_a_superuser_on_stock_settings(line: ManagedLine):
    assert (one(line, "show is_superuser"), one(line, "show wal_level"), one(line, "show work_mem")) == (
        "off", "replica", "4MB",
    )  # fmt: skip
    line.done("run")
    states = {(month["state"], month["difference"]) for month in line.months().values()}
    assert (states, len(line.months())) == ({("done", 0)}, len(MONTHS))


def test_a_month_is_replaced_there_as_anywhere(line: ManagedLine):
    line.done("run", "--force", "--months", "2023-02", "-d", "green")
    assert "Nothing to do" in line.done("run").stderr
