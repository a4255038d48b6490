"""The ledger, the plan and the judgement of a suspicious month together, without a build."""

from datetime import date
from pathlib import Path

import psycopg

from ingest.datasets import GREEN, declared_fingerprint
from ingest.open_source import open_source
from ingest.source import Source
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.records import MonthRecord
from orchestration.plan.suspicion import after_build
from tests.months import write
from tests.planning import planned_months

MARCH, STORES = date(2024, 3, 1), "gs://lake, BigQuery project mine"
KEY = ("green", MARCH)
ROWS = 300
RULES = "pickup_missing,pickup_outside_month"


def land(ledger: Ledger, source: Source) -> MonthRecord:
    """What a run records as it lands the month that the source has."""
    fetched = source.fetch(GREEN.file_path(MARCH))
    ledger.months.landing_began(KEY)
    ledger.months.landed(KEY, fetched, declared_fingerprint(GREEN), STORES, {}, ROWS)
    return ledger.months.all()[KEY]


def planned(ledger: Ledger, source: Source, **options: bool) -> tuple[str, str]:
    (month,) = planned_months(source, [(GREEN, MARCH)], ledger.months.all(), STORES, **options)
    return month.action, month.reason


def test_a_month_that_is_mostly_rejected_waits_is_accepted_and_another_edition_is_judged_for_itself(
    connection: psycopg.Connection, tmp_path: Path
):
    write(tmp_path, "green", "2024-03", ROWS)
    source = open_source(tmp_path, cache=tmp_path / "cache")
    ledger = Ledger(connection)
    ledger.runs.start("a test", "local", "nowhere")
    record = land(ledger, source)
    assert after_build(record, ROWS, ROWS // 2, RULES) is None
    error = after_build(record, ROWS, 160, RULES)
    assert error.what == (
        "green 2024-03 waits: 160 of its 300 rows are rejected, most of them by pickup_missing and pickup_outside_month"
    )
    ledger.months.found_suspect(KEY, error.without_the_month, 0, **error.for_the_ledger)
    waiting = ledger.months.all()[KEY]
    assert (waiting.state, waiting.difference, waiting.suspect_sha256) == ("suspect", 0, waiting.source_sha256)
    assert waiting.error == f"waits: {waiting.suspect_why}. {error.next_step}"
    assert planned(ledger, source) == ("wait", "suspect")
    assert planned(ledger, source, is_accepted=True) == ("build", "accepted")

    # What is built of it again, by other rules perhaps, is judged again.
    ledger.months.tables_changed([MARCH])
    assert ledger.months.all()[KEY].state == "landed"

    ledger.months.accepted(KEY, record.source_sha256)
    ledger.months.reconciled(KEY)
    assert planned(ledger, source) == ("nothing", "done")
    assert after_build(ledger.months.all()[KEY], ROWS, 160, RULES) is None, "that edition stays accepted"

    write(tmp_path, "green", "2024-03", ROWS, seed=1)
    assert planned(ledger, source) == ("land", "file_changed")
    assert after_build(land(ledger, source), ROWS, 160, RULES) is not None


def test_the_last_edition_is_not_built_again_because_a_new_one_waits(connection: psycopg.Connection, tmp_path: Path):
    write(tmp_path, "green", "2024-03", ROWS)
    source = open_source(tmp_path, cache=tmp_path / "cache")
    ledger = Ledger(connection)
    ledger.runs.start("a test", "local", "nowhere")
    land(ledger, source)
    ledger.months.reconciled(KEY)
    ledger.months.found_suspect(KEY, "waits", 0, why="no rows", etag="new", length=1, sha256="of the new one")
    ledger.months.tables_changed([MARCH])
    assert ledger.months.all()[KEY].state == "suspect"
    assert planned(ledger, source) == ("build", "former_file")


def test_the_ledger_knows_since_when_a_month_is_gone(connection: psycopg.Connection, tmp_path: Path):
    write(tmp_path, "green", "2024-03", ROWS)
    source = open_source(tmp_path, cache=tmp_path / "cache")
    ledger = Ledger(connection)
    ledger.runs.start("a test", "local", "nowhere")
    assert land(ledger, source).gone_since is None
    ledger.months.gone(KEY, is_gone=True)
    assert ledger.months.all()[KEY].gone_since is not None
    ledger.months.gone(KEY, is_gone=False)
    assert ledger.months.all()[KEY].gone_since is None
