"""A secret of each kind, in every setting that may hold one, is found nowhere afterwards but where it has to be."""

import base64
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from tests.ingest.tlc_server import TlcServer
from tests.line import Line
from tests.months import write
from tests.orchestration.alert_receiver import Receiver, receiving
from tests.orchestration.collector import Collector
from tests.warehouses import bigquery_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# The core of each is in its plain, its percent-encoded and its JSON form alike; base64 is searched for besides.
KINDS = (
    "postgres",
    "option",
    "user",
    "login",
    "query",
    "alert",
    "ping",
    "bigquery",
    "keyfile",
    "proxy",
    "otlp",
    "wrong",
)
CORES = {kind: f"kanarie{kind}7f3" for kind in KINDS}
# Files that hold one, for their owner alone.
HOLDERS = {"bigquery.token": "bigquery"}


def secret(kind: str) -> str:
    """With characters of which addresses, JSON and shells each write some in another way."""
    return f"é /{CORES[kind]}+%\"'\\x="


def in_address(kind: str) -> str:
    return quote(secret(kind), safe="")


def forms(core: str) -> list[bytes]:
    """As it is, and as base64 writes it after 0, 1 or 2 bytes of something else."""
    found = [core.encode()]
    for before in range(3):
        text = base64.b64encode(b"x" * before + core.encode())
        found.append(text[4 * (before > 0) : -4])  # without what its neighbours change
    return found


def leaks(content: bytes) -> set[str]:
    return {kind for kind, core in CORES.items() for form in forms(core) if form in content}


@dataclass
class Scene:
    """A line whose settings are full of secrets, and all that its commands said."""

    line: Line
    source: TlcServer
    receiver: Receiver
    collector: Collector
    settings: dict[str, str]
    said: dict[str, str] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)

    def run(self, *arguments: str, code: int = 0, says: str = "", **changed: str) -> str:
        """A command, and what it said; one that ended otherwise than it should is odd."""
        result = self.line.run(*arguments, **{**self.settings, **changed})
        name = f"{len(self.said)}: {' '.join(arguments[:3])} {' '.join(changed)}"
        self.said[name] = result.stdout + result.stderr
        if result.returncode != code or says not in self.said[name]:
            self.odd.append(f"{name} ended with {result.returncode}: {self.said[name][-800:]}")
        return result.stdout


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, synthetic_source: Path) -> Iterator[Scene]:
    """The profile docker on embedded servers; a web server as the source, and one that takes alerts and pings."""
    root = tmp_path_factory.mktemp("canaries")
    servers = root / "state" / "servers"
    servers.mkdir(parents=True, mode=0o700)
    (servers / "bigquery.token").write_text(token := f'/{CORES["bigquery"]}+="x')
    (servers / "bigquery.token").chmod(0o600)
    shutil.copytree(synthetic_source / "misc", root / "files" / "misc")
    write(root / "files", "green", "2023-01")
    keyfile = root / "key.json"
    keyfile.write_text(json.dumps({"type": "service_account", "private_key": secret("keyfile"), "client_email": "a@b"}))
    line = Line(root / "state", "", "+agg_zone_revenue")
    line.done("up")
    ends = line.servers()
    with line.connect() as connection:
        login = sql.SQL("create role canary superuser login password {}").format(sql.Literal(secret("postgres")))
        connection.execute(login)
    options = quote(f"-c application_name={CORES['option']}", safe="")
    with TlcServer() as source, receiving() as receiver, Collector() as collector:
        for path in (root / "files").rglob("*.*"):
            source.files[f"/base/{path.relative_to(root / 'files')}"] = path.read_bytes()
        host = f"127.0.0.1:{source.server_port}/base"
        proxy = f"http://user:{in_address('proxy')}@127.0.0.1:1"
        settings = {
            "TAXI_PROFILE": "docker",
            "TAXI_POSTGRES_URL": f"postgresql://canary:{in_address('postgres')}@{ends['PGHOST']}:{ends['PGPORT']}/"
            f"{ends['PGDATABASE']}?sslmode=disable&options={options}&sslpassword={in_address('option')}",
            "TAXI_BIGQUERY_ENDPOINT": ends["BIGQUERY_EMULATOR_HOST"],
            "TAXI_BIGQUERY_PROJECT": ends["GOOGLE_CLOUD_PROJECT"],
            "TAXI_BIGQUERY_TOKEN": token,
            "TAXI_BIGQUERY_KEYFILE": str(keyfile),
            "TAXI_GCS_ENDPOINT": ends["STORAGE_EMULATOR_HOST"],
            "TAXI_SOURCE": f"http://{in_address('user')}:{in_address('login')}@{host}?token={in_address('query')}",
            "TAXI_ALERT_URLS": receiver.address.replace("secret-token", in_address("alert")),
            "TAXI_PING_URL": receiver.url.replace("secret-token", in_address("ping")),
            **dict.fromkeys(
                ("TAXI_OTLP_ENDPOINT", "TAXI_OPENLINEAGE_URL"),
                collector.url.replace("://", f"://user:{in_address('otlp')}@"),
            ),
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "https_proxy"), proxy),
        }
        try:
            yield Scene(line, source, receiver, collector, settings)
        finally:
            source.shutdown()
            collector.shutdown()
            line.run("down", "--force")


