"""A run's process does without what it would only hold in memory."""

import subprocess
import sys

SCRIPT = """
import sys
from orchestration.memory import save_memory
save_memory()
import dlt, pyarrow
from google.cloud import bigquery
import dbt.adapters.bigquery
pyarrow.array([1])  # where pyarrow asks whether it is a frame
assert "pandas" not in sys.modules
"""


def test_a_run_leaves_pandas_out_though_pyarrow_and_googles_client_ask_for_it():
    leaving_it_in = SCRIPT.replace("save_memory()\n", "", 1)
    assert subprocess.run([sys.executable, "-c", SCRIPT]).returncode == 0
    refused = subprocess.run([sys.executable, "-c", leaving_it_in], capture_output=True, text=True)
    assert "AssertionError" in refused.stderr, "they no longer ask: then it need not be kept out"
