"""What a run does follows from the source and the ledger alone."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ingest.datasets import FHV, GREEN, YELLOW, declared_fingerprint
from ingest.errors import NotPublishedError, SettingError
from ingest.open_source import open_source
from orchestration.ledger.records import MonthRecord
from orchestration.plan.months import plan_months
from orchestration.plan.reasons import MonthReason
from orchestration.plan.wanted import Request
from synthetic import write_month
from tests.ingest.tlc_server import TlcServer
from tests.planning import TODAY, planned_months, wanted

JANUARY = date(2024, 1, 1)
HERE = "gs://lake, BigQuery project p"


@pytest.fixture
def source(tmp_path: Path):
    write_month(tmp_path, "green", JANUARY, 10)
    write_month(tmp_path, "yellow", date(2023, 12, 1), 10)
    return open_source(tmp_path, cache=tmp_path / "cache")


def record(source, **changes) -> MonthRecord:
    """The ledger's record of green 2024-01, done with the file that the source has."""
    stat = source.stat(GREEN.file_path(JANUARY))
    values = {
        "dataset": "green", "month": JANUARY, "state": "done", "source_etag": stat.etag, "source_length": stat.length,
        "source_sha256": "f", "declared": declared_fingerprint(GREEN), "stores": HERE, "stores_differ": False,
        "undeclared": {}, "rows": 10, "difference": 0,
        "error": None, "updated_at": datetime.now(UTC),
    }  # fmt: skip
    return MonthRecord(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "action", "reason"),
    [
        ({}, "nothing", "done"),
        ({"source_etag": "another"}, "land", "file_changed"),
        ({"source_length": 1}, "land", "file_changed"),
        ({"declared": "older"}, "land", "columns_changed"),
        ({"stores": "gs://other"}, "land", "landed_elsewhere"),
        ({"state": "landed"}, "build", "not_reconciled"),
        ({"state": "landed", "is_built": True}, "reconcile", "not_reconciled"),
        ({"state": "landing"}, "land", "interrupted"),
        ({"state": "landing", "source_etag": None}, "land", "interrupted"),
        ({"state": "failed", "error": "disk full"}, "land", "failed"),
    ],
)
def test_what_the_ledger_says_decides_what_is_done(source, changes: dict, action: str, reason: str):
    [planned] = planned_months(source, [(GREEN, JANUARY)], {("green", JANUARY): record(source, **changes)}, HERE)
    assert (planned.action, planned.reason) == (action, reason)


def test_a_month_that_the_ledger_does_not_know_is_new(source):
    [planned] = planned_months(source, [(GREEN, JANUARY)], {}, HERE)
    assert (planned.action, planned.reason) == ("land", "new")


def test_force_does_again_what_is_done(source):
    [planned] = planned_months(source, [(GREEN, JANUARY)], {("green", JANUARY): record(source)}, HERE, force=True)
    assert (planned.action, planned.reason) == ("land", "forced")


def test_a_month_that_is_not_there_is_unavailable_and_does_not_stop_the_others(source):
    missing, there = planned_months(source, [(YELLOW, JANUARY), (GREEN, JANUARY)], {}, HERE)
    assert missing.action == "unavailable"
    assert isinstance(missing.error, NotPublishedError)
    assert there.action == "land"


def test_a_month_that_has_landed_is_built_though_its_file_is_gone(source):
    landed = record(source, state="landed")
    (Path(source.location) / GREEN.file_path(JANUARY)).unlink()
    [planned] = planned_months(source, [(GREEN, JANUARY)], {("green", JANUARY): landed}, HERE)
    assert planned.action == "build"


def test_what_landed_by_another_declaration_is_wanted_whatever_is_asked_for(source):
    older = record(source, dataset="yellow", month=date(2019, 5, 1), declared="older", state="suspect")
    lost = record(source, dataset="fhv", month=date(2019, 6, 1), declared="older", stores="gs://other")
    found = wanted(source, [GREEN], [JANUARY], are_named=True, records=[older, lost], stores=HERE)
    assert found == [(YELLOW, older.month), (GREEN, JANUARY)]


