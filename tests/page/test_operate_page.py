"""The page Operate shows whether the line runs by itself, and every setting without its secrets."""

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from common import masking
from ingest.errors import TaxiError
from orchestration import requesting
from orchestration.ledger.alerts import Trouble
from orchestration.ledger.ledger import Ledger
from orchestration.page import openapi
from orchestration.page.documents import schema_of
from orchestration.page.facts import disk_use
from orchestration.page.facts.setting_list import shown_settings
from orchestration.page.pages import PAGES
from orchestration.page.site import Site
from orchestration.requesting import Requesting
from orchestration.setting_groups import NAMES, Settings
from tests.page.conftest import ADDRESS, run_of

SECRETS = {
    "postgres_password": "hunter2",
    "bigquery_token": "tok-en-of-bigquery",
    "ping_url": "https://ping.example/secret-check",
    "otlp_endpoint": "http://me:lo-gin@127.0.0.1:4318",
}


@pytest.fixture
def settings_file(settings_file: Path, monkeypatch: pytest.MonkeyPatch, dsn: str) -> Path:
    """With secrets in the file, in .env and in the environment."""
    text = settings_file.read_text()
    real = re.search(r'postgres_password = "(.*)"', text)
    assert real
    monkeypatch.setenv("TAXI_POSTGRES_PASSWORD", real[1])
    monkeypatch.setenv("TAXI_PING_URL", SECRETS["ping_url"])
    monkeypatch.setenv("TAXI_SOURCE", "https://me:pass-of-source@tlc.example/files")
    settings_file.with_name(".env").write_text(f"TAXI_BIGQUERY_TOKEN={SECRETS['bigquery_token']}\n")
    more = f'otlp_endpoint = "{SECRETS["otlp_endpoint"]}"\nalert_urls = ["json://alerts.example/secret-path"]\n'
    settings_file.write_text(f"{text}{more}tick_hours = 0.5\n[docker]\nbucket = 'my-lake'\n")
    return settings_file


def shown(client: TestClient) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in client.get("/api/operate").json()["settings"]}


def test_every_setting_is_there_once_with_the_place_where_it_is_written(browser: TestClient, settings_file: Path):
    settings = shown(browser)
    assert set(settings) == set(NAMES)
    assert settings["profile"]["origin"] == "option --profile"
    assert settings["postgres_host"]["origin"] == "settings.toml, line 1"
    assert settings["bucket"] == {
        "name": "bucket", "value": "my-lake", "origin": "settings.toml [docker], line 11", "is_secret": False,
    }  # fmt: skip
    assert settings["ping_url"]["origin"] == "variable TAXI_PING_URL"
    assert settings["bigquery_token"]["origin"] == ".env, line 1"
    assert settings["batch_months"] == {
        "name": "batch_months", "value": "108", "origin": "default", "is_secret": False,
    }  # fmt: skip


def test_no_secret_is_on_the_page_or_in_its_document(visitor: TestClient, site: Site, settings_file: Path):
    password = site.settings.postgres.password.get_secret_value()
    texts = [visitor.get(path).text for path in ("/operate", "/api/operate")]
    for text in texts:
        for secret in (password, "tok-en-of-bigquery", "secret-check", "lo-gin", "secret-path", "pass-of-source"):
            assert secret not in text
    settings = shown(visitor)
    names = ("postgres_password", "bigquery_token", "ping_url", "otlp_endpoint", "alert_urls")
    assert {settings[name]["value"] for name in names} == {"***"}
    assert settings["source"]["value"] == "https://***@tlc.example/files"
    assert settings["postgres_url"]["value"] == ""


def test_what_may_be_a_secret_is_masked_even_if_nothing_else_knows_it_for_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(masking, "_secrets", set())
    text = str(shown_settings(settings))
    for secret in ("tok-en-of-bigquery", "secret-check", "lo-gin", "secret-path"):
        assert secret not in text
    password = next(one for one in shown_settings(settings) if one.name == "postgres_password")
    assert (password.value, password.is_secret) == ("***", True)


def test_a_missing_tick_and_a_pause_come_first(browser: TestClient, ledger: Ledger, connection: psycopg.Connection):
    ledger.ticks.finish(ledger.ticks.start(), "nothing", ["green 2024-03"])
    connection.execute("update taxi_ledger.ticks set started_at = now() - interval '3 days'")
    text = browser.get("/operate").text
    assert text.index("no tick since") < text.index("<h2")
    ledger.ticks.pause("ada", "<b>moving</b>")
    text = browser.get("/operate").text
    assert text.index("paused since") < text.index("<h2")
    assert "&lt;b&gt;moving" in text
    assert "no tick since" not in text
    assert "orchestrate.py resume" in text


def test_the_last_20_ticks_are_there_and_the_next_is_a_usual_gap_later(
    browser: TestClient, ledger: Ledger, connection: psycopg.Connection
):
    for number in range(25):
        tick = ledger.ticks.start()
        ledger.ticks.finish(tick, "failed" if number == 24 else "nothing", ["green 2024-03"], error="no <answer>")
    connection.execute("update taxi_ledger.ticks set started_at = now() - (26 - tick_number) * interval '10 minutes'")
    page = browser.get("/api/operate").json()
    assert len(page["ticks"]) == 20
    assert (page["ticks"][0]["outcome"], page["ticks"][0]["checked"]) == ("failed", 1)
    assert page["schedule"]["usual"] == "10 min"
    gap = datetime.fromisoformat(page["schedule"]["next_at"]) - datetime.fromisoformat(page["schedule"]["last_at"])
    assert gap == timedelta(minutes=10)
    assert "no &lt;answer&gt;" in browser.get("/operate").text


