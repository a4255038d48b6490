"""The first thing each program does: clean its environment, before it imports anything that reads variables."""

import os
import sys
from collections.abc import Mapping

from common import environment, streams

# Of Python's own variables, those that change no result. Any other (PYTHONOPTIMIZE, PYTHONWARNINGS, PYTHONPATH …) has
# done its work by the time that this module is read, so Python is started again without it.
_HARMLESS = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONHASHSEED"}
_UTF8 = ["-X", "utf8"]


def enter() -> None:
    """Leave in os.environ what may pass, and make the output streams take whatever is written to them.

    Python is started again, as the same process, where one of its variables was set or where the locale would have
    names of files be ASCII (some 20 ms).
    """
    given = dict(os.environ)
    if _has_to_start_again(given):
        os.execve(sys.executable, [sys.executable, *_UTF8, *sys.orig_argv[1:]], _without_python(given))
    os.environ.clear()
    os.environ.update(environment.clean(given))
    streams.make_tolerant()
    _leave_a_removed_folder()


def _has_to_start_again(given: Mapping[str, str]) -> bool:
    if not sys.executable or sys.orig_argv[1:3] == _UTF8:  # it was
        return False
    is_steered = any(name.startswith("PYTHON") and name not in _HARMLESS for name in given)
    return is_steered or sys.getfilesystemencoding() != "utf-8"


def _without_python(given: Mapping[str, str]) -> dict[str, str]:
    """Of Python's variables only the harmless; the encoding of output is passed on, as UTF-8 mode would change it."""
    kept = {name: value for name, value in given.items() if not name.startswith("PYTHON") or name in _HARMLESS}
    return kept | ({"PYTHONIOENCODING": sys.stderr.encoding} if sys.stderr else {})


def _leave_a_removed_folder() -> None:
    """Where the current folder was removed, go to the root: libraries ask for the current one."""
    try:
        os.getcwd()
    except OSError:
        os.chdir("/")
