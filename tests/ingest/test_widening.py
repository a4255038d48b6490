"""Columns that nobody declared get wider as months need it, and every month that landed before keeps its values."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import lake, postgres
from ingest.datasets import GREEN, Column
from ingest.errors import BadFileError, StoreError
from ingest.lake_origin import origin_in
from ingest.measure import Measure
from ingest.postgres_connection import connect
from ingest.widening import WrongObjectError, land_again, layout_beside
from tests.ingest.conftest import Stores
from tests.ingest.story import TIME as T
from tests.ingest.story import Story


@pytest.fixture
def story(stores: Stores) -> Story:
    return Story(stores)


def test_a_column_widens_from_integers_to_fractions_to_words_and_old_rows_keep_their_values(story: Story):
    story.land(fee=[1, None], toll=[0, 0])
    story.land(fee=[2, 3])
    assert story.land(fee=[1.25, None], toll=[0.5, 0.75]) == {"fee": "bigint", "toll": "bigint"}
    assert story.values("fee") == [1.0, None, 2.0, 3.0, 1.25, None]
    assert story.values("toll") == [0.0, 0.0, None, None, 0.5, 0.75]
    assert story.land(fee=["free", "07"]) == {"fee": "double"}
    assert story.values("fee") == ["1", None, "2", "3", "1.25", None, "free", "07"]
    assert story.land(fee=[7, 8], at=pa.array([T, None])) == {}
    assert story.values("fee", bigquery=True)[-2:] == ["7", "8"]
    assert story.land(fee=[9, None], at=["noon", "one"]) == {"at": "timestamp"}
    assert story.values("at", bigquery=True)[-4:] == ["1990-01-02 03:04:05", None, "noon", "one"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_of_the_months_changes_no_value(story: Story, order: tuple[int, ...]):
    files = [
        pa.array([1, 10**15]),
        pa.array([0.1, 1e-7, 1e15, 1e22, -0.5]),
        pa.array(["x", "1.50", ""]),
    ]
    for number in order:
        story.land(odd=files[number])
    expected = [["1", "1000000000000000"], ["0.1", "1e-7", "1000000000000000", "1e+22", "-0.5"], ["x", "1.50", ""]]
    assert story.values("odd") == [value for number in order for value in expected[number]]


@pytest.mark.parametrize(
    "nothing", [pa.nulls(2), pa.nulls(2, pa.string()), pa.nulls(2, pa.int64()), pa.array([float("nan"), None])]
)
def test_a_column_without_values_has_no_type_until_a_month_brings_one(story: Story, nothing: pa.Array):
    story.land(late=nothing)
    assert story.type("late") is None
    assert story.land(late=[1.5, 2.5]) == {}
    assert (story.type("late"), story.in_postgres("late")) == ("double", [None, None, 1.5, 2.5])
    assert story.land(late=nothing) == {}
    assert story.values("late") == [None, None, 1.5, 2.5, None, None]


@pytest.mark.parametrize(("values", "kind"), [([1.5, 2.5], "double"), ([T, None], "timestamp"), (["x", ""], "text")])
def test_a_text_column_in_which_no_month_has_a_value_takes_the_type_of_the_first(story: Story, values, kind: str):
    with connect(story.stores.dsn) as connection:  # as columns without values landed in earlier versions
        connection.execute(f"alter table taxi_raw.green_tripdata add column {story.column('late')} text")
    assert story.land(late=pa.array(values)) == ({} if kind == "text" else {"late": "text"})
    assert (story.type("late"), story.values("late")) == (kind, values)
    assert story.land(late=["word", None]) == ({} if kind == "text" else {"late": kind})
    assert story.type("late") == "text"


def test_integers_that_no_double_holds_become_text_rather_than_other_integers(story: Story):
    story.land(before=[2**53 + 1, -5], after=[0.5, 2.0])
    assert story.land(before=[0.5, 2.0], after=[2**53 + 1, -5]) == {"before": "bigint", "after": "double"}
    assert story.values("before") == ["9007199254740993", "-5", "0.5", "2"]
    assert story.values("after") == ["0.5", "2", "9007199254740993", "-5"]


def test_whole_doubles_in_a_column_of_integers_are_integers(story: Story):
    story.land(code=[1, 2])
    assert story.land(code=[3.0, float("nan")]) == {}
    assert story.values("code") == [1, 2, 3, None]


def test_decimals_stay_numbers_as_long_as_a_double_says_the_same(story: Story):
    story.land(fee=[1, 2], wide=[1, 2], whole=[1, 2])
    fees = pa.array([Decimal("1.10"), Decimal("-2.50")], pa.decimal128(38, 18))
    wide = pa.array([Decimal("1.10"), Decimal("12345678901234567.89")])
    assert story.land(fee=fees, wide=wide, whole=pa.array([Decimal(7), None])) == {"fee": "bigint", "wide": "bigint"}
    assert story.values("fee") == [1.0, 2.0, 1.1, -2.5]
    assert story.in_postgres("wide") == ["1", "2", "1.1", "12345678901234567.89"]
    assert story.in_postgres("whole") == [1, 2, 7, None]


def test_times_and_booleans_that_meet_something_else_become_text(story: Story):
    story.land(at=pa.array([T, None]), day=pa.array([T.date(), None]), is_new=[True, None])
    assert (story.type("at"), story.type("day"), story.type("is_new")) == ("timestamp", "timestamp", "text")
    assert story.land(at=["noon", None], day=[5, 6], is_new=[1, 0]) == {"at": "timestamp", "day": "timestamp"}
    assert story.values("at") == ["1990-01-02 03:04:05", None, "noon", None]
    assert story.in_postgres("day") == ["1990-01-02 00:00:00", None, "5", "6"]
    assert story.in_postgres("is_new") == ["true", None, "1", "0"]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.array([2**64 - 1, 1], pa.uint64()), "text", ["18446744073709551615", "1"]),
        (pa.array([2**63 - 1, 1], pa.uint64()), "bigint", [2**63 - 1, 1]),
        (pa.array([1, None], pa.timestamp("ns")), "text", ["1970-01-01 00:00:00.000000001", None]),
        (pa.array([400_000_000_000_000_000], pa.int64()).cast(pa.timestamp("us")), "text", ["14645-06-30 15:06:40"]),
        (pa.array([b"\x00\xff", None]), "text", ["00ff", None]),
        (pa.array([{"a": [1, None]}, None]), "text", ['{"a": [1, null]}', None]),
        (pa.array([0.5, None], pa.float16()), "double", [0.5, None]),
        (pa.array([90_500, None], pa.duration("ms")), "double", [90.5, None]),
    ],
)
def test_a_value_that_its_own_type_cannot_hold_here_lands_as_text(story: Story, values, kind: str, expected: list):
    story.land(odd=values)
    assert (story.type("odd"), story.values("odd")) == (kind, expected)


def test_a_file_that_cannot_land_widens_nothing(story: Story):
    story.land(fee=[1, 2])
    month, path = story.write({"fee": [0.5, 1.5]})
    bad = pq.read_table(path).append_column("trip_distance", pa.array(["1", "far"]))
    pq.write_table(bad, path)
    with connect(story.stores.dsn) as connection, pytest.raises(BadFileError, match="row 2 holds 'far'"):
        layout_beside(connection, path, GREEN)
    assert story.type("fee") == "bigint"
    assert month not in story.files


class TestViews:
    """dbt's staging views, and people's, look at the raw tables."""

    @pytest.fixture(autouse=True)
    def schema(self, stores: Stores):
        with connect(stores.dsn) as connection:
            connection.execute("create schema looking; create role reader")
            yield connection
            connection.rollback()
            connection.execute("drop schema looking cascade; drop role reader")

    def make(self, stores: Stores, *statements: str) -> None:
        with connect(stores.dsn) as connection:
            for statement in statements:
                connection.execute(statement)

    def test_on_everything_keep_their_query_comment_grants_and_dependants(self, story: Story, schema):
        schema.commit()
        story.land(fee=[1, 2])
        self.make(
            story.stores,
            "create view looking.staged with (security_barrier) as"
            " with source as (select * from taxi_raw.green_tripdata) select file_month, row_number from source",
            "create view looking.further as select file_month, count(*) as rows from looking.staged group by 1",
            "comment on view looking.staged is 'as it was'",
            "grant select on looking.staged to reader",
        )
        described = (
            "select oid, reloptions, relacl::text, obj_description(oid), pg_get_viewdef(oid) from pg_class"
            " where relnamespace = 'looking'::regnamespace and relkind = 'v' order by relname"
        )
        before = story.stores.query(described)
        assert story.land(fee=[0.5, 1.5]) == {"fee": "bigint"}
        assert story.stores.query(described) == before
        rows = f"select sum(rows) from looking.further where extract(year from file_month) = {story.year}"
        assert story.stores.query(rows) == [(4,)]

    def test_that_show_the_column_are_named_and_nothing_changes(self, story: Story, schema):
        schema.commit()
        story.land(fee=[1, 2])
        fee = story.column("fee")
        self.make(story.stores, f"create view looking.fees as select {fee} from taxi_raw.green_tripdata")
        with pytest.raises(StoreError, match=rf"cannot take {fee} as double precision: the view looking\.fees"):
            story.land(fee=[0.5, 1.5])
        assert story.type("fee") == "bigint"
        assert story.stores.query(f"select {fee} from looking.fees where {fee} is not null") == [(1,), (2,)]


class TestWhatBrokeOff:
    """Columns are wider already, and a month has yet to follow."""

    @pytest.fixture
    def half(self, story: Story) -> Story:
        story.land(fee=[1, 2])
        with connect(story.stores.dsn) as connection:
            column = story.column("fee")
            connection.execute(f"alter table taxi_raw.green_tripdata alter column {column} type text")
        return story

    def test_is_gone_on_with_from_the_object_as_it_landed(self, half: Story):
        half.follow(date(half.year, 1, 1))
        assert half.values("fee") == ["1", "2"]

    def test_is_gone_on_with_from_an_object_that_was_made_again_and_never_recorded(self, half: Story):
        month = date(half.year, 1, 1)
        recorded, types = half.files[month], half.types[month]
        half.follow(month)
        half.files[month], half.types[month] = recorded, types
        half.follow(month)
        assert half.values("fee") == ["1", "2"]

    @pytest.mark.parametrize("change", ["value", "rows", "missing", "damaged"])
    def test_is_left_alone_where_the_object_is_not_what_landed(self, half: Story, change: str):
        month = date(half.year, 1, 1)
        blob = half.stores.bucket.blob(lake.object_name(GREEN, month))
        path = half.stores.folder / "changed.parquet"
        blob.download_to_filename(path)
        table = pq.read_table(path)
        if change == "value":
            table = table.set_column(
                table.schema.get_field_index("trip_distance"), "trip_distance", pa.array([1.0, 2.0])
            )
        pq.write_table(table.slice(1) if change == "rows" else table, path)
        blob.delete() if change == "missing" else blob.upload_from_filename(path)
        if change == "damaged":
            blob.upload_from_string(b"PAR1 and no more PAR1")
        with pytest.raises(WrongObjectError, match=r"green_tripdata_19\d\d-01\.parquet.*in the lake") as raised:
            half.follow(month)
        assert "lands from the source" in raised.value.next_step
        assert half.in_postgres("fee") == ["1", "2"]
        if change in ("missing", "damaged"):  # the other tests read all objects
            half.stores.to_lake(month, half.write({"fee": [1, 2]})[1], GREEN)


class TestAnotherDeclaration:
    """A declared column of whole doubles is declared bigint, and a column that came undeclared is declared too."""

    @pytest.fixture
    def older(self, story: Story) -> Iterator[Story]:
        """A month that landed by today's declaration, before it changes; the tests of other files land by it too."""
        story.land(fee=[1.0, None], toll=[0.5, 1.5])
        yield story
        with connect(story.stores.dsn) as connection:
            postgres.add_columns(connection, GREEN, GREEN.columns)

    def redeclare(self, story: Story) -> None:
        fee = Column(f"Fee {story.year}", "bigint", "", (story.column("fee"),))
        columns = tuple(replace(one, type="bigint") if one.name == "ehail_fee" else one for one in GREEN.columns)
        story.dataset = replace(GREEN, columns=(*columns, replace(fee, name=f"night_fee_{story.year}")))

    def follow(self, story: Story, recorded: Measure) -> Measure:
        with connect(story.stores.dsn) as connection:
            postgres.add_columns(connection, story.dataset, story.dataset.columns)
            held = postgres.column_types(connection, story.dataset)
        declared = {column.name for column in story.dataset.columns}
        types = {name: kind for name, kind in held.items() if name not in declared}
        arguments = story.dataset, date(story.year, 1, 1), types, recorded, story.stores.folder
        return land_again(story.stores.dsn, story.stores.bucket, *arguments, is_redeclared=True)

    def test_reaches_a_month_from_its_object_once_or_again_where_nobody_recorded_it(self, older: Story):
        month = date(older.year, 1, 1)
        recorded = older.files[month]
        origin = {"source_etag": "e", "source_length": "7", "source_sha256": "ab"}
        blob = older.stores.bucket.get_blob(lake.object_name(GREEN, month))
        blob.metadata = {**blob.metadata, **origin}
        blob.patch()
        self.redeclare(older)
        once = self.follow(older, recorded)
        again = self.follow(older, recorded)
        assert once == again
        assert origin_in(older.stores.bucket, GREEN, month) == origin, "the new object is of the same file"
        assert once.columns[f"night_fee_{older.year}"] == (1, 1, 1)
        assert (once.rows, once.cents) == (recorded.rows, recorded.cents)
        assert set(once.differing_columns(recorded)) == {f"night_fee_{older.year}", older.column("fee")}
        older.files[month] = once
        older.assert_same_everywhere()
