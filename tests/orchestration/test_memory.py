"""A run's processes do without what they would only hold in memory."""

import subprocess
import sys

import pytest

from orchestration.memory import NO_FRAMES
from orchestration.warehouses.dbt_worker import WITHOUT

# pyarrow asks of a value whether it is a frame.
RUN = "import dlt, pyarrow; from google.cloud import bigquery, storage; pyarrow.array([1])"
DBT = "import dbt.cli.main, dbt.adapters.postgres, dbt.adapters.bigquery"


@pytest.mark.parametrize(
    ("imports", "without"),
    [pytest.param(RUN, NO_FRAMES, id="run"), pytest.param(DBT, WITHOUT, id="dbt", marks=pytest.mark.slow)],
)
def test_what_a_process_can_do_without_is_left_out_though_its_packages_ask_for_it(imports, without):
    held = f"import sys; {imports}; print(*(name for name in {without} if name in sys.modules))"
    leaving_it_out = f"from orchestration.memory import save_memory; save_memory({without}); {held}"
    assert _printed(leaving_it_out) == []
    assert _printed(held) == list(without), "they no longer ask: then it need not be kept out"


def _printed(script: str) -> list[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
