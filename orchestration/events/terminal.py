"""Shows events to people: progress on stderr, a spinner on a terminal, in a pipe plain lines without escape codes."""

from collections.abc import Callable
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from orchestration.events.events import AnyEvent, Level, Message, Progress, StepEnded, StepStarted

_STYLES = {Level.INFO: ("", ""), Level.WARNING: ("! ", "yellow"), Level.ERROR: ("✗ ", "red")}


class Terminal:
    """A listener. `explain` says what may be behind an error, such as a full disk."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.explain: Callable[[], str] = lambda: ""
        self._explained = ""
        self._status: Status | None = None

    def __call__(self, event: AnyEvent) -> None:
        """Show the event, if it is one that people want to see."""
        match event:
            case Message():
                self._say(event)
            case StepStarted(shown=shown) if shown:
                self._start(shown)
            case Progress():
                self._update(event)
            case StepEnded():
                self._end()

    def _say(self, message: Message) -> None:
        mark, style = _STYLES[message.level]
        self._print(f"{mark}{message.what}", style)
        if message.next_step:
            self.console.print(f"            {message.next_step}", markup=False)
        reason = self.explain() if message.level is Level.ERROR else ""
        if reason and reason != self._explained and not (message.next_step and message.next_step in reason):
            self.console.print(f"            {reason}", markup=False)
            self._explained = reason

    def _start(self, shown: str) -> None:
        if not self.console.is_terminal:
            self._print(f"{shown} …")
            return
        self._end()
        self._status = self.console.status(escape(shown))
        self._status.start()

    def _update(self, progress: Progress) -> None:
        if status := self._status:  # the main thread may end it meanwhile
            status.update(escape(progress.shown))
        elif progress.is_milestone and not self.console.is_terminal:
            self._print(progress.shown)

    def _end(self) -> None:
        if self._status:
            self._status.stop()
            self._status = None

    def _print(self, text: str, style: str = "") -> None:
        self.console.print(f"{datetime.now():%H:%M:%S}  {text}", style=style, markup=False)
