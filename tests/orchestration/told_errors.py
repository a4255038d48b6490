"""The errors that a failed command told of."""

import re
import subprocess

from orchestration.cli.exit_codes import ExitCode
from tests.line import Line

Result = subprocess.CompletedProcess[str]


def errors(result: Result, line: Line, exit_code: int = ExitCode.FAILED) -> list[str]:
    """What a failed run told of: each error with its next step; and it told it in sentences, without a secret."""
    assert result.returncode == exit_code, result.stderr
    output = result.stdout + result.stderr
    for trace in ("Traceback", "\x1b", "|[ERROR]|"):
        assert trace not in output, output
    password = line.state / "servers" / "postgres.password"
    assert not password.exists() or password.read_text().strip() not in output
    found = re.findall(r"^\d\d:\d\d:\d\d  ✗ (.*\n(?: {12}.*\n)?)", result.stderr, re.MULTILINE)
    assert all("\n    " in error for error in found), f"an error without a next step: {found}"
    return found


def only_error(result: Result, line: Line, exit_code: int = ExitCode.FAILED) -> str:
    found = errors(result, line, exit_code)
    assert len(found) == 1, result.stderr
    return found[0]
