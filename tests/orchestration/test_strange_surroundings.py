"""A whole line in folders of strange names, under a hostile shell: it lands, is forced again, is copied and goes on."""

import shutil
from collections.abc import Iterator

import pytest

from synthetic import write_zone_lookup
from tests.hostile import HOSTILE
from tests.line import Line, copy_project
from tests.months import write

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NAME = "it's [1] {y} %20 %s *;#\"$HOME\\ é x=1,~& : "
# With PYTHONHOME no Python starts at all.
SHELL = {name: value for name, value in HOSTILE.items() if name != "PYTHONHOME"} | {"PYTHONIOENCODING": "ascii"}
TRIPS = "select file_month::text, count(*) from taxi_marts.fct_trips group by 1 order by 1"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """Two green months, brought through a copy of the project."""
    folder = tmp_path_factory.mktemp("strange") / NAME
    copy_project(folder / "project")
    for month in ("2023-01", "2023-02"):
        write(folder / "source", "green", month, rows=200)
    write_zone_lookup(folder / "source")
    line = Line(folder / "state", folder / "source", models="+agg_zone_revenue", root=folder / "project")
    yield line
    line.run("down", "--force")


def run(line: Line, *arguments: str) -> str:
    result = line.run("run", *arguments, **SHELL)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_line_in_folders_of_strange_names_under_a_hostile_shell_does_what_every_line_does(line: Line):
    line.done("up")
    assert "2 of 2 file months are done: every row and every cent accounted for." in run(line)
    assert [(month, count > 150) for month, count in line.query(TRIPS)] == [("2023-01-01", True), ("2023-02-01", True)]
    assert [path.name for path in line.state.parent.parent.iterdir()] == [NAME]
    assert {path.name for path in line.state.parent.iterdir()} == {"project", "source", "state"}


def test_a_month_forced_with_dbts_own_variables_set_leaves_all_months_as_they_were(line: Line):
    before, stages = line.query(TRIPS), line.stages()
    assert "1 of 1 file months are done" in run(line, "--months", "2023-02", "--force")
    assert line.query(TRIPS) == before
    assert line.stages() == stages


def test_a_copied_state_folder_starts_under_another_name_and_goes_on(line: Line):
    trips = line.query(TRIPS)
    line.done("down")
    copy = Line(line.state.parent / "restored ['2'] ", line.source, line.models, line.root)
    # As from an archive that keeps neither modes nor attributes.
    shutil.copytree(line.state, copy.state, copy_function=shutil.copyfile)
    try:
        copy.done("up")
        assert copy.query(TRIPS) == trips
        assert "Nothing to do: all 2 wanted months are done." in copy.done("run").stderr
        assert "1 of 1 file months are done" in run(copy, "--months", "2023-01", "--force")
        assert {month["state"] for month in copy.months().values()} == {"done"}
    finally:
        copy.run("down")
