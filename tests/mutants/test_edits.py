"""The mutants fit the program of today; `python -m tests.mutants` tries them."""

import pytest

from tests.line import ROOT
from tests.mutants.edits import EDITS, Edit


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_what_an_edit_replaces_occurs_once_and_its_tests_exist(edit: Edit):
    assert (ROOT / edit.file).read_text(encoding="utf-8").count(edit.old) == 1, edit.old
    assert all((ROOT / test.partition("::")[0]).is_file() for test in edit.tests)
