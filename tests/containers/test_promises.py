"""The profile docker keeps what `local` promises: a test of `local`, with the fixture `new_line` of this folder.

`finished_line` is one on embedded servers: the digests of both profiles have to be the same.
"""

import pytest

from tests.containers.conftest import OutsideLine
from tests.line import Line
from tests.orchestration.test_killed import (
    test_killed_at_every_stage_the_next_run_ends_as_an_undisturbed_one as killed_at_every_stage,
)

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]


def test_killed_at_every_stage_the_next_run_ends_as_one_on_embedded_servers(
    new_line: OutsideLine, finished_line: Line
) -> None:
    killed_at_every_stage(new_line, finished_line)