@pytest.mark.parametrize("state", ["done", "landed", "failed", "suspect"])
def test_what_landed_by_another_declaration_and_is_gone_lands_again_from_the_lake(source, state: str):
    ledger = {("green", JANUARY): record(source, declared="older", state=state)}
    (Path(source.location) / GREEN.file_path(JANUARY)).unlink()
    [planned] = planned_months(source, [(GREEN, JANUARY)], ledger, HERE)
    assert (planned.action, planned.reason, planned.is_gone) == ("land_again", "columns_changed", True)
    [elsewhere] = planned_months(source, [(GREEN, JANUARY)], ledger, "gs://other, BigQuery project p")
    assert elsewhere.action == "unavailable"


def test_what_is_forced_or_accepted_is_what_is_asked_for_alone(source):
    pairs = [(YELLOW, date(2023, 12, 1)), (GREEN, JANUARY)]
    answers = {pair: source.stat(pair[0].file_path(pair[1])) for pair in pairs}
    stat = answers[pairs[0]]
    etag = {"source_etag": stat.etag, "source_length": stat.length}
    older = record(source, dataset="yellow", month=pairs[0][1], declared="older", **etag)
    ledger = {older.key: older, ("green", JANUARY): record(source)}
    request = Request((GREEN,), months=(JANUARY,), force=True, accept=True)
    found = plan_months(pairs, answers, ledger, HERE, request, TODAY)
    assert [(one.reason, one.is_accepted) for one in found] == [("columns_changed", False), ("forced", True)]


class Unlisted:
    """A source of which only the newest month can be asked for, as TLC's is."""

    location = "https://tlc"

    def list_months(self, datasets):
        return None

    def newest_months(self, dataset, count, today):
        return [date(2026, 9, 1)]


def test_a_backfill_that_broke_off_is_wanted_until_it_is_done(source):
    begun = [
        record(source, state="landing"),
        record(source, month=date(2023, 1, 1)),
        record(source, dataset="fhv", state="failed"),
    ]
    found = wanted(Unlisted(), [GREEN], [], are_named=True, records=begun)
    assert found == [(GREEN, JANUARY), (GREEN, date(2026, 9, 1))]


def test_a_month_before_the_first_or_in_the_future_is_explained(source):
    early, late = planned_months(source, [(FHV, date(2009, 1, 1)), (GREEN, date(2999, 1, 1))], {}, HERE)
    assert "the first month of fhv is 2015-01" in str(early.error)
    assert "2999-01" in str(late.error)


def test_without_months_all_that_a_folder_holds_is_wanted_in_the_order_of_time(source):
    assert wanted(source, [GREEN, YELLOW]) == [(YELLOW, date(2023, 12, 1)), (GREEN, JANUARY)]


@pytest.mark.parametrize("are_named", [True, False], ids=["option", "setting"])
@pytest.mark.parametrize("months", [[], [JANUARY, date(2023, 12, 1)]])
def test_nothing_of_a_data_set_is_wanted_that_was_not_chosen(source, months: list[date], are_named: bool):
    waiting = [record(source, state="landed"), record(source, dataset="yellow", state="landed")]
    found = wanted(source, [GREEN], months, are_named=are_named, records=waiting)
    assert {dataset for dataset, _ in found} == {GREEN}
    assert (GREEN, JANUARY) in found


def test_named_months_are_wanted_of_every_named_data_set(source):
    months = [JANUARY, date(2024, 2, 1)]
    found = wanted(source, [GREEN, YELLOW], months, are_named=True)
    assert found == [(YELLOW, months[0]), (GREEN, months[0]), (YELLOW, months[1]), (GREEN, months[1])]


def test_named_months_without_data_sets_are_those_that_the_folder_holds(source):
    found = wanted(source, [GREEN, YELLOW], [JANUARY], are_named=False)
    assert found == [(GREEN, JANUARY)]
    nowhere = wanted(source, [GREEN, YELLOW], [date(2024, 2, 1)], are_named=False)
    assert nowhere == [(YELLOW, date(2024, 2, 1)), (GREEN, date(2024, 2, 1))]


def test_a_folder_without_months_is_refused(tmp_path: Path):
    (tmp_path / "trip-data").mkdir()
    empty = open_source(tmp_path, cache=tmp_path / "cache")
    with pytest.raises(SettingError, match="holds no month"):
        wanted(empty, [GREEN], [], are_named=False)


