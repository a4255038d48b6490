"""Which object of the lake was measured for each file month."""

from collections.abc import Mapping

from ingest.measure import Measure
from ingest.stored_object import StoredObject
from orchestration.ledger.records import MonthKey
from orchestration.ledger.session import Session


class LakeObjects:
    """Reads and writes taxi_ledger.lake_objects."""

    def __init__(self, session: Session):
        self._session = session

    def record(self, key: MonthKey, stored: StoredObject, measure: Measure) -> None:
        """The object holds the month, and this was measured as it was written, or read back."""
        self._session.write(
            "insert into taxi_ledger.lake_objects (service_type, file_month, generation, bytes, crc32c, digest, run_id)"
            " values (%s, %s, %s, %s, %s, %s, %s) on conflict (service_type, file_month) do update set"
            " generation = excluded.generation, bytes = excluded.bytes, crc32c = excluded.crc32c,"
            " digest = excluded.digest, run_id = excluded.run_id, recorded_at = now()",
            *key, stored.generation, stored.size, stored.crc32c, measure.digest, self._session.run_id,
        )  # fmt: skip

    def holding(self, measures: Mapping[MonthKey, Measure]) -> dict[MonthKey, StoredObject]:
        """The objects that were recorded with just these measures, by file month."""
        rows = self._session.all(
            "select service_type, file_month, generation, bytes, crc32c, digest from taxi_ledger.lake_objects"
        )
        found = {(row["service_type"], row["file_month"]): row for row in rows}
        return {
            key: StoredObject(row["generation"], row["bytes"], row["crc32c"])
            for key, measure in measures.items()
            if (row := found.get(key)) and row["digest"] == measure.digest
        }
