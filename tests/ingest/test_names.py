"""No name of a file's column can meet a name of ours: whatever it is called, it lands, and is measured as any other."""

import string
from datetime import date, datetime

import pyarrow as pa
import pytest

from ingest.datasets import FHV, GREEN
from ingest.names import raw_name, raw_names
from tests.ingest.conftest import Stores
from tests.ingest.hostile_names import HOSTILE


def test_columns_of_every_hostile_name_land_with_their_values_and_are_measured_alike_everywhere(stores: Stores):
    hostile, innocent = date(1998, 1, 1), date(1998, 2, 1)
    pickups = {"pickup_datetime": pa.array([datetime(1998, 1, 5)] * 3, pa.timestamp("us"))}
    columns = {name: pa.array([number, None, number + 1]) for number, name in enumerate(HOSTILE)}
    paths = {
        hostile: stores.write(hostile, {**pickups, **columns}, FHV),
        innocent: stores.write(innocent, pickups, FHV),
    }
    files = {month: stores.land(month, path, FHV) for month, path in paths.items()}
    for store, held in stores.held_everywhere(paths, FHV).items():
        for month, file in files.items():
            assert (held[month].rows, held[month].differing_columns(file)) == (3, []), store
    names = raw_names(HOSTILE, taken=[column.name for column in FHV.columns])
    row = dict(zip(names.values(), range(len(names)), strict=True))
    selected = ", ".join(f'"{name}"' for name in row)
    (first, _, third) = stores.query(
        f"select {selected} from taxi_raw.fhv_tripdata where file_month = '1998-01-01' order by row_number"
    )
    numbers = [HOSTILE.index(name) for name in names]
    # A column may be text by now, as another test landed a text under its name.
    assert ([*map(int, first)], [*map(int, third)]) == (numbers, [number + 1 for number in numbers])


def test_a_text_column_named_as_one_of_ours_breaks_no_query(stores: Stores):
    month = date(1998, 3, 1)
    columns = {name: pa.array(["a", None]) for name in ("trips", "cents", "r0", "counted", "measured")}
    pickups = pa.array([datetime(1998, 3, 5)] * 2, pa.timestamp("us"))
    path = stores.write(month, {"lpep_pickup_datetime": pickups, **columns}, GREEN)
    file = stores.land(month, path, GREEN)
    for store, held in stores.held_everywhere([month], GREEN).items():
        assert (held[month].rows, held[month].differing_columns(file)) == (2, []), store


def test_a_raw_name_is_one_that_both_warehouses_take():
    allowed = set(string.ascii_lowercase + string.digits + "_")
    for name in raw_names(HOSTILE, taken=()).values():
        assert set(name) <= allowed, name
        assert name[0] in string.ascii_lowercase, name
        assert 0 < len(name) <= 63, name


def test_raw_names_do_not_depend_on_the_order_of_the_columns():
    assert raw_names(HOSTILE, taken=["a"]) == raw_names(HOSTILE[::-1], taken=["a"])
    assert raw_names(["newFee", "New Fee"], ()) == {"New Fee": "new_fee", "newFee": "new_fee_2"}
    assert raw_names(["newFee", "new_fee"], ()) == {"new_fee": "new_fee", "newFee": "new_fee_2"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("New Fee", "new_fee"), ("newFee2", "new_fee2"), ("2ndStop", "column_2nd_stop"), ("Überfee", "uberfee"),
     ("", "unnamed"), ("row_number", "row_number"), ("__index_level_0__", "index_level_0")],
)  # fmt: skip
def test_names_are_in_snake_case(name: str, expected: str):
    assert raw_name(name) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("日本", "中国"), ("fee_日本", "fee_中国"), ("x" * 299 + "a", "x" * 299 + "b"), ("%", "$"), ("", "%")],
)
def test_names_that_differ_in_what_is_lost_never_share_a_column_of_two_months(one: str, other: str):
    assert raw_name(one) != raw_name(other)
