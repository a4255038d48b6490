"""A program that has entered by the door runs alike whatever the shell's variables, locale and pipes are."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from common.python import ROOT
from tests.hostile import HOSTILE

ENTER = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from common.door import enter; enter(); "
TEXT = "± – … ✗ é 中"
KEPT = ("PATH", "HOME", "LD_LIBRARY_PATH")


def enter(then: str, *, code: int = 0, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program that enters by the door and does `then`, under `variables` and what any program needs."""
    given = {name: os.environ[name] for name in KEPT if name in os.environ}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".py") as program:
        program.write(ENTER + then)
        program.flush()
        done = subprocess.run([sys.executable, program.name], env=given | variables, capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def test_of_many_hostile_variables_at_once_none_is_left():
    hostile = {name: value for name, value in HOSTILE.items() if name != "PYTHONHOME"}  # with it, no Python starts
    show = "import json, os; print(json.dumps([dict(os.environ), sys.path, sys.flags.optimize, sys.warnoptions]))"
    variables, path, optimize, warnoptions = json.loads(enter(show, **hostile, TAXI_SOURCE="x").stdout)
    assert variables.keys() - {*KEPT, "LC_CTYPE"} == {"TAXI_SOURCE"}
    assert "/x" not in path
    assert (optimize, warnoptions) == (0, [])


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LC_ALL": "C.UTF-8"}, TEXT.encode()),
        ({"PYTHONIOENCODING": "ascii"}, b"+/- - ... x e ?"),
        ({"PYTHONIOENCODING": "latin-1:strict"}, b"\xb1 - ... x \xe9 ?"),
        ({"PYTHONIOENCODING": "ascii", "PYTHONSAFEPATH": "1"}, b"+/- - ... x e ?"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, b"+/- - ... x e ?"),
    ],
)
def test_output_takes_every_character_in_every_encoding(variables: dict[str, str], expected: bytes):
    done = enter(f"import click; print({TEXT!r}); click.echo({TEXT!r}, err=True)", **variables)
    assert done.stdout == done.stderr == expected + b"\n"


def test_names_of_files_are_utf8_in_every_locale(tmp_path: Path):
    variables = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TAXI_STATE_DIR": str(tmp_path / "é")}
    enter(
        "import os; os.mkdir(os.environ['TAXI_STATE_DIR']); os.mkdir(os.environ['TAXI_STATE_DIR'] + '/✗')", **variables
    )
    assert (tmp_path / "é" / "✗").is_dir()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_program_whose_reader_has_gone_goes_on_to_its_end(stream: str, tmp_path: Path):
    then = f"print('x' * 99999, file=sys.{stream}, flush=True); open({str(tmp_path / 'end')!r}, 'w').close()"
    reader, writer = os.pipe()
    os.close(reader)
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    done = subprocess.run([sys.executable, "-c", ENTER + then], **{stream: writer, other: subprocess.PIPE}, check=False)
    os.close(writer)
    assert (done.returncode, getattr(done, other)) == (0, b"")
    assert (tmp_path / "end").exists()


def test_a_stream_that_was_closed_before_the_start_is_no_fault():
    says = "print('x'); print('y', file=sys.stderr); assert open('/dev/zero').fileno() > 2; import os; os.fstat(2)"
    for closed in (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        command = f'exec {sys.executable} -c "{ENTER}{says}" {closed}'
        assert subprocess.run(["sh", "-c", command], capture_output=True, check=False).returncode == 0


def test_a_stream_on_a_full_disk_is_named():
    then = "\ntry: print('x', flush=True)\nexcept OSError as error: print(error.filename, file=sys.stderr); os._exit(0)"
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-c", f"import os; {ENTER}{then}"]
        assert subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=True).stderr == b"<stdout>\n"


def test_a_program_started_in_a_folder_that_is_gone_runs(tmp_path: Path):
    (tmp_path / "gone").mkdir()
    command = f'cd {tmp_path}/gone && rmdir {tmp_path}/gone && exec {sys.executable} -c "{ENTER}import os; os.getcwd()"'
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONSAFEPATH": "1", "PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "2", "PSYCOPG_IMPL": "nonsense"},
        {"PYTHONPATH": "{folder}"},
    ],
    ids=str,
)
def test_the_command_line_works_from_another_folder_under_such_variables(variables: dict[str, str], tmp_path: Path):
    (tmp_path / "typer.py").write_text("raise SystemExit('not the typer that is meant')", encoding="utf-8")
    given = {name: os.environ[name] for name in KEPT if name in os.environ}
    given |= {name: value.format(folder=tmp_path) for name, value in variables.items()}
    command = [sys.executable, str(ROOT / "orchestrate.py"), "plan", "--profile", "nonsense"]
    done = subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    said = done.stderr.decode("latin-1").splitlines()
    assert len(said) == 2
    assert said[0].endswith(" profile is 'nonsense' in option --profile")
    assert said[1].endswith(" Choose from local, docker, gcp")
