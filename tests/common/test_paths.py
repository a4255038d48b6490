"""A folder that a setting names works, or is refused in one line that names the setting."""

import os
import re
import stat
from pathlib import Path

import pytest

from common.errors import SettingError
from common.paths import LONGEST, check_folder_name, make_private_folder
from orchestration.settings import load_settings

SETTING = "The setting state_dir names"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TAXI_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "name", ["[1]", "it's", '"', "{y}", "%20 ", "*", "#", ";", "$HOME", "\\", "é✗", "a:b", "x=1", "~"]
)
def test_a_folder_of_a_strange_name_is_taken_as_it_is(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TAXI_STATE_DIR", str(tmp_path / name))
    settings = load_settings()
    make_private_folder(SETTING, settings.run.state_dir)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a\nb", "has a line break"),
        ("a\x7fb", "has a line break or another control character"),
        ("\udcff", "is not UTF-8"),
        ("x/" * (LONGEST // 2), "are the most"),
        ("what?", "cannot keep its files where a '?' is in the path"),
    ],
)
def test_a_name_that_a_part_cannot_work_with_is_refused_in_one_line(
    tmp_path: Path, name: str, why: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TAXI_STATE_DIR", str(tmp_path / name))
    with pytest.raises(SettingError, match=re.escape(why)) as refused:
        load_settings()
    assert refused.value.what.startswith(SETTING)
    assert "\n" not in str(refused.value)


def test_a_question_mark_is_no_hindrance_where_no_server_is_embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TAXI_STATE_DIR", str(tmp_path / "what?"))
    assert load_settings({"profile": "docker"}).run.state_dir == tmp_path / "what?"


def test_a_link_to_itself_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv("TAXI_STATE_DIR", str(tmp_path / "loop" / "state"))
    with pytest.raises(SettingError, match=r"state_dir names .*loop"):
        make_private_folder(SETTING, load_settings().run.state_dir)


def test_a_new_folder_is_its_owners_alone_and_one_that_is_there_keeps_its_mode(tmp_path: Path):
    make_private_folder(SETTING, tmp_path / "parent" / "state")
    assert stat.S_IMODE((tmp_path / "parent" / "state").stat().st_mode) == 0o700
    (tmp_path / "shared").mkdir(mode=0o755)
    make_private_folder(SETTING, tmp_path / "shared")
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o755
    assert list((tmp_path / "shared").iterdir()) == []


@pytest.mark.parametrize("where", ["a file", "below a file", "in a file system that takes none", "a closed folder"])
def test_a_folder_that_takes_no_file_is_refused_in_one_line(tmp_path: Path, where: str):
    if where == "a closed folder" and os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "file").touch()
    (tmp_path / "closed").mkdir(mode=0o500)
    folder = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "state",
        "in a file system that takes none": Path("/proc/state"),
        "a closed folder": tmp_path / "closed",
    }[where]
    with pytest.raises(SettingError) as refused:
        make_private_folder(SETTING, folder)
    assert refused.value.what.startswith(f"{SETTING} {folder}, which ")
    assert "\n" not in str(refused.value)


def test_the_projects_own_folder_is_checked_as_well():
    with pytest.raises(SettingError, match=r"The project stands in '/a\\nb', which has a line break"):
        check_folder_name("The project stands in", Path("/a\nb"))


@pytest.mark.parametrize("name", ["settings.toml", ".env"])
def test_a_settings_file_that_is_not_utf8_is_named(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes('TAXI_BUCKET="é"\n'.encode("latin-1"))
    with pytest.raises(SettingError, match=f"{name} is not UTF-8"):
        load_settings(file=tmp_path / "settings.toml")
