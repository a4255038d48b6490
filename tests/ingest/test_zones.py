"""The zone lookup: all 265 zones, their names as text, or an error that says which are wrong."""

from pathlib import Path

import pytest

from ingest.errors import BadFileError
from ingest.zones import ZONE_SCHEMA, read_zone_lookup

HEADER = '"LocationID","Borough","Zone","service_zone"'
# Names as TLC's two editions have them, and those that readers of csv like to turn into nulls.
SPECIAL = {
    1: ("EWR", "Newark Airport", "EWR"),
    2: ("Queens", "", "Boro Zone"),
    3: ("null", "NaN", "None"),
    264: ("Unknown", "NV", "N/A"),
    265: ("NA", "Outside of NYC", "N/A"),
}


def lines(ids=range(1, 266), quote='"', header=HEADER):
    rows = [(str(number), *SPECIAL.get(number, ("Bronx", f"Zone {number}", "Boro Zone"))) for number in ids]
    quoted = [[value if at == 0 else f"{quote}{value}{quote}" for at, value in enumerate(row)] for row in rows]
    return [header, *(",".join(row) for row in quoted)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "taxi_zone_lookup.csv"


@pytest.mark.parametrize("quote", ['"', ""], ids=["quoted", "unquoted"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"], ids=["plain", "bom"])
@pytest.mark.parametrize("last", ["", "\n\n"], ids=["", "blank lines"])
def test_names_stay_text_in_every_form_of_csv(path, quote, ending, encoding, last):
    path.write_bytes((ending.join(lines(quote=quote)) + last.replace("\n", ending)).encode(encoding))
    table = read_zone_lookup(path)
    assert table.schema == ZONE_SCHEMA
    rows = {row.pop("location_id"): tuple(row.values()) for row in table.to_pylist()}
    assert list(rows) == list(range(1, 266))
    assert {number: rows[number] for number in SPECIAL} == SPECIAL
    assert all(column.null_count == 0 for column in table.columns)


def test_rows_come_in_the_order_of_their_ids(path):
    path.write_text("\n".join(lines(ids=reversed(range(1, 266)))))
    assert read_zone_lookup(path)["location_id"].to_pylist() == list(range(1, 266))


@pytest.mark.parametrize("header", ["location_id,BOROUGH,zone,Service Zone", "LocationID, Borough, Zone, service_zone"])
def test_the_header_may_be_spelt_otherwise(path, header):
    path.write_text("\n".join(lines(header=header)))
    assert read_zone_lookup(path).num_rows == 265


def test_columns_are_found_by_name_and_others_ignored(path):
    rows = [line.split(",") for line in lines(quote="")]
    path.write_text("\n".join(",".join([row[2], "x", row[0], row[3], row[1]]) for row in rows))
    assert read_zone_lookup(path)["zone"][0].as_py() == "Newark Airport"


@pytest.mark.parametrize(
    ("ids", "fault"),
    [
        ([*range(1, 57), *range(58, 266)], "lacks 57"),
        ([*range(1, 266), 56, 103, 103], "has more than once 56, 103"),
        ([*range(1, 267), 999], "has besides TLC's 1 to 265 266, 999"),
        ([0, *range(2, 266)], "lacks 1; has besides TLC's 1 to 265 0"),
        ([], "lacks 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 255 more"),
    ],
    ids=["missing", "twice", "unknown", "zero", "none"],
)
def test_wrong_ids_are_named_with_the_file(path, ids, fault):
    path.write_text("\n".join(lines(ids=ids)))
    with pytest.raises(BadFileError) as raised:
        read_zone_lookup(path)
    assert raised.value.what == f"The zone lookup {path} {fault}"
    assert raised.value.next_step


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "has no column location_id, borough, zone, service_zone"),
        (b"LocationID,Borough,Zone\n1,EWR,Newark Airport\n", "has no column service_zone"),
        ("\n".join([*lines()[:5], "5,Staten Island"]).encode(), "Line 6 of .* has 2 values, not 4"),
        ("\n".join([*lines()[:5], "five,a,b,c"]).encode(), "Line 6 of .*'five' is no zone id"),
        ("\n".join([*lines()[:5], "-5,a,b,c"]).encode(), "Line 6 of .*'-5' is no zone id"),
        ("\n".join([*lines()[:5], '5,"a,b,c']).encode(), "unexpected end of data"),
        ("\n".join(lines()).encode("utf-16"), "is not UTF-8 text"),
    ],
    ids=["empty", "column", "short line", "word", "negative", "open quote", "utf-16"],
)
def test_what_cannot_be_read_is_named_with_the_file(path, content, fault):
    path.write_bytes(content)
    with pytest.raises(BadFileError, match=fault) as raised:
        read_zone_lookup(path)
    assert str(path) in str(raised.value)


def test_a_lookup_that_is_not_there_is_named(path):
    with pytest.raises(BadFileError, match="cannot be read: No such file"):
        read_zone_lookup(path)
