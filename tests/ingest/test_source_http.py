"""Files over http, from a server on loopback that fails in the ways of real ones."""

import hashlib
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from strange_answers import alternating
from tlc_server import TlcServer, cut_after, page, parquet_like, serving, status

from ingest.datasets import GREEN, YELLOW, ZONE_LOOKUP_PATH
from ingest.errors import BadFileError, NotPublishedError, SettingError, SourceError, TaxiError
from ingest.open_source import open_source
from ingest.pace import Pace
from ingest.source import FileStat, Source, SourceDownError

JANUARY = GREEN.file_path(date(2024, 1, 1))
URL = f"/{JANUARY}"
BODY = parquet_like(3_000_000)
ETAG = f'"{hashlib.md5(BODY).hexdigest()}"'
HALF = 1_507_328


@pytest.fixture
def server() -> Iterator[TlcServer]:
    server = TlcServer()
    server.files[URL] = BODY
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(server: TlcServer, tmp_path: Path) -> Callable[..., Source]:
    def opened(**options: Any) -> Source:
        return open_source(server.url, cache=tmp_path / "cache", **{"base_delay": 0.01, "tries": 4, **options})

    return opened


def files_in(folder: Path) -> set[str]:
    return {file.name for file in folder.rglob("*") if file.is_file() and file.suffix != ".lock"}


def test_a_file_comes_whole_with_its_version_and_hash(server, opened, tmp_path):
    fetched = opened().fetch(JANUARY)
    assert fetched.path.read_bytes() == BODY
    assert fetched.sha256 == hashlib.sha256(BODY).hexdigest()
    assert fetched.stat == FileStat(
        url=f"{server.url}{URL}",
        etag=ETAG,
        length=3_000_000,
        modified="2024-02-05T10:00:00+00:00",
    )
    assert files_in(tmp_path) == {"green_tripdata_2024-01.parquet", "green_tripdata_2024-01.parquet.json"}


def test_what_is_in_the_cache_is_not_fetched_again(server, opened):
    first = opened().fetch(JANUARY)
    assert opened().fetch(JANUARY) == first
    assert server.count("GET", URL) == 1


def test_a_forgotten_file_leaves_the_cache_and_is_fetched_again(server, opened, tmp_path):
    opened().forget(JANUARY)  # there is none yet
    opened().fetch(JANUARY)
    opened().forget(JANUARY)
    assert files_in(tmp_path) == set()
    assert opened().fetch(JANUARY).path.read_bytes() == BODY
    assert server.count("GET", URL) == 2


@pytest.mark.parametrize("damaged", [BODY[:-1], b"", BODY[:100] + b"x" + BODY[101:]], ids=["short", "empty", "altered"])
def test_a_damaged_file_in_the_cache_is_noticed_and_fetched_again(opened, damaged):
    opened().fetch(JANUARY).path.write_bytes(damaged)
    assert opened().fetch(JANUARY).path.read_bytes() == BODY


def test_a_republished_file_replaces_the_one_in_the_cache(server, opened):
    opened().fetch(JANUARY)
    server.files[URL] = parquet_like(3_000_000, seed=1)
    assert opened().fetch(JANUARY).path.read_bytes() == server.files[URL]


