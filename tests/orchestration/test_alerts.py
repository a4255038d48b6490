"""An episode of trouble is told of once, whoever looks, until it is over; tried against a web server that takes it."""

import importlib.util
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import psycopg
import pytest

from ingest.errors import SettingError
from orchestration.alerts.addresses import Address, addresses_of, send
from orchestration.alerts.watch import try_addresses, watch
from orchestration.ledger.ledger import Ledger
from orchestration.settings import Settings, load_settings
from tests.orchestration.alert_receiver import Receiver, receiving

GREEN = ("green", date(2024, 3, 1))


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def of(*addresses: str) -> Settings:
        file = tmp_path / "settings.toml"
        file.write_text(f"alert_urls = {list(addresses)}")
        return load_settings({"profile": "docker"}, file)

    return of


@pytest.fixture
def ledger(connection: psycopg.Connection) -> Ledger:
    """Of a run that has ended."""
    ledger = Ledger(connection)
    ledger.runs.start("orchestrate.py", "docker", "")
    ledger.runs.finish("done")
    return ledger


def fail(ledger: Ledger, month: tuple[str, date] = GREEN, error: str = "it is no parquet file") -> None:
    ledger.months.landing_failed(month, error)


def mend(connection: psycopg.Connection) -> None:
    connection.execute("update taxi_ledger.months set state = 'done', error = null")


def a_day_later(connection: psycopg.Connection) -> None:
    connection.execute("update taxi_ledger.alerts set last_sent_at = last_sent_at - interval '1 day'")


def titles(receiver: Receiver) -> list[str]:
    return [message["title"].partition(": ")[2] for message in receiver.messages]


def test_an_episode_is_told_of_once_reminded_of_daily_and_ends_with_a_recovery(
    ledger: Ledger, connection: psycopg.Connection, receiver: Receiver, settings: Callable[..., Settings]
):
    configured = settings(receiver.address)
    fail(ledger)
    assert [watch(ledger, configured), watch(ledger, configured)] == [[], []]
    fail(ledger, error="it is still none")
    watch(ledger, configured)
    assert titles(receiver) == ["1 new"]
    text = receiver.messages[0]["message"]
    assert "green 2024-03: failed: it is no parquet file" in text
    assert "Next: python orchestrate.py explain green 2024-03" in text
    a_day_later(connection)
    watch(ledger, configured)
    watch(ledger, configured)
    assert titles(receiver) == ["1 new", "1 still open"]
    assert "it is still none" in receiver.messages[1]["message"]
    mend(connection)
    watch(ledger, configured)
    watch(ledger, configured)
    a_day_later(connection)
    watch(ledger, configured)
    assert titles(receiver) == ["1 new", "1 still open", "1 over"]
    fail(ledger)
    watch(ledger, configured)
    assert titles(receiver)[3:] == ["1 new"], "the next failure is a new episode"


def test_trouble_of_one_moment_is_one_notification(
    ledger: Ledger, receiver: Receiver, settings: Callable[..., Settings]
):
    for month in range(1, 13):
        fail(ledger, ("green", date(2024, month, 1)))
    watch(ledger, settings(receiver.address))
    assert titles(receiver) == ["12 new"]


def test_a_month_that_is_tried_again_meanwhile_is_not_over(
    ledger: Ledger, receiver: Receiver, settings: Callable[..., Settings]
):
    configured = settings(receiver.address)
    fail(ledger)
    watch(ledger, configured)
    ledger.months.landing_began(GREEN)
    watch(ledger, configured)
    fail(ledger)
    watch(ledger, configured)
    assert titles(receiver) == ["1 new"]


def test_processes_that_look_at_once_send_once(
    ledger: Ledger, dsn: str, receiver: Receiver, settings: Callable[..., Settings]
):
    configured, together = settings(receiver.address), threading.Barrier(4)
    fail(ledger)

    def look(_: int) -> list[str]:
        with psycopg.connect(dsn, autocommit=True) as connection:
            own = Ledger(connection)
            together.wait(20)
            return watch(own, configured)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(look, range(4))) == [[]] * 4
    assert titles(receiver) == ["1 new"]
    assert len(ledger.alerts.shown()) == 1


