"""Which file months a build is about: what has landed and, where the dbt project changed, all others that are held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ingest.months import label
from orchestration.connections import Connections
from orchestration.ledger import Ledger, MonthKey
from orchestration.project import WAREHOUSES, BuildState, build_state, project_fingerprint
from orchestration.relations import existing_relations


@dataclass(frozen=True)
class Scope:
    """What is to be built, and how each warehouse stands to the project of today.

    `months` have landed and wait for it; `others` are done and are brought up to the project, where that is not what
    the warehouses were built from; `doubtful` are those whose last build failed. `held_back` says which months are in
    neither, and why. `waiting` are those of `months` that nobody asked for in this run.
    """

    states: dict[str, BuildState]
    months: list[date]
    others: list[date]
    doubtful: set[date]
    waiting: list[MonthKey]
    held_back: list[str]


class Scopes:
    """The scopes of one run. None has a month of `others` that was in one before, whatever came of it."""

    def __init__(self, connections: Connections, ledger: Ledger):
        self._connections = connections
        self._ledger = ledger
        self._tried: set[tuple[str, date]] = set()  # by which project, and which month

    def of(self, months: Sequence[date]) -> Scope:
        """The scope of a build of `months`.

        Where a warehouse is not as the dbt project would build it today, the other months that are held are brought up
        to it: else some would stand there by other rules than others, or be missing from a table made anew.
        """
        states, records = self._build_states(), self._ledger.months()
        is_changed = set(states.values()) != {"current"}
        untried = [key for key in self._held() if not self.is_tried(key[1])] if is_changed else []
        waiting = [key for key in untried if records[key].state != "done"]
        wanted = sorted({month for _, month in waiting}.union(months))
        others = sorted({month for _, month in untried} - set(wanted))
        self._tried |= {(project_fingerprint(self._connections.settings), month) for month in wanted + others}
        half = sorted(key for key, record in records.items() if record.stores_differ and key[1] in wanted + others)
        left_out = {month for _, month in half}
        if is_changed:  # what of them is done is so by the project of before
            self._ledger.set_rebuilt(sorted(left_out))
        return Scope(
            states,
            [month for month in wanted if month not in left_out],
            [month for month in others if month not in left_out],
            {month for (_, month), record in records.items() if record.is_doubtful},
            waiting,
            [
                f"{label(month)} is not built: the landing of {dataset} broke off between Postgres and the lake"
                for dataset, month in half
            ],
        )

    def is_tried(self, month: date) -> bool:
        """Whether the run has built the month, or tried to, by the project as it is now: somebody may edit it."""
        return (project_fingerprint(self._connections.settings), month) in self._tried

    def is_outdated(self) -> bool:
        """Whether a warehouse is not as the dbt project would build it today."""
        return set(self._build_states().values()) != {"current"}

    def _held(self) -> list[MonthKey]:
        """Of which the stores hold an edition, be it the last good one before a file that is bad."""
        stores = self._connections.stores
        return [key for key, record in self._ledger.months().items() if record.is_held_in(stores)]

    def _build_states(self) -> dict[str, BuildState]:
        """How each warehouse stands to the dbt project of today; `current` while nothing has landed."""
        if not self._held():
            return dict.fromkeys(WAREHOUSES, "current")
        settings, stores = self._connections.settings, self._connections.stores
        return {
            warehouse: build_state(
                settings, self._ledger, stores, warehouse, existing_relations(self._connections, warehouse)
            )
            for warehouse in WAREHOUSES
        }
