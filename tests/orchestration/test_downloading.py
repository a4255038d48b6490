"""A download is shown as it goes on."""

import re
import time

import pytest

from orchestration.events.events import Progress
from orchestration.events.terminal import Terminal
from orchestration.run import downloading


def told(shown: str, is_milestone: bool) -> None:
    Terminal()(Progress("ingest", "green 2024-01", shown, is_milestone))


def test_a_download_that_takes_long_is_shown_in_a_log_now_and_then(capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(downloading, "NOTE_SECONDS", 0.5)
    show = downloading.downloading("green 2024-01", told)
    for mebibytes in range(1, 8):
        show(mebibytes << 20, 50 << 20)
        time.sleep(0.2)
    lines = capsys.readouterr().err.splitlines()
    assert 1 <= len(lines) <= 3, "not each piece"
    assert re.fullmatch(r"\d\d:\d\d:\d\d  green 2024-01: \d\.0 of 50\.0 MiB downloaded", lines[0])


def test_a_short_download_is_not_shown_in_a_log(capsys):
    show = downloading.downloading("green 2024-01", told)
    show(1 << 20, None)
    show(2 << 20, None)
    assert capsys.readouterr().err == ""
