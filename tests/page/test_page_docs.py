"""The commands of docs/page.md work as they are written."""

import re
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from common.python import ROOT
from tests.page.running import Running, line_of, running

LINES = re.findall(r"^curl .*$", (ROOT / "docs" / "page.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def page(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "create schema taxi_marts; create table taxi_marts.monthly_zone_revenue as"
            " select date '2024-03-01' as pickup_month, 'green' as service_type, 12.5 as total_amount"
        )
    with running(line_of(dsn, tmp_path_factory.mktemp("line"))) as page:
        yield page


def test_the_page_has_curl_lines() -> None:
    assert len(LINES) >= 6


@pytest.mark.parametrize("line", LINES)
def test_a_documented_curl_line_works(page: Running, line: str) -> None:
    typed = line.replace("http://localhost:6789", page.address).replace(".taxi/", f"{page.state_dir}/")
    done = subprocess.run(["bash", "-c", typed], env=page.environment, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done
    assert done.stdout
