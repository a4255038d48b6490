"""sqlfluff reads again what may have got another verdict, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from linting.passed_sql import PassedSql

MODEL, ANALYSIS = "models/marts/one.sql", "analyses/two.sql"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two files, as dbt has compiled it."""
    for path in (MODEL, ANALYSIS):
        for file in (tmp_path / path, tmp_path / "target/compiled/taxi" / path):
            file.parent.mkdir(parents=True)
            file.write_text(f"select 1 as {file.stem}")
    (tmp_path / ".sqlfluff").write_text("[sqlfluff]")
    return tmp_path


def passed(project: Path) -> PassedSql:
    return PassedSql(project, project / "target")


def test_all_files_are_read_until_they_have_passed(project: Path):
    assert passed(project).unread() == [ANALYSIS, MODEL]
    passed(project).remember()
    assert passed(project).unread() == []


@pytest.mark.parametrize(
    ("change", "unread"),
    [
        (lambda root: (root / MODEL).write_text("select 2 as one"), [MODEL]),
        (lambda root: (root / "target/compiled/taxi" / MODEL).write_text("select 2"), [MODEL]),
        (lambda root: (root / "target/compiled/taxi" / MODEL).unlink(), [MODEL]),
        (lambda root: (root / ".sqlfluff").write_text("[sqlfluff]\nmax_line_length = 9"), [ANALYSIS, MODEL]),
        (lambda root: (root / "analyses/three.sql").write_text("select 3"), ["analyses/three.sql"]),
    ],
    ids=["its text", "a macro", "nothing compiled", "a rule", "a new file"],
)
def test_a_file_is_read_again_when_its_verdict_may_be_another(
    project: Path, change: Callable[[Path], object], unread: list[str]
):
    passed(project).remember()
    change(project)
    assert passed(project).unread() == unread