def test_a_month_that_landed_from_here_and_is_gone_is_named_and_is_no_error_unless_it_was_asked_for(source):
    file = Path(source.location) / GREEN.file_path(JANUARY)
    done = record(source, source_name=str(file))
    elsewhere = record(
        source, month=date(2023, 11, 1), source_name="https://tlc/trip-data/green_tripdata_2023-11.parquet"
    )
    file.unlink()
    ledger = {("green", JANUARY): done, ("green", elsewhere.month): elsewhere}
    found = wanted(source, [GREEN, YELLOW], records=ledger.values())
    assert found == [(YELLOW, date(2023, 12, 1)), (GREEN, JANUARY)]
    _, gone = planned_months(source, found, ledger, HERE, is_named=False)
    assert (gone.action, gone.is_gone, gone.error) == ("nothing", True, None)
    assert gone.reason is MonthReason.GONE
    write_month(Path(source.location), "yellow", JANUARY, 10)
    named = wanted(source, [GREEN, YELLOW], [JANUARY], are_named=False, records=ledger.values())
    assert named == [(YELLOW, JANUARY), (GREEN, JANUARY)]
    (asked_for,) = planned_months(source, [(GREEN, JANUARY)], ledger, HERE)
    assert (asked_for.action, asked_for.is_gone) == ("unavailable", True)
    assert isinstance(asked_for.error, NotPublishedError)


def test_a_web_server_is_asked_for_the_months_of_the_ledger_that_are_as_new_as_its_newest(source, tmp_path: Path):
    server = TlcServer()
    for month in (date(2023, 12, 1), date(2024, 2, 1)):
        server.files[f"/{GREEN.file_path(month)}"] = b"PAR1"
    web = open_source(f"{server.url.replace('://', '://user:secret@')}/", cache=tmp_path, tries=1, base_delay=0.01)

    def landed(month: date, **changes) -> MonthRecord:
        return record(source, month=month, source_name=f"{server.url}/{GREEN.file_path(month)}", **changes)

    records = [landed(date(2023, 11, 1)), landed(JANUARY), landed(date(2022, 1, 1), state="failed")]
    ledger = {("green", one.month): one for one in records}
    try:
        found = wanted(web, [GREEN], [], 2, date(2024, 3, 9), are_named=True, records=records)
        planned = planned_months(web, found, ledger, HERE, is_named=False)
    finally:
        server.shutdown()
        server.server_close()
    assert [(str(one), one.action, one.is_gone) for one in planned] == [
        ("green 2022-01", "nothing", True),
        ("green 2023-12", "land", False),
        ("green 2024-01", "nothing", True),
        ("green 2024-02", "land", False),
    ]


def test_a_folder_of_csv_alone_comes_with_its_conversion(tmp_path: Path):
    (tmp_path / "trip-data").mkdir()
    (tmp_path / "trip-data/green_tripdata_2019-10.csv.gz").touch()
    folder = open_source(tmp_path, cache=tmp_path / "cache")
    with pytest.raises(SettingError, match=r"CSV is not taken: 1 name is not taken") as raised:
        wanted(folder, [GREEN], [], are_named=False)
    assert "trip-data/green_tripdata_2019-10.parquet" in raised.value.next_step


@pytest.fixture
def web(source, tmp_path: Path):
    """The same files on a web server, which answers 403 for what it does not have, as TLC's does."""
    server = TlcServer()
    path = GREEN.file_path(JANUARY)
    server.files[f"/{path}"] = (tmp_path / path).read_bytes()
    yield server
    server.shutdown()
    server.server_close()


def test_a_month_that_landed_before_and_is_refused_is_called_neither_unpublished_nor_gone(source, web, tmp_path):
    web.files.pop(f"/{GREEN.file_path(JANUARY)}")
    mirror = open_source(web.url, cache=tmp_path / "cache", base_delay=0.01)
    ledger = {("green", JANUARY): record(source)}
    both = [(GREEN, JANUARY), (GREEN, date(2024, 2, 1))]
    known, new = planned_months(mirror, both, ledger, HERE)
    assert known.action == "unavailable"
    assert known.reason is MonthReason.REFUSED
    assert "green 2024-01 landed before, and the source does not give its file now: it answers 403" in str(known.error)
    assert f"{web.url}/{GREEN.file_path(JANUARY)}" in str(known.error)
    assert new.reason == "not_published"
    known, _ = planned_months(mirror, both, ledger, HERE, is_named=False)
    assert (known.action, known.reason, known.error) == ("nothing", MonthReason.REFUSED, None)
    web.missing = 404
    known, _ = planned_months(mirror, both, ledger, HERE, is_named=False)
    assert (known.action, known.reason) == ("nothing", MonthReason.GONE)
