"""The least that a source across a network has to do."""

from dataclasses import dataclass

from ingest.time_limits import CONNECT


@dataclass(frozen=True)
class Pace:
    """The least that a server has to do."""

    seconds: float = 30.0
    """Its longest silence, the longest time for an answer's headers, and the time over which the rate is measured."""
    minimum_rate: float = 10_000.0
    """Bytes a second of an answer's body; 0: any."""

    @property
    def timeout(self) -> tuple[float, float]:
        """As requests takes it: to connect, and of each read."""
        return CONNECT, self.seconds
