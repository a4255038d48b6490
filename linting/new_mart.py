"""`make mart NAME=daily_things FOLDER=mobility`: the files of a new mart, to be filled in.

A model, its description with contract, and a unit test that fails until somebody has worked out what it expects.
"""

import re
import sys
from pathlib import Path

from linting.artifacts import PROJECT
from linting.yaml_lines import shortened

SQL = """\
-- One row per data set and calendar month of pick-up: say what a row is here, and what the mart is for.
with agg_zone_revenue as (
    select * from {{ ref('agg_zone_revenue') }}
)

select
    service_type,
    cast(sum(trips) as bigint) as trips,
    pickup_month
from agg_zone_revenue
group by service_type, pickup_month
"""
MODEL = """\

  - name: NAME
    description: >
      Say what the mart answers, and what a reader has to know. One row per data set and calendar month of pick-up.
      Primary key: service_type, pickup_month.
    data_tests:
      - unique_grain: {arguments: {columns: [service_type, pickup_month]}, config: {where: __in_pickup_months__}}
    columns:
      - name: service_type
        data_type: string
        description: "{{ doc('service_type') }}"
        data_tests:
          - not_null:
              config:
                where: __in_pickup_months__
      - name: trips
        data_type: bigint
        description: "{{ doc('trips') }}"
        data_tests:
          - not_null:
              config:
                where: __in_pickup_months__
      - name: pickup_month
        data_type: date
        description: "{{ doc('pickup_month') }}"
        data_tests:
          - not_null:
              config:
                where: __in_pickup_months__
"""
UNIT_TEST = """\

  - name: NAME_say_what_it_does
    description: Work out by hand what the model makes of the given rows. It fails until you have.
    model: NAME
    given:
      - input: ref('agg_zone_revenue')
        rows:
          - {service_type: green, pickup_month: "2024-01-01", trips: 2}
          - {service_type: green, pickup_month: "2024-01-01", trips: 3}
    expect:
      rows:
        - {service_type: green, pickup_month: "2024-01-01", trips: 0}
"""
NEXT = """\
Fill in, from the first to the last:
  1. dbt_taxi/models/marts/FOLDER/NAME.sql: its first line states the grain
  2. dbt_taxi/models/marts/FOLDER/_FOLDER__models.yml: description, columns, key. A new word goes into models/docs/
  3. dbt_taxi/models/marts/FOLDER/_FOLDER__unit_tests.yml: what you worked out by hand
       dbt build --select +NAME
  4. dbt_taxi/models/_exposures.yml: what reads it, such as an analysis
  5. tests/independent/: recompute it from the parquet files and its description alone
  6. docs/marts.md: its line in the list
make lint names what is missing."""


class RefusedError(ValueError):
    """No mart is made, and why."""


def new_mart(name: str, folder: str, project: Path = PROJECT) -> list[Path]:
    """Make the files of a mart in the dbt project; returns them. Raises RefusedError."""
    marts = project / "models" / "marts"
    folders = sorted(path.name for path in marts.iterdir() if path.is_dir())
    if folder not in folders:
        raise RefusedError(f"FOLDER is {folder or 'not given'}: choose from {', '.join(folders)}")
    if not re.fullmatch(r"(?!stg_|int_)[a-z][a-z0-9_]*", name):
        raise RefusedError(f"NAME is {name or 'not given'}: write small letters, digits and _, such as daily_trips")
    if taken := sorted((project / "models").rglob(f"{name}.sql")):
        raise RefusedError(f"{taken[0].relative_to(project.parent)} exists")
    paths = [marts / folder / file for file in (f"{name}.sql", f"_{folder}__models.yml", f"_{folder}__unit_tests.yml")]
    for path, text in zip(paths, (SQL, MODEL, UNIT_TEST), strict=True):
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        after = before + text.replace("NAME", name)
        path.write_text(shortened(after) if path.suffix == ".yml" else after, encoding="utf-8")
    return paths


if __name__ == "__main__":
    try:
        new_mart(*sys.argv[1:3])
    except RefusedError as error:
        sys.exit(f"✗ {error}")
    print(NEXT.replace("NAME", sys.argv[1]).replace("FOLDER", sys.argv[2]))
