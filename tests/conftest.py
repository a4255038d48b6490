import gc
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from common import masking
from embedded import Stack
from synthetic import write_zone_lookup, write_zone_shapes
from tests.line import Line
from tests.months import MARTS_MONTHS, MONTHS, ROWS_OF, write
from tests.warehouses import bigquery_of

# To import every test file makes a million objects that stay: a third of that time went into looking through them for
# cycles. pytest_collection_finish has Python look again, but not through those.
gc.disable()

# A shell has its background jobs ignore ctrl-C, and they pass that on: what the tests start shall heed it all the same.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The one mart, besides the trips, that is enough to see that a month is whole; all of them take 20 s more a run.
ONE_MART = "+agg_zone_revenue"

# Lines of TLC's own monthly report, of months that the tests have; of FHV 2019-11 a class is left out.
TLC_REPORT = Path(__file__).with_name("data_reports_monthly.csv")

# The files whose tests share a line, which takes a minute to bring up, servers, or a parsed project: they stay in one
# process. They begin in this order, the longest first.
FILES_THAT_SHARE = {
    "finished": (
        "orchestration/test_bad_editions",
        "orchestration/test_inspection",
        "orchestration/test_killed",
        "orchestration/test_line",
        "orchestration/test_planned_runs",
        "orchestration/test_postgres_keeps",
        "orchestration/test_publish_ledger",
        "orchestration/test_source_changes",
        "orchestration/test_suspect_months",
        "orchestration/test_reconcile",
    ),
    "marts": (
        "dbt/test_analyses",
        "dbt/test_parity",
        "dbt/test_by_hand",
        "dbt/test_sent_statements",
        "dbt/test_readers",
        "dbt/test_semantic",
        "dbt/test_development",
        "independent/test_course",
        "independent/test_marts",
        "orchestration/test_reports",
    ),
    "stores": (
        "ingest/test_any_file",
        "ingest/test_checksums",
        "ingest/test_dlt_landing",
        "ingest/test_external_times",
        "ingest/test_fold",
        "ingest/test_landing",
        "ingest/test_names",
        "ingest/test_rights",
        "ingest/test_store_faults",
        "ingest/test_stores",
        "ingest/test_tlc_report",
        "ingest/test_widening",
        "ingest/test_zone_shapes",
    ),
    "embedded": (
        "embedded/test_bigquery_fixes",
        "embedded/test_contract",
        "embedded/test_external_tables",
        "embedded/test_missing_rights",
        "embedded/test_stack",
    ),
    "parsed": (  # twice by dbt, which takes half a minute
        "dbt/test_new_mart",
        "dbt/test_overrides",
        "dbt/test_project",
    ),
}
GROUPS = {f"tests/{file}.py": shared for shared, files in FILES_THAT_SHARE.items() for file in files}

# The longest of the others: one that began last would leave the other processes with nothing to do.
LONG_FILES = [
    f"tests/{file}.py"
    for file in (
        "orchestration/test_landers",
        "orchestration/test_bad_input",
        "orchestration/test_querying",
        "orchestration/test_check",
        "page/test_browser",
        "ingest/test_hung_google",
        "ingest/test_hung_postgres",
        "orchestration/test_alerts",
        "page/test_api",
        "page/test_server",
        "page/test_marts_browser",
        "orchestration/test_dbt_worker",
        "ingest/test_source_network",
    )
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-faults", metavar="FILE", help="write what came of the trials of tests/trials here")


class ByLine(LoadScopeScheduling):
    """pytest-xdist's `--dist loadfile`, but for the files that share something.

    Its own `loadgroup` scatters marked tests all the same (xdist 3.8 with pytest 9).
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return GROUPS.get(file, file)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that share something first, then the longest: short ones fill what is left of the processes."""
    order = [*FILES_THAT_SHARE, *LONG_FILES]
    places = {name: place for place, name in enumerate(order)}

    def place(item: pytest.Item) -> int:
        file = item.nodeid.partition("::")[0]
        return places.get(GROUPS.get(file, file), len(order))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """From here on Python looks for cycles among what the tests make."""
    gc.freeze()
    gc.enable()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByLine:
    """Take our scheduler."""
    return ByLine(config, log)


@pytest.fixture(autouse=True)
def no_secrets_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """One test's passwords are not masked in another's errors."""
    monkeypatch.setattr(masking, "_secrets", set())


@pytest.fixture(autouse=True, scope="module")
def no_server_goes_on() -> Iterator[None]:
    """A server's loop that outlives its tests takes a core from all that follow."""
    yield
    assert [thread.name for thread in threading.enumerate() if "serve_forever" in thread.name] == []


def _source(root: Path, months: list[tuple[str, str]]) -> Path:
    for dataset, month in months:
        write(root, dataset, month, ROWS_OF[dataset, month])
    write_zone_lookup(root)
    write_zone_shapes(root)
    return root


@pytest.fixture(scope="session")
def synthetic_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of synthetic months; tests that change files copy it."""
    return _source(tmp_path_factory.mktemp("source"), MONTHS)


def opened(state: Path, source: Path, models: str) -> Iterator[Line]:
    """A line whose servers are up, and are stopped afterwards."""
    line = Line(state, source, models)
    line.done("up")
    try:
        yield line
    finally:
        line.run("down", "--force")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """How to reach an embedded PostgreSQL of the tests in this process, but for the database."""
    stack = Stack(tmp_path_factory.mktemp("postgres") / "servers")
    ends = stack.start(("postgres",))
    yield make_conninfo(
        host=ends.postgres_host, port=ends.postgres_port, user=ends.postgres_user, password=ends.postgres_password
    )
    stack.stop()


@pytest.fixture(scope="session")
def finished_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line that has brought all synthetic months through. Tests leave its months as they found them."""
    root = tmp_path_factory.mktemp("finished")
    for line in opened(root / "state", _source(root / "source", MONTHS), ONE_MART):
        line.first_run = line.done("run")
        yield line


@pytest.fixture(scope="session")
def marts_line(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Line]:
    """A line with every model of the dbt project, and months enough to ask it something. Tests only read it.

    Slow tests have it on both warehouses, in two batches, of which the second is merged into the tables of the first.
    The others have it on Postgres alone, in one batch: BigQuery takes three quarters of the time.
    New York is the default time zone of its BigQuery project, and no table differs from Postgres for that.
    """
    root = tmp_path_factory.mktemp("marts")
    source = _source(root / "source", MARTS_MONTHS)
    shutil.copy(TLC_REPORT, source / "misc")
    for line in opened(root / "state", source, ""):
        if not any(item.get_closest_marker("slow") for item in request.session.items):
            line.warehouses = ("postgres",)
            line.done("run", "--only", "ingest")
            built = line.run("run", "--only", "postgres", TAXI_BATCH_MONTHS=str(len(MARTS_MONTHS)))
            assert built.returncode == 0, built.stderr
        else:
            set_zone = "alter project set options (`region-us.default_time_zone` = 'America/New_York')"
            bigquery_of(line).query_and_wait(set_zone)
            line.done("run")
        yield line


@pytest.fixture
def new_line(tmp_path: Path, synthetic_source: Path) -> Iterator[Line]:
    """A line on which nothing was run yet, whose source holds the zone lookup alone."""
    source = tmp_path / "source"
    (source / "trip-data").mkdir(parents=True)
    shutil.copytree(synthetic_source / "misc", source / "misc")
    yield from opened(tmp_path / "state", source, ONE_MART)
