"""The pages of runs say what each does or did, whether that is normal, and what failed before anything else."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest
from starlette.testclient import TestClient

from common.masking import hide
from orchestration.ledger.ledger import Ledger
from orchestration.page.facts.gantt import LEFT, gantt
from orchestration.page.rendering import STATIC
from orchestration.page.site import Site
from tests.page.conftest import GREEN, finish, land, run_of

HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(2)>"
APRIL = ("green", date(2024, 4, 1))


@pytest.fixture
def failed_run(ledger: Ledger) -> str:
    """A run in which one month was done and another failed."""
    with run_of(ledger, "failed", f"green 2024-04: {HOSTILE}") as run:
        finish(ledger)
        with pytest.raises(ValueError, match="script"), ledger.runs.step("ingest", "green 2024-04"):
            raise ValueError(HOSTILE)
        ledger.months.landing_failed(APRIL, f"no parquet {HOSTILE}")
    return run


def folder_of(site: Site, run: str) -> Path:
    folder = site.settings.run.state_dir / "runs" / run
    folder.mkdir(parents=True)
    return folder


def note(folder: Path, step: str, subject: str, message: str) -> None:
    document = {"at": "2026-01-01T00:00:00", "level": "info", "step": step, "subject": subject, "message": message}
    with (folder / "run.jsonl").open("a") as file:
        file.write(json.dumps(document) + "\n")


def test_what_failed_comes_first_with_a_button_for_each_month(browser: TestClient, failed_run: str):
    text = browser.get(f"/runs/{failed_run}").text
    failure = text.index("no parquet")
    assert failure < min(text.index(what) for what in ("<h2", "<svg", "<table", "Began"))
    assert 'action="/months/green/2024-04/retry"' in text
    assert 'action="/months/green/2024-03/retry"' not in text


def test_a_month_that_was_done_since_has_no_button(browser: TestClient, ledger: Ledger, failed_run: str):
    with run_of(ledger):
        finish(ledger, APRIL)
    page = browser.get(f"/runs/{failed_run}")
    assert "no parquet" in page.text
    assert "/retry" not in page.text


def test_html_in_errors_is_escaped(browser: TestClient, failed_run: str):
    for path in (f"/runs/{failed_run}", "/runs"):
        text = browser.get(path).text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_an_error_of_the_run_itself_is_told_beside_months_that_failed(browser: TestClient, ledger: Ledger):
    with run_of(ledger, "failed", "Lost the connection to Postgres") as run:
        ledger.months.landing_failed(GREEN, "no parquet")
    failures = browser.get(f"/api/runs/{run}").json()["failures"]
    assert [one["sentence"] for one in failures] == ["Lost the connection to Postgres", "no parquet"]


def test_a_step_that_took_more_than_twice_as_long_as_usual_is_marked(
    browser: TestClient, ledger: Ledger, connection: psycopg.Connection
):
    for _ in range(4):
        with run_of(ledger) as run:
            land(ledger)
    connection.execute(
        "update taxi_ledger.steps set milliseconds = case when run_id = %s then 60000 else 10000 end", [run]
    )
    (step,) = browser.get(f"/api/runs/{run}").json()["steps"]
    assert (step["seconds"], step["usual_seconds"], step["is_slow"]) == (60, 10, True)
    assert '<span class="warn">! 1 min (10 s)' in browser.get(f"/runs/{run}").text


def test_the_chart_and_the_table_have_the_same_steps(browser: TestClient, failed_run: str):
    text = browser.get(f"/runs/{failed_run}").text
    document = browser.get(f"/api/runs/{failed_run}").json()
    bars = re.findall(r'<rect class="(done|failed)"[^>]*><title>([^<]*)</title>', text)
    assert [outcome for outcome, _ in bars] == [one["outcome"] for one in document["steps"]] == ["done", "failed"]
    assert bars[0][1].startswith("ingest green 2024-03: done, ")


class Timed:
    def __init__(self, step: str, offset: float, seconds: float | None, usual: float | None = None):
        self.step, self.offset, self.seconds, self.usual_seconds = step, offset, seconds, usual


def test_bars_are_as_long_as_their_steps_and_begin_when_they_did():
    chart = gantt([Timed("prepare", 0, 25, 50), Timed("ingest", 50, 50), Timed("ingest", 100, None)], 100)
    whole = 960 - LEFT
    assert [(bar.x, bar.width) for bar in chart.bars] == [
        (LEFT, whole / 4), (LEFT + whole / 2, whole / 2), (LEFT + whole, 2),
    ]  # fmt: skip
    assert chart.bars[0].usual == whole / 2
    assert [lane.name for lane in chart.lanes] == ["prepare", "ingest"]
    assert [tick.seconds for tick in chart.ticks] == [0, 15, 30, 45, 60, 75, 90]


@pytest.mark.parametrize("seconds", [0, 0.5, 59, 3600, 10**6, 10**8])
def test_a_chart_has_few_ticks_however_long_the_run(seconds: float):
    assert 1 <= len(gantt([Timed("prepare", 0, seconds)], seconds).ticks) <= 20


def test_an_open_run_refreshes_itself_can_be_cancelled_and_says_how_far_dbt_is(
    browser: TestClient, site: Site, ledger: Ledger
):
    run = ledger.runs.start("orchestrate.py run", "docker", "/tlc")
    land(ledger)
    folder = folder_of(site, run)
    log = folder / "dbt_postgres_2024-03" / "dbt.log"
    log.parent.mkdir()
    log.write_text(
        "1 [info ] [Thread-2 (]: 1 of 1 START hook: taxi.on-run-start.0 [RUN]\n"
        "1 [info ] [Thread-2 (]: 1 of 408 START sql view model a [RUN]\n"
        "1 [info ] [Thread-2 (]: 1 of 408 OK created sql view model a [CREATE VIEW in 0.29s]\n"
        "1 [info ] [Thread-3 (]: 2 of 408 START sql view model b [RUN]\n"
    )
    note(folder, "dbt on postgres", "2024-03", "waiting 15 s for dbt on postgres")
    log_file = log.relative_to(site.settings.run.state_dir).as_posix()
    with ledger.runs.step("dbt on postgres", "2024-03", log_file=log_file):
        text = browser.get(f"/runs/{run}").text
        progress = browser.get(f"/api/runs/{run}").json()["progress"]
    assert f'hx-get="/runs/{run}" hx-trigger="every 2s" hx-select="#live"' in text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in text
    assert f'action="/runs/{run}/cancel"' in text
    assert '"includeIndicatorStyles": false, "allowEval": false' in text
    assert "It is in progress: dbt on postgres 2024-03." in text
    assert "waiting 15 s for dbt on postgres" in text
    (working,) = progress["working"]
    assert (working["done"], working["nodes"], progress["rows"]) == (1, 408, 2000)
    ledger.runs.finish("done")
    ended = browser.get(f"/runs/{run}").text
    assert not any(what in ended for what in ("hx-get", "htmx", "http-equiv", "/cancel"))


def test_a_run_whose_process_is_gone_says_so_and_does_not_refresh_itself(
    browser: TestClient, ledger: Ledger, connection: psycopg.Connection
):
    run = ledger.runs.start("orchestrate.py run", "docker", "/tlc")
    connection.execute("update taxi_ledger.lease set is_free = true")
    text = browser.get(f"/runs/{run}").text
    assert "It broke off: its process is gone." in text
    assert "hx-get" not in text


def test_the_log_of_a_step_is_its_last_200_lines_without_secrets_and_folds_tracebacks(
    browser: TestClient, site: Site, failed_run: str
):
    hide("hunter2hunter2")
    folder = folder_of(site, failed_run)
    for number in range(300):
        note(folder, "ingest", "green 2024-04", f"line {number} of https://me:hunter2hunter2@host <b>")
    note(folder, "prepare", "", "another step")
    (folder / "green_2024-04.traceback.txt").write_text("Traceback of hunter2hunter2\n  in land")
    text = browser.get(f"/runs/{failed_run}", params={"step": "green 2024-04"}).text
    assert "line 299 of https://me:***@host &lt;b&gt;" in text
    assert "line 100 of" in text
    assert "line 99 of" not in text
    assert "another step" not in text
    assert "hunter2" not in text
    assert '<details><summary>green_2024-04.traceback.txt</summary><pre tabindex="0">Traceback of ***' in text


def test_a_log_of_long_lines_leaves_the_page_small(browser: TestClient, site: Site, failed_run: str):
    folder = folder_of(site, failed_run)
    for _ in range(300):
        note(folder, "ingest", "green 2024-04", "broken " * 3000)
    answer = browser.get(f"/runs/{failed_run}", params={"step": "ingest"})
    assert len(answer.content) < 100_000
    assert "its last" in answer.text


def test_a_run_of_hundreds_of_steps_shows_each_that_failed(browser: TestClient, ledger: Ledger):
    with run_of(ledger, "failed") as run:
        for number in range(300):
            try:
                with ledger.runs.step("ingest", f"green 20{10 + number // 12}-{1 + number % 12:02d}"):
                    if number in (3, 150):
                        raise ValueError("no space")
            except ValueError:
                pass
    answer, document = browser.get(f"/runs/{run}"), browser.get(f"/api/runs/{run}").json()
    assert [one["subject"] for one in document["steps"] if one["outcome"] == "failed"] == [
        "green 2010-04",
        "green 2022-07",
    ]
    assert (len(document["steps"]), document["steps_in_all"]) == (80, 300)
    assert "80 of 300 steps" in answer.text
    assert len(answer.content) < 100_000


def test_who_began_a_run_and_with_which_code_is_there_and_its_secrets_are_not(browser: TestClient, ledger: Ledger):
    hide("hunter2hunter2")
    ledger.runs.start(
        "orchestrate.py run --source https://me:hunter2hunter2@host", "docker", "https://me:hunter2hunter2@host",
        started_by="ada", host="mill", git_commit="ab" * 20, is_dirty=True,
    )  # fmt: skip
    run = ledger.run_id
    ledger.runs.finish("done")
    text = browser.get(f"/runs/{run}").text
    assert "ada on mill, trigger hand" in text
    assert "abababab" in text
    assert "with changes" in text
    assert "dbt-core 1." in text
    assert "hunter2" not in text + browser.get(f"/api/runs/{run}").text


def test_runs_are_paged_and_filtered_by_how_they_ended(browser: TestClient, large_ledger: str):
    first = browser.get("/api/runs").json()
    assert (len(first["runs"]), first["counts"]) == (50, {"done": 4500, "failed": 500})
    assert first["runs"][0]["run"] == large_ledger
    second = browser.get("/api/runs", params={"before": first["older"]}).json()
    assert second["runs"][0]["number"] == first["runs"][-1]["number"] - 1
    failed = browser.get("/api/runs", params={"outcome": "failed", "before": first["older"]}).json()
    assert {one["outcome"] for one in failed["runs"]} == {"failed"}
    text = browser.get("/runs", params={"outcome": "failed"}).text
    assert re.search(r"/runs\?before=[0-9]+&amp;outcome=failed", text)


def test_the_last_page_of_runs_has_no_older_one(browser: TestClient, failed_run: str):
    assert browser.get("/api/runs").json()["older"] is None
    assert "Older runs" not in browser.get("/runs").text


@pytest.mark.parametrize("path", ["/runs", "/runs?outcome=failed", "/runs/{run}", "/months/green/2024-03"])
def test_pages_over_5000_runs_and_612_months_are_small_and_take_few_statements(
    browser: TestClient, large_ledger: str, counted: Callable[[], list[str]], path: str
):
    before = len(counted())
    answer = browser.get(path.format(run=large_ledger))
    assert answer.status_code == 200
    assert len(answer.content) < 100_000
    assert len(counted()) - before <= 25


def test_a_run_that_never_was_is_not_found(browser: TestClient, ledger: Ledger):
    assert browser.get("/runs/20261130T021558-ffff").status_code == 404
    assert browser.get("/runs/last").status_code == 404


def test_htmx_is_the_release_that_its_readme_names():
    folder = STATIC / "vendor"
    (sha256,) = re.findall(r"`htmx.min.js` .*`([0-9a-f]{64})`", (folder / "README.md").read_text(encoding="utf-8"))
    content = (folder / "htmx.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == sha256
    assert b'version:"2.0.10"' in content


def test_usual_is_the_median_of_the_last_ten_that_ended_well(ledger: Ledger, connection: psycopg.Connection):
    with run_of(ledger):
        for _ in range(13):
            with ledger.runs.step("prepare"):
                pass
    connection.execute(
        "update taxi_ledger.steps set milliseconds = 1000 * step_number,"
        " outcome = case when step_number = 13 then 'failed' else outcome end"
    )
    assert ledger.runs.usual_seconds() == {"prepare": 7.5}
