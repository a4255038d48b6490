"""What lies at a source under other names than TLC's is named, and CSV alone comes with its conversion."""

import csv
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingest.conform import conformed_batches, read_layout
from ingest.datasets import GREEN
from ingest.errors import NotPublishedError
from ingest.not_taken import names_not_taken, no_month, sentence
from ingest.open_source import open_source
from tests.months import write


def test_names_that_are_no_month_are_told_each_once():
    paths = [
        *("trip-data/green_tripdata_2020-03.parquet", "trip-data/green_tripdata_2019-10.csv.gz"),
        *("trip-data/green_tripdata_2019-12.PARQUET", "trip-data/Green_tripdata_2020-01.parquet"),
        *("trip-data/green_tripdata_2020-1.parquet", "trip-data/green_tripdata_2020_04.parquet"),
        *("trip-data/green_tripdata_2020-05.parquet/", "trip-data/green_tripdata_2020-06.parquet/part-00000.parquet"),
        *("trip-data/green_tripdata_2020-06.parquet/part-00001.parquet", "trip-data/green_tripdata_9999-12.parquet"),
        *("trip-data/", "trip-data/.DS_Store", "misc/", "misc/taxi_zone_lookup.csv", "README.md", "notes.csv"),
        "green_tripdata_2020-07.parquet",
    ]
    assert names_not_taken(paths) == [
        "green_tripdata_2020-07.parquet",
        "trip-data/Green_tripdata_2020-01.parquet",
        "trip-data/green_tripdata_2019-10.csv.gz",
        "trip-data/green_tripdata_2019-12.PARQUET",
        "trip-data/green_tripdata_2020-05.parquet/",
        "trip-data/green_tripdata_2020-06.parquet/",
        "trip-data/green_tripdata_2020-1.parquet",
        "trip-data/green_tripdata_2020_04.parquet",
        "trip-data/green_tripdata_9999-12.parquet",
    ]


def test_the_sentence_counts_all_and_names_the_first():
    assert sentence("/data", [f"trip-data/{name}" for name in "abcdefg"]) == (
        "7 names are not taken at /data: trip-data/a, trip-data/b, trip-data/c, trip-data/d, trip-data/e, …. "
        "Months are named trip-data/green_tripdata_2024-01.parquet"
    )
    assert sentence("/data", ["a\nb"]).startswith(r"1 name is not taken at /data: 'a\nb'. ")


def test_a_folder_tells_what_it_does_not_take_and_a_folder_of_parts_is_no_month(tmp_path: Path):
    month = write(tmp_path, "green", "2020-03", 10)
    parts = month.with_name("green_tripdata_2020-05.parquet")
    parts.mkdir()
    (parts / "part-00000.parquet").write_bytes(month.read_bytes())
    (tmp_path / "trip-data/green_tripdata_2020-06.parquet").symlink_to(tmp_path / "nowhere")
    (tmp_path / "green_tripdata_2020-07.csv").touch()
    source = open_source(tmp_path, cache=tmp_path / "cache")
    assert source.list_months([GREEN]) == [(GREEN, date(2020, 3, 1))]
    assert source.not_taken() == [
        *("green_tripdata_2020-07.csv", "trip-data/green_tripdata_2020-05.parquet/"),
        "trip-data/green_tripdata_2020-06.parquet/",
    ]
    with pytest.raises(NotPublishedError, match=r"is not a file.*as Spark writes it"):
        source.stat(GREEN.file_path(date(2020, 5, 1)))


@pytest.mark.parametrize(
    "name", ["green_tripdata_2019-10.csv", "green_tripdata_2019-10.csv.gz", "Green_Tripdata_2019_10.CSV"]
)
def test_the_lines_that_convert_a_csv_make_a_month_that_lands(tmp_path: Path, name: str):
    month = write(tmp_path, "green", "2019-10", 50)
    table = pq.read_table(month)
    month.unlink()
    path = tmp_path / "trip-data" / name
    rows = [table.column_names, *zip(*(table[column].to_pylist() for column in table.column_names), strict=True)]
    plain = path.with_suffix("") if name.endswith(".gz") else path
    with plain.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    if name.endswith(".gz"):
        subprocess.run(["gzip", str(plain)], check=True)

    error = no_month(str(tmp_path), "green", [f"trip-data/{name}"])
    assert f"holds no month of green, and CSV is not taken: 1 name is not taken at {tmp_path}" in error.what
    lines = re.findall(r"^ {12}(.*)$", error.next_step, re.MULTILINE)
    assert len(lines) == 2
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)
    layout = read_layout(month, GREEN)
    assert sum(batch.num_rows for batch in conformed_batches(month, layout)) == 50
