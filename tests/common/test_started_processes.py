"""Every process that the line starts is given an environment: none inherits whatever is there."""

import ast

import pytest

from common.python import ROOT

STARTERS = {"run", "Popen", "check_call", "check_output", "call"}
PACKAGES = ("common", "embedded", "ingest", "orchestration", "synthetic")
FILES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


def inheriting(tree: ast.AST) -> list[int]:
    """The lines that start a process and give it no environment."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return [
        call.lineno
        for call in calls
        if getattr(call.func.value, "id", "") == "subprocess"
        and call.func.attr in STARTERS
        and "env" not in {keyword.arg for keyword in call.keywords}
    ]


def test_the_search_finds_what_it_looks_for():
    assert inheriting(ast.parse("subprocess.run(c)\nsubprocess.Popen(c, env=e)\nx.run(c)\nsubprocess.call(c)")) == [
        1,
        4,
    ]


def test_each_process_that_is_started_is_given_its_environment():
    texts = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in FILES}
    assert {str(path): lines for path, text in texts.items() if (lines := inheriting(ast.parse(text)))} == {}


@pytest.mark.parametrize("name", ["system", "popen", "spawnv", "posix_spawn"])
def test_none_is_started_by_a_way_that_takes_no_environment(name: str):
    assert [str(path) for path in FILES if f"os.{name}(" in path.read_text(encoding="utf-8")] == []
