"""What the items of one check share: the servers, the names, and what is to be dropped."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestration.check.names import Names
from orchestration.settings import Settings
from orchestration.warehouses.connections import Connections

if TYPE_CHECKING:
    from google.cloud import storage  # type: ignore[attr-defined,unused-ignore]


@dataclass
class Scene:
    """Filled by the items as they pass."""

    settings: Settings
    connections: Connections
    names: Names = field(default_factory=Names.new)
    account: str = ""
    """Who we are at Google, as far as is known: an address."""
    own_bucket: "storage.Bucket | None" = None
    """Made where the bucket of the settings does not exist yet."""
    has_bucket: bool = True
    """False where there is none, and none can be made."""
    dataset: str = ""
    """BigQuery's data set that the tables are in."""
    owns_dataset: bool = True
    """False where the account may make none, and that of the raw tables is used."""
    unshared: list[str] = field(default_factory=list)
    """The line's data sets on which the account may not authorise the views of others."""
    time_type: str = "TIMESTAMP"
    """What BigQuery makes of the lake's times."""
    settled: list[str] = field(default_factory=list)
    _drops: list[tuple[str, Callable[[], object]]] = field(default_factory=list)

    @property
    def bucket(self) -> "storage.Bucket":
        """Where the objects go."""
        return self.own_bucket or self.connections.bucket

    @property
    def folder(self) -> str:
        """Of the objects, within the bucket."""
        return self.names.name

    def table(self, kind: str) -> str:
        """The full name of one of the check's tables."""
        return f"{self.connections.project}.{self.dataset}.{self.names.name}_{kind}"

    def settle(self, answer: str) -> None:
        """A question that documentation leaves open is answered."""
        self.settled.append(answer)

    def will_drop(self, what: str, drop: Callable[[], object]) -> None:
        """Say so before it is made: its making may succeed though no answer comes. `drop` minds nothing missing."""
        self._drops.append((what, drop))

    def drop_all(self, faults: tuple[type[Exception], ...]) -> list[tuple[str, Exception]]:
        """Drop what was made, the last first; returns what is left, and why."""
        left = []
        while self._drops:
            what, drop = self._drops.pop()
            try:
                drop()
            except faults as error:
                left.append((what, error))
        return left
