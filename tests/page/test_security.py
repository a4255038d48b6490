"""Nobody but the user can have the page change something, and nothing that it is sent or shows can harm it."""

import re
import time

import pytest
from starlette.testclient import TestClient

from orchestration.ledger.ledger import Ledger
from orchestration.page.app import application
from orchestration.page.pages import PAGES
from orchestration.page.security import MOST_BODY_BYTES, MOST_QUERY_BYTES, Token
from orchestration.page.site import Site
from tests.page.conftest import ADDRESS, GREEN, run_of

HOSTILE = "<script>alert(1)</script>'\"; drop table taxi_ledger.months; --"
POSTS = (
    "/runs",
    "/alerts/test",
    "/ticks",
    "/months/green/2024-03/retry",
    "/runs/20261130T015359-1f2e/cancel",
    "/api/ticks",
    "/api/runs",
)


@pytest.mark.parametrize("path", POSTS)
def test_what_changes_something_is_refused_to_a_browser_that_has_not_signed_in(visitor: TestClient, path: str) -> None:
    answer = visitor.post(path, headers={"origin": ADDRESS})
    assert answer.status_code == 403
    assert "page --link" in answer.text


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:6790", "https://localhost:6789", None]
)
def test_another_site_cannot_use_the_users_session(site: Site, path: str, origin: str | None) -> None:
    browser = TestClient(application(site), ADDRESS, cookies={"taxi_session": site.token.session})
    assert browser.post(path, headers={"origin": origin} if origin else {}).status_code == 403


def test_another_site_can_link_to_a_page_but_not_have_it_make_plans(browser: TestClient) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    image = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert browser.get("/", headers=link).status_code == 200
    assert browser.get("/plan?datasets=green", headers=link).status_code == 403
    assert browser.get("/", headers=image).status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:6789", "localhost", "localhost:6790", "127.0.0.1.evil.example:6789", ""]
)
def test_a_name_that_somebody_else_pointed_at_this_machine_is_refused(browser: TestClient, host: str) -> None:
    assert browser.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:6789", "127.0.0.1:6789", "[::1]:6789", "LOCALHOST:6789"])
def test_the_page_answers_to_the_names_of_this_machine(browser: TestClient, host: str) -> None:
    assert browser.get("/health", headers={"host": host}).status_code == 200


def test_a_link_signs_in_one_browser_once(site: Site, visitor: TestClient) -> None:
    key = site.token.new_key()
    first, second = visitor.get(f"/enter?key={key}"), visitor.get(f"/enter?key={key}")
    assert (first.status_code, second.status_code) == (303, 403)
    cookie = first.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert site.token.read() not in cookie