def test_what_is_searched_for_is_found_in_every_form():
    one = secret("login")
    texts = [one, quote(one), quote(one, safe=""), json.dumps(one), json.dumps(one, ensure_ascii=False), repr(one)]
    texts += [base64.b64encode(f"{before}:{one}".encode()).decode() for before in ("u", "us", "use")]
    assert [text for text in texts if leaks(text.encode()) != {"login"}] == []


def test_commands_that_succeed_and_fail_say_no_secret(scene: Scene):
    scene.run("plan", "-d", "green", "-m", "2023-01", says="To run just this plan")
    scene.run("run", "-d", "green", "-m", "2023-01", says="1 of 1 file months are done")
    scene.run("check", says="passed")
    scene.run("explain", "green", "2023-01")
    scene.run("status", "--json", says="2023-01")
    run_id = json.loads(scene.run("logs", "--json"))["run"]["run_id"]
    for step in ("ingest", "dbt on postgres", "dbt on bigquery", "reconcile"):
        scene.run("logs", run_id, step, says=step)
    scene.run("metrics")
    scene.run("audit", "export", str(scene.line.state / "events.json"))

    settings, asked = scene.settings, f"127.0.0.1:{scene.source.server_port}"
    wrong = settings["TAXI_POSTGRES_URL"].replace(in_address("postgres"), in_address("wrong"))
    scene.run("run", code=1, says="refuses us", TAXI_POSTGRES_URL=wrong)
    gone = settings["TAXI_SOURCE"].replace(asked, "127.0.0.1:1")
    once = {"TAXI_SOURCE_TRIES": "1"}
    for arguments in (["run", f"--source={gone}"], ["run", "-s", gone], ["plan", "-s", gone]):
        scene.run(*arguments, "-d", "green", "-m", "2023-02", code=1, says="cannot be reached", **once)
    afar = settings["TAXI_SOURCE"].replace(asked, "files.example")
    scene.run("run", "-d", "green", "-m", "2023-02", code=1, says="the proxy that", TAXI_SOURCE=afar, **once)
    scene.run("run", code=2, says="htp://", TAXI_SOURCE=settings["TAXI_SOURCE"].replace("http://", "htp://"))
    gcp = {
        "HTTPS_PROXY": "",
        "https_proxy": "",
        "HTTP_PROXY": "",
        "TAXI_BIGQUERY_ENDPOINT": "",
        "TAXI_GCS_ENDPOINT": "",
    }
    scene.run("check", "-p", "gcp", code=1, says="is not a key file", TAXI_BUCKET="b", **gcp)
    for name in ("alert_urls", "ping_url", "otlp_endpoint", "openlineage_url", "postgres_url"):
        scene.run("status", code=2, says=name, **{f"TAXI_{name.upper()}": f"htp:/{secret('wrong')}"})

    scene.receiver.status = 500
    scene.run("tick", "-s", gone, code=1, says="it answers 500", **once)
    scene.run("alerts", "test", code=1)
    scene.receiver.status = 200
    scene.run("alerts", "test")
    scene.run("alerts", "list")
    scene.run("tick", "-d", "green", code=1, says="none of the last 12 months")
    assert scene.odd == []
    found = {name: leaks(text.encode()) for name, text in scene.said.items()}
    assert {name: kinds for name, kinds in found.items() if kinds} == {}


