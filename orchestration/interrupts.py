"""Signals that end a command: ctrl-C (SIGINT), SIGTERM and SIGHUP, all alike. Imports little: it is in place first.

The first signal raises KeyboardInterrupt in the main thread: dbt is ended, the ledger closed, servers are stopped. The
second one ends the command at once, and with it what `at_once` names; so does the clock, 30 s after the first. The exit
code is 130 either way. Other threads stop the main one in the same way, by `stop`, and then the code is 1.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

EXIT_CODE = 130

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOP = signal.SIGUSR1  # from a thread of ours, see `stop`
# One cause can send several: a terminal that closes, `timeout` and systemd do so within milliseconds.
_SAME_SECONDS = 0.3
# In which an interrupted command ends, whatever hangs.
MOST_SECONDS = 30

_first_at: float | None = None  # when the first signal came, by the monotonic clock
_is_raised = False  # whether it has been raised; not yet, while `deferred`
_is_acknowledged = False
_reason: Exception | None = None  # of a stop
_deferrals = 0
_last_words: list[Callable[[], object]] = []


class Stopped(KeyboardInterrupt):
    """The main thread must not go on, for the reason `error`."""

    def __init__(self, error: Exception):
        self.error = error
        super().__init__(str(error))


def install() -> None:
    """Heed the signals from now on, but for those that our parent has us ignore (nohup, a shell's background job)."""
    for number in (_STOP, signal.SIGALRM):
        signal.signal(number, _handle)
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _handle)


def check() -> None:
    """Raise KeyboardInterrupt if a signal came: Python loses an exception raised in a finalizer, for example."""
    if _first_at is not None and not _deferrals and not _is_acknowledged:
        _raise()


def acknowledge() -> None:
    """The exception has arrived where it is dealt with: `check` does not raise it again."""
    global _is_acknowledged
    _is_acknowledged = True


def stop(error: Exception) -> None:
    """Raise Stopped in the main thread, from any other one."""
    global _reason
    if _first_at is None and signal.getsignal(_STOP) is _handle:
        _reason = error
        signal.pthread_kill(threading.main_thread().ident or 0, _STOP)


def happened() -> bool:
    """Whether the command was interrupted or stopped."""
    return _first_at is not None


@contextmanager
def deferred() -> Iterator[None]:
    """What happens inside is not torn by a first signal, which is raised after it."""
    global _deferrals
    _deferrals += 1
    try:
        yield
    finally:
        _deferrals -= 1
    if _first_at is not None and not _is_raised:
        check()


@contextmanager
def at_once(end: Callable[[], object]) -> Iterator[None]:
    """While this lasts, a second signal calls `end`, which must not wait for anything, before the command ends."""
    _last_words.append(end)
    try:
        yield
    finally:
        _last_words.remove(end)


@contextmanager
def heeded() -> Iterator[None]:
    """The whole command. When it is interrupted it ends here, without a traceback.

    It then does not wait for threads, such as one in the middle of a download.
    """
    install()
    try:
        yield
    except KeyboardInterrupt:
        with suppress(OSError):
            sys.stderr.write("Interrupted.\n")
        _leave()
    except SystemExit as end:
        if happened():
            _leave(end.code)
        raise


def _handle(number: int, _: object) -> None:
    global _first_at
    now = time.monotonic()
    if _first_at is None:
        _first_at = now
        signal.alarm(MOST_SECONDS)
        if not _deferrals:
            _raise()
    elif now - _first_at > _SAME_SECONDS and number != _STOP:
        for end in reversed(_last_words):
            with suppress(Exception):
                end()
        _leave(EXIT_CODE if _reason is None else 1)


def _raise() -> None:
    global _is_raised
    _is_raised = True
    raise KeyboardInterrupt if _reason is None else Stopped(_reason)


def _leave(code: object = EXIT_CODE) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the terminal may be gone
            stream.flush()
    os._exit(code if isinstance(code, int) else EXIT_CODE)
