"""What is written: the same rows for the same arguments, TLC's parquet details, a lookup of 265 zones."""

import csv
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import synthetic.files
from synthetic import DEMO_MONTHS, write_demo, write_month, write_zone_lookup
from synthetic.__main__ import app
from synthetic.clock import fall_back, seconds, spring_forward
from synthetic.layouts import FIRST_MONTHS

JANUARY = date(2024, 1, 1)


@pytest.mark.parametrize("dataset", FIRST_MONTHS)
def test_the_same_arguments_give_the_same_rows_and_another_seed_gives_others(tmp_path, dataset):
    first = pq.read_table(write_month(tmp_path / "a", dataset, JANUARY, 3_000, seed=7))
    again = pq.read_table(write_month(tmp_path / "b", dataset, JANUARY, 3_000, seed=7))
    other = pq.read_table(write_month(tmp_path / "c", dataset, JANUARY, 3_000, seed=8))
    assert first.num_rows == 3_000
    assert first.equals(again)
    assert not first.equals(other)


def test_rows_do_not_depend_on_the_size_of_row_groups(tmp_path, monkeypatch):
    whole = pq.read_table(write_month(tmp_path / "a", "yellow", JANUARY, 150_000))
    monkeypatch.setattr(synthetic.files, "ROW_GROUP", 40_000)
    path = write_month(tmp_path / "b", "yellow", JANUARY, 150_000)
    assert pq.ParquetFile(path).metadata.num_row_groups == 4
    assert pq.read_table(path).equals(whole)


@pytest.mark.parametrize(
    ("month", "codec", "version"),
    [("2022-01", "GZIP", "1.0"), ("2023-02", "ZSTD", "1.0"), ("2023-03", "ZSTD", "2.6")],
)
def test_codec_and_format_version_are_those_of_the_months_writer(tmp_path, month, codec, version):
    path = write_month(tmp_path, "green", date.fromisoformat(f"{month}-01"), 300)
    metadata = pq.ParquetFile(path).metadata
    assert path.name == f"green_tripdata_{month}.parquet"
    assert metadata.row_group(0).column(0).compression == codec
    assert metadata.format_version == version


def test_a_failed_write_leaves_no_file_behind(tmp_path, monkeypatch):
    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(synthetic.files, "batches", broken)
    with pytest.raises(OSError, match="disk full"):
        write_month(tmp_path, "fhv", JANUARY, 300)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_a_month_of_no_or_hardly_any_rows_can_be_written(tmp_path, rows):
    assert pq.read_table(write_month(tmp_path, "yellow", JANUARY, rows)).num_rows == rows


def test_the_lookup_has_zones_1_to_265_with_names_that_are_not_unique_and_na_as_text(tmp_path):
    path = write_zone_lookup(tmp_path)
    assert path.read_bytes().startswith(b'"LocationID","Borough","Zone","service_zone"\r\n1,"EWR",')
    with path.open(newline="") as file:
        zones = list(csv.DictReader(file))
    assert [int(zone["LocationID"]) for zone in zones] == list(range(1, 266))
    assert len({zone["Zone"] for zone in zones}) < 265
    assert list(zones[263].values()) == ["264", "Unknown", "N/A", "N/A"]
    assert list(zones[264].values()) == ["265", "N/A", "Outside of NYC", "N/A"]
    assert write_zone_lookup(tmp_path, edition="old").read_text().endswith('265,"Unknown","NA","N/A"\n')


def test_the_demo_has_every_data_set_null_typed_columns_and_text_dates(tmp_path):
    paths = write_demo(tmp_path, rows=300)
    schemas = {path.stem: pq.read_schema(path) for path in paths[:-3]}
    assert len(schemas) == len(DEMO_MONTHS)
    assert {stem.split("_")[0] for stem in schemas} == set(FIRST_MONTHS)
    assert schemas["yellow_tripdata_2009-01"].field("Trip_Pickup_DateTime").type == pa.string()
    assert "__index_level_0__" in schemas["yellow_tripdata_2010-03"].names
    assert schemas["fhvhv_tripdata_2019-02"].field("wav_match_flag").type == pa.null()
    others = ["taxi_zone_lookup.csv", "taxi_zones.zip", "data_reports_monthly.csv"]
    assert [path.name for path in paths[-3:]] == others


def test_the_command_line_says_that_the_data_is_synthetic(tmp_path):
    result = CliRunner().invoke(app, [str(tmp_path), "--dataset", "fhv", "--month", "2024-01", "--rows", "50"])
    assert result.exit_code == 0
    assert "SYNTHETIC" in result.output
    assert (tmp_path / "trip-data" / "fhv_tripdata_2024-01.parquet").exists()


@pytest.mark.parametrize("arguments", [["--dataset", "pink", "--month", "2024-01"], ["--dataset", "fhv"]])
def test_the_command_line_refuses_what_it_cannot_write(tmp_path, arguments):
    assert CliRunner().invoke(app, [str(tmp_path), *arguments]).exit_code != 0


def test_clocks_change_on_the_days_that_they_did():
    assert spring_forward(date(2022, 3, 1)) == seconds(date(2022, 3, 13)) + 7_200
    assert spring_forward(date(2023, 3, 1)) == seconds(date(2023, 3, 12)) + 7_200
    assert fall_back(date(2025, 11, 1)) == seconds(date(2025, 11, 2)) + 7_200
    assert fall_back(JANUARY) is None
