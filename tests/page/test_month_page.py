"""The page of a month says where its rows went, why and since when."""

from starlette.testclient import TestClient

from orchestration.ledger.ledger import Ledger
from tests.page.conftest import finish, run_of


def test_months_answers_over_a_ledger_of_one_done_month(visitor: TestClient, ledger: Ledger):
    with run_of(ledger):
        finish(ledger)
    page = visitor.get("/")
    assert page.status_code == 200
    assert "Every month: 1 of 1 done" in page.text
