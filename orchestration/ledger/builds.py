"""From which dbt project each warehouse was last built, and which BigQuery has a copy of the ledger."""

from dataclasses import dataclass

from orchestration.ledger.session import Session


@dataclass(frozen=True)
class LastBuild:
    """The last time that a warehouse was built as a whole: from which project, and the relations that it has."""

    project: str
    relations: frozenset[str]


class Builds:
    """Reads and writes taxi_ledger.builds and .publications."""

    def __init__(self, session: Session):
        self._session = session

    def last(self, warehouse: str, stores: str) -> LastBuild | None:
        """The last build of `warehouse` as a whole, beside these stores."""
        row = self._session.one(
            "select project, relations from taxi_ledger.builds where warehouse = %s and stores = %s", warehouse, stores
        )
        return LastBuild(row["project"], frozenset(row["relations"])) if row else None

    def forget(self, warehouse: str) -> None:
        """Record that a build began which changes all months: until it ends well, nobody knows what stands there."""
        self._session.write("delete from taxi_ledger.builds where warehouse = %s", warehouse)

    def add(self, warehouse: str, stores: str, project: str, relations: list[str]) -> None:
        """Record that `warehouse` was built from the whole dbt project."""
        self._session.write(
            "insert into taxi_ledger.builds (warehouse, stores, project, relations, run_id)"
            " values (%s, %s, %s, %s, %s) on conflict (warehouse) do update set stores = excluded.stores,"
            " project = excluded.project, relations = excluded.relations, run_id = excluded.run_id, built_at = now()",
            warehouse, stores, project, relations, self._session.run_id,
        )  # fmt: skip

    def is_published(self, stores: str) -> bool:
        """Whether the BigQuery of `stores` has been given the present state of every file month."""
        last = "select change_number from taxi_ledger.publications where stores = %s"
        newer = f"select from taxi_ledger.months where change_number > coalesce(({last}), 0)"
        row = self._session.one(f"select not exists ({newer}) as is_published", stores)
        return bool(row and row["is_published"])

    def set_published(self, stores: str, change_number: int) -> None:
        """The BigQuery of `stores` has a copy of the ledger with all changes up to this one."""
        self._session.write(
            "insert into taxi_ledger.publications (stores, change_number) values (%s, %s)"
            " on conflict (stores) do update set change_number = excluded.change_number, published_at = now()",
            stores, change_number,
        )  # fmt: skip