def test_a_connection_cut_half_way_is_taken_up_where_it_broke(server, opened):
    server.then("GET", URL, cut_after(HALF), cut_after(HALF // 2))
    assert opened().fetch(JANUARY).path.read_bytes() == BODY
    assert server.ranges(URL) == ["", "bytes=1507328-", "bytes=2260992-"]
    assert {headers["If-Range"] for headers in server.headers if "Range" in headers} == {ETAG}


def test_tries_are_counted_anew_after_each_bit_of_progress(server, opened):
    server.then("GET", URL, *[cut_after(300_000)] * 8)
    assert opened(tries=2).fetch(JANUARY).path.read_bytes() == BODY


def test_a_source_that_dies_half_way_leaves_no_file_and_the_next_run_goes_on(server, opened, tmp_path):
    server.then("GET", URL, cut_after(HALF))
    with pytest.raises(SourceError, match=r"broke off after 1,507,328 of 3,000,000 bytes.*next run goes on"):
        opened(tries=1).fetch(JANUARY)
    assert "green_tripdata_2024-01.parquet" not in files_in(tmp_path)
    assert opened().fetch(JANUARY).path.read_bytes() == BODY
    assert server.ranges(URL) == ["", "bytes=1507328-"]


def test_a_server_without_ranges_sends_it_all_again(server, opened):
    server.knows_ranges = False
    server.then("GET", URL, cut_after(HALF))
    assert opened().fetch(JANUARY).path.read_bytes() == BODY
    assert server.ranges(URL) == ["", "bytes=1507328-"]


def test_a_part_of_an_older_version_is_thrown_away(server, opened):
    server.then("GET", URL, cut_after(HALF))
    with pytest.raises(SourceError):
        opened(tries=1).fetch(JANUARY)
    server.files[URL] = parquet_like(2_000_000, seed=1)
    assert opened().fetch(JANUARY).path.read_bytes() == server.files[URL]
    assert server.ranges(URL) == ["", ""]


def test_a_complete_part_needs_no_more_than_its_name(server, opened, tmp_path):
    fetched = opened().fetch(JANUARY)
    fetched.path.rename(f"{fetched.path}.part")
    Path(f"{fetched.path}.json").rename(f"{fetched.path}.part.json")
    assert opened().fetch(JANUARY) == fetched
    assert server.count("GET", URL) == 1


def test_a_range_that_the_server_cannot_give_starts_over(server, opened):
    server.then("GET", URL, cut_after(HALF), status(416))
    assert opened().fetch(JANUARY).path.read_bytes() == BODY
    assert server.ranges(URL) == ["", "bytes=1507328-", ""]


def test_a_file_that_changes_before_it_is_sent_comes_in_its_new_version(server, opened):
    new = parquet_like(3_000_000, seed=1)
    server.then("HEAD", URL, serving(BODY))
    server.files[URL] = new
    assert opened().fetch(JANUARY).path.read_bytes() == new


def test_a_file_that_changes_while_it_is_sent_comes_in_its_new_version(server, opened):
    new = parquet_like(3_000_000, seed=1)
    server.then("HEAD", URL, serving(BODY))
    server.then("GET", URL, serving(BODY))
    server.files[URL] = new
    fetched = opened().fetch(JANUARY)
    assert fetched.path.read_bytes() == new
    assert fetched.stat.etag == f'"{hashlib.md5(new).hexdigest()}"'


def test_an_old_version_that_a_stale_edge_of_the_cdn_sends_is_not_taken_for_the_new(server, opened):
    server.then("GET", URL, serving(parquet_like(3_000_000, seed=1)))
    assert opened().fetch(JANUARY).path.read_bytes() == BODY


def test_an_old_version_that_a_stale_edge_sends_each_time_is_not_kept_as_the_new(server, opened):
    old = parquet_like(3_000_000, seed=1)
    server.then("GET", URL, *[serving(old)] * 2)
    stale = opened().fetch(JANUARY)
    assert stale.path.read_bytes() == old
    assert stale.stat.etag == f'"{hashlib.md5(old).hexdigest()}"'
    assert opened().fetch(JANUARY).path.read_bytes() == BODY


def test_two_etags_of_one_file_are_remembered(server, opened):
    for method in ("HEAD", "GET"):
        server.always[method, URL] = alternating('"a"', '"b"')
    opened().fetch(JANUARY)
    came = server.count("GET", URL)
    for _ in range(5):
        opened().fetch(JANUARY)
        opened().stat(JANUARY)  # so that the next one has its turn
    assert server.count("GET", URL) == came


def test_a_length_that_is_not_the_announced_one_is_an_error_and_leaves_nothing(server, opened, tmp_path):
    shorter = [lambda handler, body: handler.send(200, body[:-10], {"ETag": ETAG})] * 4
    server.then("GET", URL, *shorter)
    with pytest.raises(BadFileError, match=r"is cut short \(2,999,990 bytes"):
        opened().fetch(JANUARY)
    assert server.count("GET", URL) == 2
    assert files_in(tmp_path) == set()


def test_a_web_page_under_the_name_of_a_parquet_file_is_named_and_not_kept(server, opened, tmp_path):
    server.then("GET", URL, page)
    server.then("HEAD", URL, status(200, Content_Length="23", ETag='"page"'), page)
    server.then("GET", URL, page)
    with pytest.raises(SourceError, match=f"{server.url}{URL} is a web page, sent as text/html"):
        opened().fetch(JANUARY)
    assert files_in(tmp_path) == set()


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", "empty"), (BODY[:-4], "cut short"), (b"VendorID," * 9, "not parquet"), (b"PAR1PAR1", "cut short")],
    ids=["empty", "truncated", "csv", "ends only"],
)
def test_a_whole_download_that_is_not_parquet_is_named_and_not_kept(server, opened, tmp_path, body, kind):
    server.files[URL] = body
    with pytest.raises(BadFileError, match=rf"green_tripdata_2024-01.parquet is {kind} \("):
        opened().fetch(JANUARY)
    assert files_in(tmp_path) == set()


def test_a_web_page_instead_of_the_zone_lookup_is_an_error(server, opened):
    server.files[f"/{ZONE_LOOKUP_PATH}"] = b"<html>"
    with pytest.raises(BadFileError, match=r"taxi_zone_lookup\.csv is a web page"):
        opened().fetch(ZONE_LOOKUP_PATH)


def test_two_server_errors_are_waited_out(server, opened):
    server.then("HEAD", URL, status(500))
    server.then("GET", URL, status(502))
    assert opened().fetch(JANUARY).path.read_bytes() == BODY


def test_lasting_server_errors_end_after_the_configured_tries(server, opened):
    for method in ("HEAD", "GET"):
        server.then(method, URL, *[status(500)] * 9)
    with pytest.raises(SourceError, match=r"green_tripdata_2024-01.parquet cannot be read: the server answers 500"):
        opened(tries=3).stat(JANUARY)
    assert server.count("HEAD", URL) == 3


def test_pauses_double():
    from ingest.retry import RetryPolicy

    longest = [max(RetryPolicy().pause(failures) for _ in range(200)) for failures in range(1, 9)]
    assert longest == pytest.approx([1, 2, 4, 8, 16, 32, 64, 120], rel=0.05)


def test_retry_after_is_honoured(server, opened):
    server.then("HEAD", URL, status(429, Retry_After="1"))
    began = time.monotonic()
    assert opened().stat(JANUARY).length == 3_000_000
    assert time.monotonic() - began >= 1


def test_a_server_that_asks_for_an_hour_is_not_waited_for(server, opened):
    server.then("HEAD", URL, status(429, Retry_After="3600"))
    with pytest.raises(SourceDownError, match=r"429 .*asks for a pause of 3,600 s"):
        opened().stat(JANUARY)


def test_a_burst_of_403_is_waited_out(server, opened):
    zones = f"/{ZONE_LOOKUP_PATH}"
    server.then("HEAD", URL, status(403), status(403))
    server.then("HEAD", zones, status(403))
    server.then("GET", URL, status(403))
    assert opened().fetch(JANUARY).path.read_bytes() == BODY


def test_a_burst_that_ends_while_we_ask_about_it_does_not_make_a_month_unpublished(server, opened):
    server.then("HEAD", URL, status(403))
    assert opened().stat(JANUARY).length == 3_000_000


@pytest.mark.parametrize("missing", [403, 404])
def test_a_month_that_is_not_there_is_not_published_and_not_asked_for_again(server, opened, tmp_path, missing):
    server.missing = missing
    february = GREEN.file_path(date(2024, 2, 1))
    with pytest.raises(NotPublishedError, match=rf"green 2024-02 is not published.*{server.url}/{february}"):
        opened().fetch(february)
    assert server.count("HEAD", f"/{february}") == 1
    assert server.count("GET", f"/{february}") <= 4
    assert files_in(tmp_path) == set()


def test_403_to_everything_means_that_we_are_blocked(server, opened):
    server.is_blocking = True
    with pytest.raises(SourceDownError, match="answers 403 to everything"):
        opened().stat(JANUARY)
    assert server.count("HEAD", URL) == 4


def test_403_for_one_file_where_others_say_404_is_neither(server, opened):
    del server.files[f"/{ZONE_LOOKUP_PATH}"]
    server.missing = 404
    for method in ("HEAD", "GET"):
        server.then(method, URL, *[status(403)] * 99)
    with pytest.raises(SourceError, match="the server answers 403") as raised:
        opened().stat(JANUARY)
    assert not isinstance(raised.value, NotPublishedError | SourceDownError)


def test_many_files_are_asked_for_at_once_and_each_has_its_own_answer(server, opened):
    february = GREEN.file_path(date(2024, 2, 1))
    answers = opened().stat_many([JANUARY, february, ZONE_LOOKUP_PATH])
    assert answers[JANUARY].length == 3_000_000
    assert isinstance(answers[february], NotPublishedError)
    assert isinstance(answers[ZONE_LOOKUP_PATH], FileStat)


def test_a_source_that_is_down_is_not_asked_for_each_of_many_files(server, opened):
    server.is_blocking = True
    paths = [YELLOW.file_path(date(year, month, 1)) for year in range(2010, 2020) for month in range(1, 13)]
    answers = opened().stat_many(paths, workers=4)
    assert all(isinstance(answer, SourceDownError) for answer in answers.values())
    assert len(answers) == 120
    assert len(server.requests) < 80


def test_nobody_listening_is_an_error_that_says_so(tmp_path):
    server = TlcServer()
    server.shutdown()
    server.server_close()
    source = open_source(server.url, cache=tmp_path, tries=2, base_delay=0.01)
    with pytest.raises(SourceDownError, match=r"cannot be reached: Connection refused"):
        source.stat(JANUARY)


def test_a_server_that_falls_silent_is_given_up(server, opened):
    hold = threading.Event()
    server.then("HEAD", URL, lambda handler, body: hold.wait(10))
    with pytest.raises(SourceDownError, match="no answer in time"):
        opened(tries=1, pace=Pace(0.2)).stat(JANUARY)
    hold.set()


def test_a_server_that_falls_silent_in_the_middle_is_tried_again(server, opened):
    hold = threading.Event()
    server.then("GET", URL, cut_after(HALF, until=hold))
    assert opened(pace=Pace(0.3)).fetch(JANUARY).path.read_bytes() == BODY
    hold.set()
    assert len(server.ranges(URL)) == 2


def test_the_newest_months_are_found_behind_the_unpublished(server, opened):
    for month in range(1, 9):
        server.files[f"/{GREEN.file_path(date(2024, month, 1))}"] = BODY
    newest = opened().newest_months(GREEN, 3, today=date(2024, 10, 20))
    assert newest == [date(2024, 6, 1), date(2024, 7, 1), date(2024, 8, 1)]


def test_newest_months_where_nothing_is_published_is_an_error(server, opened):
    with pytest.raises(NotPublishedError, match=r"has none of the last \d+ months of yellow"):
        opened().newest_months(YELLOW, 3, today=date(2024, 10, 20))


def test_newest_months_stop_at_the_first_month_of_the_data_set(server, opened):
    for month in (date(2013, 12, 1), date(2014, 1, 1)):
        server.files[f"/{GREEN.file_path(month)}"] = BODY
    assert opened().newest_months(GREEN, 3, today=date(2014, 3, 3)) == [date(2014, 1, 1)]


def test_a_web_server_has_no_listing(opened):
    assert opened().list_months([GREEN]) is None


def test_progress_is_told_in_bytes_and_ends_at_the_whole(opened):
    told = []
    opened().fetch(JANUARY, lambda done, whole: told.append((done, whole)))
    assert told[0][0] <= 1 << 20
    assert told == sorted(told)
    assert told[-1] == (3_000_000, 3_000_000)


def test_memory_does_not_grow_with_the_file(server, opened):
    server.files[URL] = bytearray(64 << 20)
    server.files[URL][:4] = server.files[URL][-4:] = b"PAR1"
    source = opened()
    tracemalloc.start()
    source.fetch(JANUARY)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


def test_two_fetches_of_one_file_at_once_end_in_one_whole_file(server, opened):
    fetched = []
    threads = [threading.Thread(target=lambda: fetched.append(opened().fetch(JANUARY))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetched) == 4
    assert fetched[0].path.read_bytes() == BODY


def test_a_base_below_the_root_is_kept_apart_in_the_cache(server, opened, tmp_path):
    server.files[f"/mirror{URL}"] = parquet_like(100, seed=2)
    server.files[f"/mirror/{ZONE_LOOKUP_PATH}"] = b"x"
    below = open_source(f"{server.url}/mirror/", cache=tmp_path / "cache", base_delay=0.01)
    assert below.fetch(JANUARY).path != opened().fetch(JANUARY).path
    assert below.stat(JANUARY).url == f"{server.url}/mirror{URL}"


def test_a_base_cannot_lead_out_of_the_cache(server, tmp_path):
    server.files[f"/../..{URL}"] = server.files[f"/{URL}"] = BODY
    source = open_source(f"{server.url}/../..", cache=tmp_path / "a/b/cache", base_delay=0.01)
    assert source.fetch(JANUARY).path.resolve().is_relative_to(tmp_path / "a/b/cache")


@pytest.mark.parametrize(
    "location", ["https://", "http://host:port", "http:///trip-data", "https://[::1", "http://host:0"]
)
def test_an_address_that_is_none_names_the_setting(tmp_path, location):
    with pytest.raises(SettingError, match="`source`"):
        open_source(location, cache=tmp_path)


class TestSecrets:
    """User, password and query of the base address are used and never shown."""

    def location(self, server: TlcServer) -> str:
        return f"http://me:pa55@127.0.0.1:{server.server_port}/base?sig=s1gned"

    def check(self, text: str) -> None:
        for secret in ("pa55", "s1gned", "me:", "bWU6cGE1NQ"):
            assert secret not in text

    def test_are_used(self, server, tmp_path):
        server.files[f"/base{URL}"] = BODY
        fetched = open_source(self.location(server), cache=tmp_path).fetch(JANUARY)
        assert set(server.queries) == {"sig=s1gned"}
        assert server.headers[0]["Authorization"] == "Basic bWU6cGE1NQ=="
        self.check(repr(fetched))
        for file in tmp_path.rglob("*.json"):
            self.check(f"{file} {file.read_text()}")

    @pytest.mark.parametrize("fault", ["refused", "silent", "blocked", "missing", "broken", "cut", "page", "changed"])
    def test_are_in_no_error_and_no_traceback(self, server, tmp_path, fault):
        path = f"/base{URL}"
        server.files |= {path: BODY, f"/base/{ZONE_LOOKUP_PATH}": b"x"}
        match fault:
            case "refused":
                server.shutdown()
                server.server_close()
            case "silent":
                server.then("HEAD", path, lambda handler, body: time.sleep(0.5))
            case "blocked":
                server.is_blocking = True
            case "missing":
                del server.files[path]
            case "broken":
                server.then("HEAD", path, status(500))
                server.then("GET", path, status(500))
            case "cut":
                server.then("GET", path, cut_after(1_000))
            case "page":
                server.files[path] = b"<html>"
            case "changed":
                server.then("GET", path, serving(b"other"))
        source = open_source(self.location(server), cache=tmp_path, tries=1, pace=Pace(0.2))
        with pytest.raises(TaxiError) as raised:
            source.fetch(JANUARY)
        self.check(source.location)
        self.check("".join(traceback.format_exception(raised.value)))
        causes, cause = [], raised.value
        while cause := cause.__cause__ or cause.__context__:
            causes.append(repr(cause))
        self.check(" ".join(causes))

    def test_of_a_location_that_cannot_be_used_are_not_shown(self, tmp_path):
        for location in (
            "s3://me:pa55@bucket/x",
            "http://me:pa55@host:port/?s1gned",
            "gs://me:pa55@",
            "https://me:pa55@",
        ):
            with pytest.raises(SettingError) as raised:
                open_source(location, cache=tmp_path)
            self.check(str(raised.value))