def test_who_holds_the_lease_is_named_with_a_link_to_its_run(browser: TestClient, ledger: Ledger):
    assert "No run is in progress" in browser.get("/operate").text
    run = ledger.runs.start("orchestrate.py run --months 2024-03", "docker", "/tlc")
    text = browser.get("/operate").text
    assert f'<a href="/runs/{run}">' in text
    assert "orchestrate.py run --months 2024-03" in text
    ledger.runs.finish("done")


def test_open_alerts_come_first_and_those_that_were_not_delivered_say_why(browser: TestClient, ledger: Ledger):
    trouble = Trouble("month green 2024-03", "failed", "green 2024-03", "no <parquet>", "look", datetime.now(UTC))
    ledger.alerts.judge(lambda: ([trouble], []))
    (claimed,) = ledger.alerts.claim()
    ledger.alerts.sent(claimed, [], {"hash": "address 1 refused: 404"})
    text = browser.get("/operate").text
    assert text.index("1 alert is open") < text.index("<h2")
    assert "✕ not delivered</span>: address 1 refused: 404" in text
    assert "no &lt;parquet&gt;" in text
    ledger.alerts.judge(lambda: ([], []))
    text = browser.get("/operate").text
    assert "alert is open" not in text
    assert "✓ over" in text


def test_requests_are_there_with_what_came_of_them(browser: TestClient, ledger: Ledger):
    number = ledger.requests.add("tick", "ada (page)", {})
    ledger.requests.finish(number, "failed", "no answer <b>")
    text = browser.get("/operate").text
    assert f'<a href="/requests/{number}">{number}</a> tick' in text
    assert "no answer &lt;b&gt;" in text


def test_the_folders_of_state_dir_are_counted_with_the_largest_first(browser: TestClient, site: Site):
    state = site.settings.run.state_dir
    for folder, size in (("small", 10), ("large/deep", 1000)):
        (state / folder).mkdir(parents=True)
        (state / folder / "file").write_bytes(b"x" * size)
    (state / "runs" / "20200101T000000-aaaa").mkdir(parents=True)
    (state / "loop").symlink_to(state)
    disk = browser.get("/api/operate").json()["disk"]
    found = {one["name"]: (one["bytes"], one["files"], one["is_whole"]) for one in disk["folders"]}
    assert found["large"] == (1000, 1, True)
    assert found["small"] == (10, 1, True)
    assert "loop" not in found
    assert disk["folders"][0]["name"] == "large"
    assert disk["old_runs"] == 1


def test_counting_ends_in_time_and_says_that_there_is_more(
    browser: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(disk_use, "SECONDS", -1)
    (site.settings.run.state_dir / "runs").mkdir(parents=True)
    assert {one["is_whole"] for one in browser.get("/api/operate").json()["disk"]["folders"]} == {False}
    assert "at least" in browser.get("/operate").text


def test_a_test_of_the_alerts_shows_what_the_command_prints(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """The process is the real one, with settings that name no address."""
    for name in ("TAXI_ALERT_URLS", "TAXI_POSTGRES_PASSWORD", "TAXI_SOURCE", "TAXI_PING_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TAXI_STATE_DIR", str(tmp_path / "other"))
    answer = browser.post("/alerts/test")
    assert answer.status_code == 200
    assert "✕ The test of the alerts failed." in answer.text
    assert "The setting alert_urls names no address" in answer.text


def test_what_a_test_of_the_alerts_prints_is_escaped_and_masked(
    browser: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
):
    password = site.settings.postgres.password.get_secret_value()
    done = subprocess.CompletedProcess([], 0, f"✓ address 1 <b>{password}</b>\n", "")
    monkeypatch.setattr(Requesting, "_command", lambda *_: done)
    answer = browser.post("/alerts/test")
    assert "Every address took the test message" in answer.text
    assert "✓ address 1 &lt;b&gt;" in answer.text
    assert password not in answer.text
    document = browser.post("/api/alerts/test").json()
    assert document["is_delivered"] is True


def test_only_one_test_of_the_alerts_is_under_way(site: Site):
    with requesting._testing, pytest.raises(TaxiError, match="under way"):
        Requesting(site.settings, site.reader.dsn).test_alerts()


def test_who_has_not_signed_in_sends_no_test(visitor: TestClient):
    assert visitor.post("/alerts/test", headers={"origin": ADDRESS}).status_code == 403
    assert "/alerts/test" not in visitor.get("/operate").text


def test_the_page_is_small_and_takes_few_statements(
    browser: TestClient, large_ledger: str, counted: Callable[[], list[str]]
):
    before = len(counted())
    answer = browser.get("/operate")
    assert answer.status_code == 200
    assert len(answer.content) < 100_000
    assert 5 < len(counted()) - before <= 25


def test_no_two_pages_mean_different_things_by_one_name():
    """The OpenAPI document has one schema by each name."""
    schemas: dict[str, Any] = {}
    for page in PAGES:
        schema = schema_of(page.returns)
        found = {**schema.pop("$defs", {}), page.returns.__name__: schema}
        for name, one in found.items():
            assert schemas.setdefault(name, one) == one, f"{page.name}: {name}"
    assert openapi.document(PAGES, ())["components"]["schemas"].keys() >= schemas.keys()


def test_the_page_of_a_new_line_has_neither_ticks_nor_alerts(browser: TestClient, ledger: Ledger):
    text = browser.get("/operate").text
    assert "No tick has ever come" in text
    assert "No alert is open" in text
    with run_of(ledger):
        pass
    assert browser.get("/operate").status_code == 200
