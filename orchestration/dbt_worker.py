"""The process in which a run has dbt: a request a line on stdin, what becomes of it in lines on stdout; all of it JSON.

A process of its own gives back what dbt holds when a batch is built: 110 MB, which else lay under all later landings.
It does not outlive the run: a dbt that went on would write into tables that the next run replaces.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from orchestration.memory import save_memory

# As dbt.artifacts.schemas.results.NodeStatus has them.
_FAILED = ("error", "fail", "runtime error")
_PASSED = ("success", "pass")

_ENDED_EVENTS = ("LogModelResult", "LogTestResult")
# Google's client for BigQuery takes what is there: 11 MB of a process' own, and no model is written in Python.
_WITHOUT = ("pandas", "pyarrow", "numpy")

_LOOK_SECONDS = 0.2  # whether the run is still there


def main(run_pid: int) -> None:
    """Answer requests until there are no more, or until the process `run_pid`, whose child this is, has ended.

    A request is {"arguments": dbt's command line, "environment": variables on top of the process' own}. Its answers
    are any number of {"progress": text}, then {"outcome": see `_outcome`}.
    """
    threading.Thread(target=_end_with, args=(run_pid,), daemon=True).start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # dbt then cancels what it has under way
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    save_memory(_WITHOUT)
    import dbt.cli.main  # noqa: F401, a second's work that is done before the first request comes

    for line in sys.stdin:
        request = json.loads(line)
        os.environ.update(request["environment"])
        _tell(answers, outcome=_outcome(request["arguments"], lambda text: _tell(answers, progress=text)))


def _outcome(arguments: list[str], on_progress: Callable[[str], None]) -> dict[str, Any]:
    """Invoke dbt. Gives `exception`, if it could not run, or what became of the nodes that it ran.

    `failed` and `warnings` are sentences; `relations` are the tables, views and seeds it made, as schema.name;
    `has_months`: tables kept by file month were among them.
    """
    from dbt.cli.main import dbtRunner

    # dbt writes this process' command line into its log and artifacts.
    sys.argv = ["dbt", *arguments]
    ended = dbtRunner(callbacks=[_progress(on_progress)]).invoke(arguments)
    if isinstance(ended.exception, KeyboardInterrupt):
        raise ended.exception
    if ended.exception:
        return {"exception": _one_line(ended.exception)}
    results = ended.result.results
    made = [result.node for result in results if result.node.resource_type in ("model", "seed")]
    return {
        "passed": sum(result.status in _PASSED for result in results),
        "failed": [
            f"{result.node.name}: {_one_line(result.message or result.status)[:250]}"
            for result in results
            if result.status in _FAILED
        ],
        "warnings": [f"{result.node.name}: {result.message}" for result in results if result.status == "warn"],
        "relations": [f"{node.schema}.{node.alias}" for node in made],
        "has_months": any("months" in node.tags for node in made),
        "ran": len(results),
    }


def _progress(on_progress: Callable[[str], None]) -> Callable[[Any], None]:
    """A dbt event callback that says which model or test has ended."""

    def callback(event: Any) -> None:
        if event.info.name in _ENDED_EVENTS:
            name = event.data.node_info.node_name
            total = getattr(event.data, "total", 0) or getattr(event.data, "num_models", 0)
            on_progress(f"{event.data.index}/{total} {name}")

    return callback


def _end_with(run_pid: int) -> None:
    """Kill this process as soon as its parent is another one: the run was killed, and had no time to say so."""
    while os.getppid() == run_pid:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _tell(answers: TextIO, **answer: Any) -> None:
    answers.write(json.dumps(answer) + "\n")


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # the run was interrupted
        main(int(sys.argv[1]))