def test_no_message_to_people_holds_a_secret(scene: Scene):
    assert scene.receiver.messages, "some have come"
    assert [one for one in scene.receiver.messages if leaks(json.dumps(one).encode())] == []


def test_a_real_run_its_steps_models_and_data_reach_the_collector_without_a_secret(scene: Scene):
    spans = {span.name: span for span in scene.collector.spans()}
    assert {"run", "prepare", "ingest", "dbt on postgres", "dbt on bigquery", "reconcile", "fct_trips"} <= spans.keys()
    written = {one["name"] for event in scene.collector.events() for one in event["outputs"]}
    assert any(name.endswith("taxi_raw.green_tripdata") for name in written)
    assert any(name.startswith("raw/dataset=green/file_month=2023-01-01/") for name in written)
    assert len([name for name in written if name.endswith(".taxi_marts.fct_trips")]) == 2, "on both warehouses"
    assert {event["eventType"] for event in scene.collector.events()} == {"START", "COMPLETE", "FAIL"}
    assert [path for path, body in scene.collector.bodies if leaks(body)] == []


def test_nothing_that_is_kept_holds_a_secret(scene: Scene):
    found: dict[str, set[str]] = {}
    count = 0
    for path in scene.line.state.rglob("*"):
        if path.is_file():
            with suppress(FileNotFoundError):
                count += 1
                found[str(path.relative_to(scene.line.state))] = leaks(path.read_bytes())
    names = " ".join(found)
    for kept in ("run.jsonl", "dbt.log", "run_results.json", "manifest.json", "plans/", "events.json", "trace"):
        assert kept in names, f"{kept} is among what was searched"
    for name, kind in HOLDERS.items():
        assert found.pop(f"servers/{name}") == {kind}
        assert (scene.line.state / "servers" / name).stat().st_mode & 0o777 == 0o600
    assert {name: kinds for name, kinds in found.items() if kinds} == {}


def test_no_row_of_the_ledger_or_of_its_copy_holds_a_secret(scene: Scene):
    texts: dict[str, str] = {}
    with scene.line.connect() as connection:
        for (name,) in connection.execute(
            "select tablename from pg_tables where schemaname = 'taxi_ledger'"
        ).fetchall():
            texts[name] = str(connection.execute(f"select t::text from taxi_ledger.{name} t").fetchall())
    client = bigquery_of(scene.line)
    for table in client.list_tables("taxi_ledger"):
        rows = client.query_and_wait(f"select * from taxi_ledger.{table.table_id}")
        texts[f"BigQuery's {table.table_id}"] = str([row.values() for row in rows])
    assert re.search("2023-01", texts["events"] + texts["months"])
    assert "***" in texts["runs"], "addresses were typed"
    found = {name: leaks(text.encode()) for name, text in texts.items()}
    assert {name: kinds for name, kinds in found.items() if kinds} == {}


def test_the_secrets_were_used(scene: Scene):
    assert any(quote(secret("query"), safe="") in query for query in scene.source.queries)
    login = base64.b64encode(f"{secret('user')}:{secret('login')}".encode("latin-1")).decode()
    assert f"Basic {login}" in {headers.get("Authorization") for headers in scene.source.headers}
    assert any(in_address("ping") in path for path in scene.receiver.asked)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(scene.settings["TAXI_POSTGRES_URL"].replace(in_address("postgres"), in_address("wrong")))
