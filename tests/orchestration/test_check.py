"""`check` tries what a run needs, names each right that is missing, and leaves nothing behind."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import psycopg
import pytest
from google.api_core.exceptions import from_http_status
from google.cloud import bigquery, storage

from embedded import Endpoints, Stack, contract
from orchestration.check import postgres_items
from orchestration.check.bigquery_lake import PREPARED
from orchestration.check.bigquery_readers import AUTHORISED
from orchestration.check.items import Item, Outcome, Result
from orchestration.check.line import ITEMS
from orchestration.check.names import Names
from orchestration.check.rights import advise
from orchestration.check.runner import try_all
from orchestration.check.scene import Scene
from orchestration.cli import documents
from orchestration.settings import LakeSettings, RunSettings, Settings, SourceSettings
from orchestration.warehouses.connections import Connections
from orchestration.warehouses.servers import kept_marker
from synthetic import write_zone_lookup
from tests.line import Line
from tests.rights import Rights

LAKE, WHO = "check-lake", "loader@example.iam.gserviceaccount.com"


@dataclass
class Servers:
    """Embedded servers on which `orchestrate.py` works too."""

    line: Line
    settings: Settings
    ends: Endpoints

    def scene(self, gcs: str = "", bigquery: str = "", **postgres: object) -> Scene:
        """Of a check on these servers, or on proxies before them."""
        ends = self.ends
        parameters = {
            "host": ends.postgres_host, "port": ends.postgres_port, "user": ends.postgres_user,
            "password": ends.postgres_password, "dbname": ends.postgres_dbname,
        }  # fmt: skip
        connections = Connections(
            {**parameters, **postgres}, ends.project, self.settings.lake, self.settings.bigquery,
            gcs or ends.gcs_url, bigquery or ends.bigquery_url, ends.bigquery_token,
        )  # fmt: skip
        return Scene(self.settings, connections)

    def left(self) -> list[str]:
        """What checks have made and not dropped, on all servers."""
        scene = self.scene()
        client = scene.connections.bucket.client
        buckets = [bucket.name for bucket in client.list_buckets()]
        objects = [blob.name for name in buckets for blob in client.list_blobs(name)]
        datasets = [one.dataset_id for one in scene.connections.bigquery.list_datasets()]
        tables = [table.table_id for name in datasets for table in scene.connections.bigquery.list_tables(name)]
        with psycopg.connect(scene.connections.dsn) as connection:
            schemas = [name for (name,) in connection.execute("select nspname from pg_namespace")]
        found = [*buckets, *objects, *datasets, *tables, *schemas]
        return [name for name in found if name.startswith(("taxi_check", "taxi-check"))]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    root = tmp_path_factory.mktemp("check")
    (root / "source/trip-data").mkdir(parents=True)
    write_zone_lookup(root / "source")
    settings = Settings(
        source=SourceSettings(source=str(root / "source")),
        lake=LakeSettings(bucket=LAKE),
        run=RunSettings(state_dir=root / "state"),
    )
    stack = Stack(root / "state/servers", rules=contract.RULES)
    ends = stack.start()
    kept_marker(settings).touch()
    servers = Servers(Line(root / "state", root / "source"), settings, ends)
    yield servers
    stack.stop()


@pytest.fixture
def lake(servers: Servers) -> storage.Bucket:
    """The bucket of the settings, which a run has made."""
    bucket = servers.scene().connections.bucket
    if not bucket.exists():
        bucket.create(location="US")
    return bucket


def upto(*names: str) -> list[Item]:
    """The items of these names, and those that they need."""
    wanted = set(names)
    for item in reversed(ITEMS):
        if item.name in wanted:
            wanted.update(item.needs)
    return [item for item in ITEMS if item.name in wanted]


def check(scene: Scene, items: Sequence[Item] = ITEMS) -> dict[str, Result]:
    return {result.item.name: result for result in try_all(items, scene, lambda _: None).results}


def test_a_check_passes_on_the_embedded_servers_and_leaves_nothing_behind(servers: Servers):
    report = try_all(ITEMS, servers.scene(), lambda _: None)
    results = {result.item.name: result for result in report.results}
    assert {name: one.detail for name, one in results.items() if one.outcome != Outcome.PASSED} == {}
    document = documents.of_check("local", report)
    assert (document["passed"], len(document["items"]), document["items"][-1]["item"]) == (True, len(ITEMS) + 1, "drop")
    assert "BigQuery reads the lake's times as TIMESTAMP" in document["settled"]
    assert servers.left() == []


TO = f'--member="serviceAccount:{WHO}" --role=roles'
ON_BUCKET = f"gcloud storage buckets add-iam-policy-binding gs://{LAKE} {TO}/storage."
ON_PROJECT = f"gcloud projects add-iam-policy-binding taxi-local {TO}/bigquery."

# A right that is taken away, the last item that is tried then, those that fail, and the role that gives the right.
MISSING = [
    ("storage.buckets.get", "bucket", {"bucket"}, f"{ON_BUCKET}legacyBucketReader"),
    ("storage.buckets.get", "external", {"times"}, f"{ON_BUCKET}legacyBucketReader"),
    ("storage.objects.create", "write", {"write"}, f"{ON_BUCKET}objectAdmin"),
    ("storage.objects.get", "write", {"write"}, f"{ON_BUCKET}objectAdmin"),
    ("storage.objects.list", "list", {"list"}, f"{ON_BUCKET}objectAdmin"),
    ("storage.objects.delete", "replace", {"replace", "drop"}, f"{ON_BUCKET}objectAdmin"),
    ("bigquery.jobs.create", "jobs", {"jobs"}, f"{ON_PROJECT}jobUser --condition=None"),
    ("bigquery.datasets.create", "dataset", {"dataset"}, f"{ON_PROJECT}dataEditor --condition=None"),
    ("bigquery.tables.create", "table", {"table"}, f"{ON_PROJECT}dataEditor --condition=None"),
    ("bigquery.tables.get", "times", {"times"}, f"{ON_PROJECT}dataEditor --condition=None"),
    ("bigquery.tables.getData", "filter", {"filter"}, f"{ON_PROJECT}dataEditor --condition=None"),
    ("bigquery.tables.updateData", "load", {"load"}, f"{ON_PROJECT}dataEditor --condition=None"),
    ("bigquery.datasets.update", "authorised", {"authorised"}, f"{ON_PROJECT}dataOwner --condition=None"),
    ("bigquery.datasets.setIamPolicy", "authorised", {"authorised"}, f"{ON_PROJECT}dataOwner --condition=None"),
]


@pytest.mark.parametrize(("right", "last", "failing", "fix"), MISSING, ids=lambda value: value if "." in value else "")
def test_a_right_that_is_missing_is_named_with_the_command_that_gives_it(
    servers: Servers, lake: storage.Bucket, right: str, last: str, failing: set[str], fix: str
):
    with Rights(servers.ends.gcs_url, servers.ends.bigquery_url) as rights, rights.without(right):
        scene = servers.scene(gcs=rights.gcs_url, bigquery=rights.bigquery_url)
        scene.account = WHO
        results = check(scene, upto(last))
    failed = [one for one in results.values() if one.outcome == Outcome.FAILED]
    assert {(one.item.name, one.missing, one.fix) for one in failed} == {(name, right, fix) for name in failing}
    if "drop" in failing:
        (name,) = servers.left()
        assert name in results["drop"].detail
        lake.blob(name).delete()
    assert servers.left() == []


@pytest.mark.parametrize(
    ("code", "message", "missing", "fix"),
    [
        (
            403, "BigQuery API has not been used in project 7 before or it is disabled. Enable it by visiting https:",
            "the API bigquery.googleapis.com", "gcloud services enable bigquery.googleapis.com --project=taxi-local",
        ),
        (
            403, "Billing has not been enabled for this project. DML queries are not allowed in the free tier.",
            "billing of the project", "gcloud billing projects link taxi-local --billing-account=ACCOUNT_ID",
        ),
        (
            403, f"{WHO} does not have storage.objects.list access to the Google Cloud Storage bucket.",
            "storage.objects.list", f"{ON_BUCKET}objectAdmin",
        ),
        (
            403, "Access Denied: Dataset x", "bigquery.tables.create",
            ON_PROJECT.replace(f"serviceAccount:{WHO}", "user:$(gcloud config get-value account)")
            + "dataEditor --condition=None",
        ),
        (401, "Invalid Credentials", "valid credentials", "gcloud auth application-default login"),
        (404, "Not found: Dataset x", "", ""),
    ],
)  # fmt: skip
def test_a_refusal_in_googles_words_leads_to_the_command_that_ends_it(
    servers: Servers, code: int, message: str, missing: str, fix: str
):
    error = from_http_status(code, message)
    assert advise(error, "bigquery.tables.create", servers.scene(), LAKE) == (missing, fix)


def test_a_bucket_that_is_missing_and_may_not_be_made_comes_with_the_command_that_makes_it(servers: Servers):
    settings = servers.settings.model_copy(update={"lake": LakeSettings(bucket="nobody-has-it")})
    with Rights(servers.ends.gcs_url, servers.ends.bigquery_url) as rights, rights.without("storage.buckets.create"):
        results = check(replace(servers, settings=settings).scene(gcs=rights.gcs_url), upto("bucket", "times"))
    assert results["bucket"].fix == (
        "gcloud storage buckets create gs://nobody-has-it --project=taxi-local --location=US"
        " --uniform-bucket-level-access"
    )
    assert {name for name, one in results.items() if one.outcome == Outcome.FAILED} == {"bucket"}
    assert results["times"].outcome == Outcome.SKIPPED
    assert results["times"].detail == "skipped: needs “Cloud Storage: takes an object of two rows”"


@pytest.mark.parametrize(
    ("taken", "item", "fix"),
    [
        ("connect", "postgres", 'grant connect on database "taxi" to "loader";'),
        ("create", "postgres schema", 'grant create on database "taxi" to "loader";'),
        ("temporary", "postgres temporary", 'grant temporary on database "taxi" to "loader";'),
    ],
)
def test_a_privilege_that_is_missing_in_postgres_is_named_with_its_grant(
    servers: Servers, taken: str, item: str, fix: str
):
    owner = servers.scene().connections.dsn
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("create role loader login password 'of the loader'")
        connection.execute("revoke all on database taxi from public")
        for privilege in {"connect", "create", "temporary"} - {taken}:
            connection.execute(f"grant {privilege} on database taxi to loader")
    try:
        results = check(servers.scene(user="loader", password="of the loader"), postgres_items.ITEMS)
    finally:
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("drop owned by loader; drop role loader")
            connection.execute("grant connect, temporary on database taxi to public")
    failed = [(one.item.name, one.fix) for one in results.values() if one.outcome == Outcome.FAILED]
    assert failed == [(item, fix)]


@pytest.fixture
def prepared(servers: Servers) -> Iterator[bigquery.Client]:
    """The line's data sets, made by somebody else; gives that one's client."""
    client = servers.scene().connections.bigquery
    for name in PREPARED:
        client.create_dataset(name)
    yield client
    for name in PREPARED:
        client.delete_dataset(name, delete_contents=True)


def test_an_account_that_may_make_no_data_sets_works_in_those_that_are_prepared(
    servers: Servers, lake: storage.Bucket, prepared: bigquery.Client
):
    ends = servers.ends
    with Rights(ends.gcs_url, ends.bigquery_url) as rights, rights.without("bigquery.datasets.create"):
        results = check(servers.scene(bigquery=rights.bigquery_url), upto("merge", "authorised", "sharing"))
    assert {name for name, one in results.items() if one.outcome != Outcome.PASSED} == {"authorised"}
    assert results["authorised"].outcome == Outcome.NOT_TRIED
    assert servers.left() == []


@pytest.mark.parametrize(
    ("denied", "right", "lacking"),
    [
        (("bigquery.datasets.update",), "bigquery.datasets.update", tuple(AUTHORISED)),
        (("bigquery.datasets.update@taxi_seeds",), "bigquery.datasets.update", ("taxi_seeds",)),
        (("bigquery.datasets.setIamPolicy@taxi_ledger",), "bigquery.datasets.setIamPolicy", ("taxi_ledger",)),
        (("bigquery.datasets.update@taxi_marts",), "", ()),  # no view of another data set reads it
    ],
)
def test_a_data_set_on_which_dbt_may_not_authorise_views_is_named_with_the_command_for_its_owner(
    servers: Servers, prepared: bigquery.Client, denied: tuple[str, ...], right: str, lacking: tuple[str, ...]
):
    before = {name: prepared.get_dataset(name).access_entries for name in PREPARED}
    ends, denied = servers.ends, ("bigquery.datasets.create", *denied)
    with Rights(ends.gcs_url, ends.bigquery_url) as rights, rights.without(*denied):
        scene = servers.scene(bigquery=rights.bigquery_url)
        scene.account = WHO
        tried = check(scene, upto("sharing"))["sharing"]
    grant = 'grant `roles/bigquery.dataOwner` on schema `taxi-local`.{} to "serviceAccount:{}"'
    grants = "; ".join(grant.format(name, WHO) for name in lacking)
    assert (tried.missing, tried.fix) == (right, f"bq query --use_legacy_sql=false '{grants}'" if lacking else "")
    assert {name: prepared.get_dataset(name).access_entries for name in PREPARED} == before


def test_who_finds_the_views_authorised_needs_no_right_for_it(servers: Servers, prepared: bigquery.Client):
    for name, readers in AUTHORISED.items():
        dataset = prepared.get_dataset(name)
        of_views = [{"dataset": {"projectId": prepared.project, "datasetId": reader}} for reader in readers]
        entries = [bigquery.AccessEntry(None, "dataset", {**one, "targetTypes": ["VIEWS"]}) for one in of_views]
        dataset.access_entries = [*dataset.access_entries, *entries]
        prepared.update_dataset(dataset, ["access_entries"])
    ends, denied = servers.ends, ("bigquery.datasets.create", "bigquery.datasets.update")
    with Rights(ends.gcs_url, ends.bigquery_url) as rights, rights.without(*denied):
        results = check(servers.scene(bigquery=rights.bigquery_url), upto("sharing"))
    assert results["sharing"].outcome == Outcome.PASSED


def test_what_a_killed_check_left_behind_goes_after_an_hour_and_what_another_is_at_stays(
    servers: Servers, lake: storage.Bucket
):
    old, new = Names("taxi_check_20240101000000_0123abcd"), Names.new()
    scene = servers.scene()
    for names in (old, new):
        scene.connections.bigquery.create_dataset(names.name)
        lake.blob(f"{names.name}/raw/x.parquet").upload_from_string(b"x")
        with psycopg.connect(scene.connections.dsn) as connection:
            connection.execute(f"create schema {names.name}")
    check(scene, upto("list", "dataset", "postgres schema"))
    assert servers.left() == [f"{new.name}/raw/x.parquet", new.name, new.name]
    scene.connections.bigquery.delete_dataset(new.name)
    lake.blob(f"{new.name}/raw/x.parquet").delete()
    with psycopg.connect(scene.connections.dsn) as connection:
        connection.execute(f"drop schema {new.name}")


def test_a_check_that_is_interrupted_drops_what_it_made(servers: Servers, lake: storage.Bucket):
    def interrupt(scene: Scene) -> str:
        assert len(servers.left()) >= 4, "there is something to drop"
        raise KeyboardInterrupt

    items = [*upto("postgres schema", "external"), Item("ctrl-c", "", "", interrupt, "")]
    told: list[Result] = []
    with pytest.raises(KeyboardInterrupt):
        try_all(items, servers.scene(), told.append)
    assert (told[-1].item.name, told[-1].outcome) == ("drop", Outcome.PASSED)
    assert servers.left() == []


def test_two_checks_at_once_do_not_meet(servers: Servers, lake: storage.Bucket):
    items = upto("postgres copy", "replace", "merge")
    with ThreadPoolExecutor(2) as pool:
        for results in pool.map(lambda scene: check(scene, items), [servers.scene(), servers.scene()]):
            assert {one.outcome for one in results.values()} == {Outcome.PASSED}
    assert servers.left() == []


def test_the_command_prints_each_item_and_its_answers_and_ends_with_1_where_one_failed(servers: Servers):
    printed = servers.line.run("check", TAXI_SOURCE=str(servers.line.source / "nowhere"))
    assert printed.returncode == 1
    assert [line[:20] for line in printed.stdout.splitlines() if "✗" in line] == ["  ✗ shows its files:"]
    assert "  ✓ replaces a month by a MERGE through a view: one month replaced, the other kept\n" in printed.stdout
    assert "  BigQuery reads the lake's times as TIMESTAMP.\n" in printed.stdout
    assert "\x1b" not in printed.stdout


def test_a_wrong_setting_ends_the_command_with_2(servers: Servers):
    refused = servers.line.run("check", TAXI_BATCH_MONTHS="many")
    assert (refused.returncode, "batch_months 'many'" in refused.stderr) == (2, True)