def test_an_address_that_refuses_is_tried_again_and_the_others_hear_nothing_twice(
    ledger: Ledger, receiver: Receiver, other_receiver: Receiver, settings: Callable[..., Settings]
):
    configured = settings(receiver.address, other_receiver.address)
    other_receiver.status = 500
    fail(ledger)
    (error,) = watch(ledger, configured)
    assert error.startswith("address 2 (json://***): ")
    assert "secret-token" not in error
    assert ledger.alerts.shown()[0].delivery_error == error
    assert ledger.alerts.shown()[0].last_sent_at is None
    assert len(watch(ledger, configured)) == 1
    other_receiver.status = 200
    assert watch(ledger, configured) == []
    assert (titles(receiver), titles(other_receiver)) == (["1 new"], ["1 new"])
    assert ledger.alerts.shown()[0].delivery_error is None


def test_what_nobody_heard_of_needs_no_recovery(
    ledger: Ledger, connection: psycopg.Connection, receiver: Receiver, settings: Callable[..., Settings]
):
    receiver.status = 500
    fail(ledger)
    watch(ledger, settings(receiver.address))
    receiver.status = 200
    mend(connection)
    assert watch(ledger, settings(receiver.address)) == []
    assert receiver.messages == []


def test_without_an_address_episodes_are_kept_and_the_first_address_hears_of_what_is_open(
    ledger: Ledger, receiver: Receiver, settings: Callable[..., Settings]
):
    fail(ledger)
    watch(ledger, settings())
    (alert,) = ledger.alerts.shown()
    assert (alert.subject, alert.sent_count) == ("green 2024-03", 0)
    watch(ledger, settings(receiver.address))
    assert titles(receiver) == ["1 new"]


def test_what_a_killed_process_did_not_send_another_sends(
    ledger: Ledger, connection: psycopg.Connection, receiver: Receiver, settings: Callable[..., Settings]
):
    fail(ledger)
    watch(ledger, settings())
    assert len(ledger.alerts.claim()) == 1
    watch(ledger, settings(receiver.address))
    assert receiver.messages == []
    connection.execute("update taxi_ledger.alerts set claimed_until = claimed_until - interval '5 minutes'")
    watch(ledger, settings(receiver.address))
    assert titles(receiver) == ["1 new"]


def test_what_closes_while_it_is_being_sent_still_ends_with_a_recovery(
    ledger: Ledger, connection: psycopg.Connection, receiver: Receiver, settings: Callable[..., Settings]
):
    fail(ledger)
    watch(ledger, settings())
    (claimed,) = ledger.alerts.claim()
    mend(connection)
    watch(ledger, settings())
    ledger.alerts.sent(claimed, [], {})
    watch(ledger, settings(receiver.address))
    assert titles(receiver) == ["1 over"]


def add_run(connection: psycopg.Connection, run_id: str, minutes: int, datasets: str, outcome: str = "done") -> None:
    connection.execute(
        "insert into taxi_ledger.runs (run_id, command, profile, source, versions, started_at, finished_at, outcome)"
        " values (%s, '', 'docker', '', '{}', now() - %s * interval '1 minute', now(), %s)",
        (run_id, minutes, outcome),
    )
    for month, dataset in enumerate(datasets.split(), start=1):
        connection.execute(
            "insert into taxi_ledger.steps (run_id, step, subject) values (%s, 'ingest', %s)",
            (run_id, f"{dataset} 2024-0{month}"),
        )


