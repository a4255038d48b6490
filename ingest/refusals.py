"""The end of asking: a source that refused three files in a row is asked for no more of them in this run."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.errors import TaxiError
from ingest.source import SourceDownError

MOST_REFUSALS = 3


class Refusals:
    """How often in a row the source was found to be down, by several threads.

    Until it has answered one, no more than three files are asked for at once: otherwise eight would be before the third
    refusal is known.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._answers = False  # whether it did, the last time
        self._asking = 0
        self._count = 0
        self._last: SourceDownError | None = None

    @contextmanager
    def asking(self, path: str) -> Iterator[None]:
        """Ask for a file within this; waits for its turn. Raises SourceDownError where there were too many refusals."""
        self._begin(path)
        try:
            yield
        except SourceDownError as error:
            self._note(error)
            raise
        except TaxiError:  # it answers, and does not have this one
            self._note(None)
            raise
        else:
            self._note(None)
        finally:
            with self._changed:
                self._asking -= 1
                self._changed.notify_all()

    def _begin(self, path: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._answers or self._is_over or self._asking + self._count < MOST_REFUSALS)
            if not self._is_over or not self._last:
                self._asking += 1
                return
            next_step = self._last.next_step
        raise SourceDownError(f"{path} was not asked for: the source refused three times in a row", next_step)

    def _note(self, refusal: SourceDownError | None) -> None:
        with self._changed:
            self._answers = refusal is None
            self._count = self._count + 1 if refusal else 0
            self._last = refusal

    @property
    def _is_over(self) -> bool:
        return self._count >= MOST_REFUSALS