def test_a_link_is_good_for_an_hour(site: Site, visitor: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    key = site.token.new_key()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    assert visitor.get(f"/enter?key={key}").status_code == 403


def test_a_link_is_used_up_though_the_page_starts_again(site: Site, visitor: TestClient) -> None:
    key = site.token.new_key()
    assert Token(site.settings.run.state_dir).use_key(key)
    assert visitor.get(f"/enter?key={key}").status_code == 403


def test_a_token_file_that_is_empty_lets_nobody_in(site: Site, browser: TestClient) -> None:
    session = site.token.session
    site.token.path.write_text("")
    answers = [
        browser.post("/ticks", headers={"authorization": "Bearer "}),
        browser.post("/ticks", headers={"authorization": f"Bearer {session}"}),
    ]
    assert all(answer.status_code >= 400 for answer in answers)
    assert "holds no secret" in answers[0].text


@pytest.mark.parametrize("key", ["", "a", "a.é", "1.2.3", "99999999999.x.", HOSTILE, "٣.x.y"])
def test_a_key_that_nobody_made_signs_nobody_in(visitor: TestClient, key: str) -> None:
    answer = visitor.get("/enter", params={"key": key})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_program_needs_the_token_and_no_origin(site: Site, visitor: TestClient) -> None:
    wrong = visitor.post("/api/runs/20261130T015359-1f2e/cancel", headers={"authorization": "Bearer wrong"})
    right = visitor.post(
        "/api/runs/20261130T015359-1f2e/cancel", headers={"authorization": f"Bearer {site.token.read()}"}
    )
    assert (wrong.status_code, right.status_code) == (403, 409)
    assert "is not in progress" in right.json()["error"]


def test_only_its_owner_can_read_the_token(site: Site) -> None:
    site.token.read()
    assert site.token.path.stat().st_mode & 0o077 == 0
    assert site.token.path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "path",
    [
        "/static/../security.py",
        "/static/..%2fsecurity.py",
        "/static/%2e%2e/%2e%2e/settings.py",
        "/static//etc/passwd",
        "/months/green/..%2f..",
        "/months/green/2024-13",
        "/months/blue/2024-03",
        f"/months/green/{HOSTILE}",
        f"/requests/{HOSTILE}",
        "/requests/0",
        "/requests/99999999999999999999",
        "/nothing",
        "/months/green/2024-03%00",
    ],
)
def test_a_path_to_nothing_is_not_found_and_leads_nowhere_else(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code in (400, 404)
    assert "<script>alert" not in answer.text
    assert "import" not in answer.text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_hostile_value_in_any_query_is_refused(browser: TestClient, page) -> None:
    path = page.path.format(**{one.name: one.example for one in page.parameters if one.is_in_path})
    for one in page.parameters:
        if not one.is_in_path:
            answer = browser.get(path, params={one.name: HOSTILE})
            assert answer.status_code == 400, one.name
            assert "<script>alert" not in answer.text


def test_what_is_too_long_is_refused(browser: TestClient) -> None:
    assert browser.get("/plan", params={"months": "2024-01," * (MOST_QUERY_BYTES // 4)}).status_code == 414
    assert browser.post("/runs", content=b"plan=" + b"a" * MOST_BODY_BYTES).status_code == 413
    assert browser.post("/runs", content=(b"a" * 1000 for _ in range(100))).status_code == 413


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"plan=../../etc/passwd"),
        ("application/x-www-form-urlencoded", b"plan=0123456789ab%0a"),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"plan=0123456789ab&more=1"),
        ("application/json", b'{"plan": 1}'),
        ("application/json", b"[]"),
        ("application/json", b"{" * 5000),
        ("application/json", b'{"plan": "0123456789AB"}'),
        ("text/plain", b"plan"),
    ],
)
def test_a_body_that_is_not_what_it_should_be_is_refused(browser: TestClient, kind: str, body: bytes) -> None:
    assert browser.post("/runs", content=body, headers={"content-type": kind}).status_code == 400


def test_a_plan_that_was_never_shown_is_refused(browser: TestClient) -> None:
    answer = browser.post("/runs", data={"plan": "0123456789ab"})
    assert answer.status_code == 400
    assert "is no plan that was shown here" in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"])
def test_other_methods_are_refused(browser: TestClient, method: str) -> None:
    assert browser.request(method, "/").status_code == 405


def test_an_error_of_the_ledger_is_shown_as_text(ledger: Ledger, browser: TestClient) -> None:
    with run_of(ledger, "failed", HOSTILE):
        ledger.months.landing_began(GREEN)
        ledger.months.landing_failed(GREEN, HOSTILE)
    text = browser.get("/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text


@pytest.mark.parametrize("path", ["/", "/plan", "/nothing", "/api/months", "/static/style.css", "/enter"])
def test_every_answer_forbids_scripts_of_others_and_frames(visitor: TestClient, path: str) -> None:
    headers = visitor.get(path).headers
    policy = headers["content-security-policy"]
    assert {"default-src 'self'", "frame-ancestors 'none'"} <= {part.strip() for part in policy.split(";")}
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "page", [one for one in PAGES if not any(p.is_in_path for p in one.parameters)], ids=lambda p: p.name
)
def test_no_page_holds_a_script_or_a_style_of_its_own(browser: TestClient, page) -> None:
    text = browser.get(page.path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