def test_a_run_is_compared_with_those_that_landed_as_many_months_of_the_same_data_sets(
    ledger: Ledger, connection: psycopg.Connection, receiver: Receiver, settings: Callable[..., Settings]
):
    for number in range(7):
        add_run(connection, f"like-{number}", 10 + number, "yellow green")
        add_run(connection, f"smaller-{number}", 1, "green")
        add_run(connection, f"failed-{number}", 1, "green yellow", "failed")
    add_run(connection, "newest", 27, "green yellow")
    add_run(connection, "nothing-to-do", 1, "")
    newest = ledger.runs.newest_and_like()
    assert newest is not None
    assert newest.run_id == "newest"
    assert [round(seconds / 60) for seconds in newest.before] == [16, 15, 14, 13, 12, 11, 10]
    watch(ledger, settings(receiver.address))
    assert (
        "- run newest: took 27 min; the 7 runs like it before took 13 min (median)" in receiver.messages[0]["message"]
    )


def test_ticks_that_stopped_are_told_of_unless_the_line_is_paused(
    ledger: Ledger, connection: psycopg.Connection, receiver: Receiver, settings: Callable[..., Settings]
):
    for hours in range(12, 5, -1):
        connection.execute(
            "insert into taxi_ledger.ticks (started_at) values (clock_timestamp() - %s * interval '1 hour')", (hours,)
        )
    ledger.ticks.pause("somebody", "moving house")
    watch(ledger, settings(receiver.address))
    assert receiver.messages == []
    ledger.ticks.resume("somebody")
    watch(ledger, settings(receiver.address))
    ledger.ticks.start()
    watch(ledger, settings(receiver.address))
    assert titles(receiver) == ["1 new", "1 over"]
    assert "- ticks: no tick since " in receiver.messages[0]["message"]


def test_an_address_that_hangs_is_given_up_and_holds_no_other_up(receiver: Receiver, other_receiver: Receiver):
    receiver.release.clear()
    slow, quick = Address(1, receiver.address), Address(2, other_receiver.address)
    assert set(send([(slow, "title", "text"), (quick, "title", "text")])) == {slow.hash}
    assert len(other_receiver.messages) == 1
    errors = send([(slow, "title", "text")], seconds=0.5)
    assert errors == {slow.hash: "address 1 (json://***): it did not take the message within 0.5 s"}


def test_the_test_names_the_address_that_fails_and_none_of_its_secrets(
    receiver: Receiver, settings: Callable[..., Settings]
):
    tried = try_addresses(settings(receiver.address, "nonsense://user:hidden-password@there"))
    assert tried[0][1] is None
    assert tried[1][1] == "address 2 (nonsense://***): apprise does not know such an address"
    assert receiver.messages[0]["title"].endswith(": a test")
    with pytest.raises(SettingError, match="alert_urls names no address"):
        try_addresses(settings())


def test_without_the_package_the_setting_and_the_remedy_are_named(
    monkeypatch: pytest.MonkeyPatch, settings: Callable[..., Settings]
):
    monkeypatch.setattr("orchestration.alerts.addresses.find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"alert_urls needs the package apprise.*requirements/alerts\.txt"):
        addresses_of(settings("json://127.0.0.1/x").alerts)
    assert addresses_of(settings().alerts) == []
    assert importlib.util.find_spec("apprise"), "the tests need it"


def test_addresses_come_as_a_list_or_in_a_line_and_a_wrong_one_is_not_shown(tmp_path: Path, monkeypatch):
    file = tmp_path / "settings.toml"
    monkeypatch.setenv("TAXI_ALERT_URLS", "json://a/?to=x,y, slack://b\nntfy://c")
    urls = load_settings({"profile": "docker"}, file).alerts.urls
    assert [url.get_secret_value() for url in urls] == ["json://a/?to=x,y", "slack://b", "ntfy://c"]
    monkeypatch.setenv("TAXI_ALERT_URLS", "hidden-token")
    with pytest.raises(SettingError, match="alert_urls in variable TAXI_ALERT_URLS: write addresses") as caught:
        load_settings({"profile": "docker"}, file)
    assert "hidden-token" not in str(caught.value)
