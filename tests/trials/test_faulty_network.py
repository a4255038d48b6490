"""Whole runs whose source, bucket and BigQuery give wrong answers, by a seed: passing faults cost time and no more."""

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from embedded import Stack
from synthetic import write_zone_lookup
from tests.conftest import ONE_MART
from tests.fault_proxy import FaultProxy
from tests.line import Line, copy_project
from tests.months import write

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

MONTHS = (("green", "2023-01"), ("green", "2023-02"), ("fhv", "2023-01"), ("fhv", "2023-02"))
KINDS = ("429", "500", "503", "reset", "cut", "slow")
# What cannot pass: a pattern of the path that goes wrong, and the months that go on all the same.
STAYING = {
    "source: one file is cut": ("source", "cut", r"green_tripdata_2023-01", {"green 2023-02", "fhv 2023-02"}),
    "source: one file answers 503": ("source", "503", r"green_tripdata_2023-01", {"green 2023-02", "fhv 2023-02"}),
    "bucket: one object answers 403": ("gcs", "403", r"green_tripdata_2023-01", {"green 2023-02"}),
    "bucket: all answers 503": ("gcs", "503", "", set()),
    "bucket: all are reset": ("gcs", "reset", "", set()),
    "bigquery: all answers 500": ("bigquery", "500", "", set()),
    "bigquery: all answers 403": ("bigquery", "403", "", set()),
}


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Not among the output of the tests."""


@dataclass
class ProxiedLine(Line):
    """A line that reaches all but Postgres by way of proxies."""

    proxies: dict[str, FaultProxy] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "TAXI_PROFILE": "docker", **self.variables}

    def heal(self) -> None:
        """No more faults, and no file that was downloaded before: a run asks the source for all of them."""
        for proxy in self.proxies.values():
            proxy.heal()
        shutil.rmtree(self.state / "cache", ignore_errors=True)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedLine]:
    root = tmp_path_factory.mktemp("faulty")
    for dataset, month in MONTHS:
        write(root / "source", dataset, month)
    write_zone_lookup(root / "source")
    files = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root / "source")))
    files.daemon_threads = True
    threading.Thread(target=files.serve_forever, daemon=True).start()
    stack = Stack(root / "servers")
    ends = stack.start()
    postgres = f"{ends.postgres_user}:{ends.postgres_password}@{ends.postgres_host}:{ends.postgres_port}"
    with (
        FaultProxy(f"http://127.0.0.1:{files.server_port}") as source,
        FaultProxy(ends.gcs_url) as gcs,
        FaultProxy(ends.bigquery_url) as bigquery,
    ):
        variables = {
            "TAXI_POSTGRES_URL": f"postgresql://{postgres}/{ends.postgres_dbname}",
            "TAXI_GCS_ENDPOINT": gcs.url,
            "TAXI_BIGQUERY_ENDPOINT": bigquery.url,
            "TAXI_BIGQUERY_TOKEN": ends.bigquery_token,
            "TAXI_BIGQUERY_PROJECT": ends.project,
            "TAXI_SOURCE_TRIES": "4",
            "TAXI_TLC_REPORT": "none",
        }
        proxies = {"source": source, "gcs": gcs, "bigquery": bigquery}
        project = retrying_project(root / "project")
        line = ProxiedLine(root / "state", source.url, ONE_MART, project, proxies=proxies, variables=variables)
        line.done(*wanted())
        line.undisturbed = line.stages()
        yield line
    files.shutdown()
    stack.stop()


def retrying_project(folder: Path) -> Path:
    """A copy whose dbt tries a request again, as it does on Google's BigQuery: an emulator's faults don't pass."""
    profiles = copy_project(folder) / "profiles.yml"
    text = profiles.read_text(encoding="utf-8")
    retries = "(0 if env_var('DBT_TAXI_BIGQUERY_ENDPOINT', '') else 2)"
    assert retries in text
    profiles.write_text(text.replace(retries, "2"), encoding="utf-8")
    return folder


def wanted(*options: str) -> tuple[str, ...]:
    return ("run", *options, "-d", "green,fhv", "-m", "2023-01..2023-02")


def in_order(line: ProxiedLine) -> None:
    """A plain re-run ends as one that nobody disturbed."""
    line.heal()
    line.done(*wanted())
    assert line.stages() == line.undisturbed
    left = "select relname from pg_class where relname like 'new\\_%' or relname like '%\\_\\_dbt\\_tmp%'"
    assert line.query(left) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_run_among_faults_that_pass_ends_as_if_there_were_none(line: ProxiedLine, seed: int):
    line.heal()
    for number, (proxy, within) in enumerate(zip(line.proxies.values(), (12, 40, 60), strict=True)):
        proxy.fail_at_random(100 * seed + number, 4, within, KINDS)
    result = line.run(*wanted("--force"))
    told = f"{ {name: proxy.given for name, proxy in line.proxies.items()} }\n{result.stderr}"
    assert sum(len(proxy.given) for proxy in line.proxies.values()) > 6, told
    assert "Traceback" not in result.stderr, told
    assert result.returncode == 0, told
    assert line.stages() == line.undisturbed, told


@pytest.mark.parametrize("case", STAYING)
def test_a_fault_that_stays_is_told_in_a_clear_line_and_the_other_months_go_on(line: ProxiedLine, case: str):
    server, kind, path, others = STAYING[case]
    line.heal()
    line.proxies[server].fail(kind, path=path)
    result = line.run(*wanted("--force"))
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert "✗" in result.stderr
    assert line.proxies[server].given
    done = {name for name, month in line.months().items() if month["state"] == "done"}
    assert others <= done, result.stderr
    in_order(line)


def test_a_source_that_refuses_everything_is_asked_for_three_of_twelve_months_and_what_has_landed_is_built(
    line: ProxiedLine,
):
    line.heal()
    line.execute(
        "update taxi_ledger.months set state = 'landed' where (service_type, file_month) = ('green', '2023-02-01')"
    )
    line.proxies["source"].fail("403")
    result = line.run("run", "-d", "green", "-m", "2023-01..2023-12", TAXI_SOURCE_TRIES="2")
    assert result.returncode == 1, result.stderr
    asked = {path for _, _, path in line.proxies["source"].given if "green" in path}
    assert len(asked) == 3, asked
    assert (
        len(re.findall(r"✗ trip-data/\S+ was not asked for: the source refused three times in a row", result.stderr))
        >= 8
    )
    assert line.months()["green 2023-02"]["state"] == "done", result.stderr
    line.execute("delete from taxi_ledger.months where state = 'failed' and file_month > '2023-02-01'")
    in_order(line)
