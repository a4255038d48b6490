"""The process in which a run has dbt: it takes a request at a time, and tells what becomes of it.

A process of its own gives back what dbt holds when a batch is built: 110 MB, which else lay under all later landings.
It is killed as soon as the run is, or fails to renew its lease: a dbt that went on would write into tables that the
next run replaces.
"""

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any

from orchestration.ledger.deadline import Deadline
from orchestration.memory import save_memory

_ENDED_EVENTS = ("LogModelResult", "LogTestResult")

# Google's client for BigQuery takes what is there: 88 MB of 234, and a second; no model is written in Python.
WITHOUT = ("pandas", "pyarrow", "numpy", "google.cloud.bigquery_storage_v1", "pandas_gbq", "aiohttp")

# dbt-bigquery imports these only for models in Python: 0.3 s and 9 MB.
_STAND_INS = ("google.cloud.dataproc_v1", "google.cloud.dataproc_v1.types", "google.cloud.dataproc_v1.types.batches")

# New objects after which Python looks for cycles. To read the project makes a million that stay; with Python's 700 a
# fifth of that time goes into looking through them again and again.
_GARBAGE = 50_000

_LOOK_SECONDS = 0.2  # whether the run is still there

_is_building = False  # with statements under way on a warehouse


class _StandIn(ModuleType):
    """A module with any class you ask for. The classes are empty."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def main(run_pid: int, channel: Connection, deadline: Deadline | None = None) -> None:
    """Answer requests until the other end of `channel` is closed, or the process `run_pid`, our parent, has ended.

    Nor do we live past the `deadline`.

    A request is {"arguments": dbt's command line, "environment": variables that dbt reads, "target": its target,
    "results": where to write run_results.json, '' where the arguments have dbt write it}. Its answers are any number of
    {"progress": text} and {"billed": bytes}, then {"ended": '', or why dbt could not run}. What became of models and
    tests is in dbt's own artifacts, in the folder that the arguments name. A request with {"read": target} instead has
    no answer: what dbt reads is kept for the next request with that target.
    """
    logging.raiseExceptions = False  # a log that its disk cannot take is no reason for a traceback a line
    os.environ["PYTHONWARNINGS"] = "ignore"  # multiprocessing's tracker warns when we are killed
    save_memory(WITHOUT)
    sys.modules.update({name: _StandIn(name) for name in _STAND_INS})
    gc.set_threshold(_GARBAGE, 20, 50)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run ends us
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_end_with, args=(run_pid, deadline), daemon=True).start()
    with suppress(Exception):  # which the first request will tell of
        _import_dbt()
    sending = threading.Lock()  # dbt's threads tell of their progress side by side
    manifests: dict[str, Any] = {}

    def tell(**answer: Any) -> None:
        with sending:
            channel.send(answer)

    while True:
        try:
            request = channel.recv()
        except EOFError:
            gc.freeze()  # before it ends, Python would look through all that it holds for cycles: 0.7 s
            return
        os.environ.update(request["environment"])
        if "read" in request:
            manifests[request["read"]] = _read(request["arguments"])
            continue
        try:
            error = _invoke(request, tell, manifests.pop(request["target"], None))
        except Exception as failure:  # dbt's are among its results: this is a fault of the installation, or ours
            error = f"{type(failure).__name__}: {_one_line(failure)}"
        tell(ended=error)


def _import_dbt() -> None:
    """Import dbt, which takes two seconds, while the run does something else. Adapters come with their target."""
    import dbt.cli.main  # noqa: F401
    from dbt_common import behavior_flags

    # dbt walks the stack for each flag of an adapter to name a module in a message: 0.15 s a request.
    setattr(behavior_flags.BehaviorFlagRendered, "_default_source", staticmethod(lambda: "an adapter"))  # noqa: B010


def _read(arguments: list[str]) -> Any:
    """The manifest of the project, None where dbt cannot read it: whoever needs it then hears why."""
    with suppress(Exception):
        return _ended(arguments).result
    return None


def _invoke(request: dict[str, Any], tell: Callable[..., None], manifest: Any) -> str:
    """Invoke dbt, which reads the project if there is no `manifest`; returns why it could not run, '' where it did."""
    global _is_building
    _is_building = True
    try:
        ended = _ended(request["arguments"], manifest, [_teller(tell)])
    finally:
        _is_building = False
    if request["results"] and ended.result is not None:
        ended.result.write(request["results"])
    return _one_line(ended.exception) if ended.exception else ""


def _ended(arguments: list[str], manifest: Any = None, callbacks: list[Callable[[Any], None]] | None = None) -> Any:
    from dbt.cli.main import dbtRunner

    sys.argv = ["dbt", *arguments]  # dbt writes it into its log and artifacts
    ended = dbtRunner(manifest, callbacks).invoke(arguments)
    if isinstance(ended.exception, KeyboardInterrupt):
        raise ended.exception
    return ended


def _teller(tell: Callable[..., None]) -> Callable[[Any], None]:
    """A dbt event callback that says which model or test has ended, and what BigQuery billed for it."""

    def callback(event: Any) -> None:
        if event.info.name in _ENDED_EVENTS:
            name = event.data.node_info.node_name
            total = getattr(event.data, "total", 0) or getattr(event.data, "num_models", 0)
            tell(progress=f"{event.data.index}/{total} {name}")
        elif event.info.name == "NodeFinished":
            response = event.data.run_result.adapter_response
            if "bytes_billed" in response and response["bytes_billed"] is not None:
                tell(billed=int(response["bytes_billed"]))

    return callback


def _end_with(run_pid: int, deadline: Deadline | None) -> None:
    """Kill this process as soon as its parent is another one: the run was killed, and had no time to say so."""
    while os.getppid() == run_pid and not (deadline and deadline.has_passed()):
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _interrupt(*_: object) -> None:
    """Have dbt cancel what it has under way; once, though systemd may send the signal as well as the run.

    While dbt only reads the project, there is nothing to cancel, and dbt would print a traceback.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if not _is_building:
        os._exit(128 + signal.SIGTERM)
    raise KeyboardInterrupt


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


if __name__ == "__main__":
    try:
        deadline = Deadline(int(sys.argv[3])) if len(sys.argv) > 3 else None
        main(int(sys.argv[1]), Connection(int(sys.argv[2])), deadline)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGTERM)
