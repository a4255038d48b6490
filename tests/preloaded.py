"""`orchestrate.py` in forks of a process that has imported its modules: of a command's 0.45 s, imports take 0.4.

A fork has the arguments, the variables, the folder and the output streams of a process of its own, and runs the program
from its first line to its end. Whatever is about the start of the program starts it itself (Line.start, tests of
common/door.py).
"""

import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "orchestrate.py"
_LONGEST = 200_000  # bytes of a request


class Preloaded:
    """The process that forks, until this one ends."""

    def __init__(self) -> None:
        self._requests, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-X", "utf8", __file__, str(its.fileno())]
        environment = {**os.environ, "COLUMNS": "200"}
        with its:
            subprocess.Popen(command, env=environment, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """As subprocess.run, which captures the output. Several threads may ask at once."""
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        answers, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps([str(folder), dict(environment), list(arguments)]).encode()
        with ThreadPoolExecutor(2) as readers, answers:
            socket.send_fds(self._requests, [request], [out_end, err_end, its.fileno()])
            its.close()
            os.close(out_end)
            os.close(err_end)
            texts = [readers.submit(_read, end) for end in (out, err)]
            pid = int(answers.recv(20))
            answers.settimeout(timeout)
            try:
                status = int(answers.recv(20))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(arguments), timeout) from None
            return subprocess.CompletedProcess(list(arguments), status, *(text.result(timeout) for text in texts))


@cache
def preloaded() -> Preloaded:
    """The one of this process."""
    return Preloaded()


def _read(end: int) -> str:
    with open(end, encoding="utf-8") as stream:
        return stream.read()


def _serve(requests: socket.socket) -> None:
    """Fork for each request; only a fork returns, as the program that was asked for."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # of pytest's terminal
    sys.path[0] = str(ROOT)
    importlib.import_module("orchestration.cli.commands")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks leave no zombies
    while True:
        request, streams, _, _ = socket.recv_fds(requests, _LONGEST, 3)
        if not request:
            os._exit(0)
        if os.fork() == 0:
            requests.close()
            _watch(*streams)
            return _become(*json.loads(request))
        for stream in streams:
            os.close(stream)


def _watch(out: int, err: int, answers: int) -> None:
    """Fork once more: the parent says when the child ends, and how, and the child returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        os.close(out)
        os.close(err)
        os.write(answers, str(pid).encode())
        _, status = os.waitpid(pid, 0)
        with suppress(BrokenPipeError):  # nobody waits any more
            os.write(answers, str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    for stream, end in ((1, out), (2, err)):
        os.dup2(end, stream)
        os.close(end)
    os.close(answers)


def _become(folder: str, environment: dict[str, str], arguments: list[str]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as a process begins
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = [str(PROGRAM), *arguments]
    runpy.run_path(str(PROGRAM), run_name="__main__")


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
