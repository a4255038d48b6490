"""No file, and no output of a process, is read or written by the locale's encoding."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.python import ROOT

PACKAGES = ("benchmarks", "common", "embedded", "ingest", "linting", "orchestration", "synthetic")
FILES = [ROOT / "orchestrate.py", *(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))]


def opened_by_locale(tree: ast.AST) -> Iterator[int]:
    """The lines of calls that open text and do not say in which encoding."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        texts = [value.value for value in (*call.args, *named.values()) if isinstance(value, ast.Constant)]
        modes = [text for text in texts if isinstance(text, str) and text and set(text) <= set("rwaxbt+")]
        is_text = {
            "read_text": not call.args,
            "write_text": len(call.args) < 2,
            "open": not any("b" in mode for mode in modes)
            and not isinstance(getattr(call.func, "value", None), ast.Call),
            "TemporaryFile": any("b" not in mode for mode in modes),
            "NamedTemporaryFile": any("b" not in mode for mode in modes),
            "run": getattr(named.get("text"), "value", False),
            "Popen": getattr(named.get("text"), "value", False),
            "check_output": getattr(named.get("text"), "value", False),
        }
        is_bytes = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in (
            "os",
            "gzip",
            "blob",
            "archive",
        )
        if is_text.get(name) and "encoding" not in named and not is_bytes:
            yield call.lineno


def test_the_search_finds_what_it_looks_for():
    text = "open('x')\nopen('x', 'rb')\np.open('w')\np.read_text()\np.read_text('utf-8')\nopen('x', encoding='utf-8')\n"
    assert list(opened_by_locale(ast.parse(text + "run(c, text=True)"))) == [1, 3, 4, 7]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_is_opened_with_an_encoding_of_its_own(path: Path):
    assert list(opened_by_locale(ast.parse(path.read_text(encoding="utf-8")))) == []
