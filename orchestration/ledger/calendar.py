"""When the source published each file month, and which months it was last found not to have."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from orchestration.ledger.records import MonthKey
from orchestration.ledger.session import Session


class Calendar:
    """Reads and writes taxi_ledger.publication_dates. No lease is needed: the earliest date wins, whoever writes it."""

    def __init__(self, session: Session):
        self._session = session

    def all(self) -> dict[MonthKey, datetime | None]:
        """When each month was published; None for one that the source did not have, and that never landed."""
        rows = self._session.all(
            "select service_type, file_month, published_at from taxi_ledger.publication_dates as known"
            " where published_at is not null or not exists (select from taxi_ledger.months as landed"
            " where landed.rows is not null"
            " and (landed.service_type, landed.file_month) = (known.service_type, known.file_month))"
        )
        return {(row["service_type"], row["file_month"]): row["published_at"] for row in rows}

    def record(self, published: Mapping[MonthKey, datetime], missing: Iterable[MonthKey]) -> None:
        """The source stated these dates, and has no file of the `missing` months.

        A month that is published again keeps its first date.
        """
        answers: dict[MonthKey, datetime | None] = {**dict.fromkeys(missing), **published}
        if not answers:
            return
        with self._session.writing() as cursor:
            cursor.executemany(
                "insert into taxi_ledger.publication_dates as known (service_type, file_month, published_at)"
                " values (%s, %s, %s) on conflict (service_type, file_month) do update set"
                " published_at = least(known.published_at, excluded.published_at), asked_at = clock_timestamp()",
                [
                    (*key, answers[key]) for key in sorted(answers)
                ],  # in one order: two that write at once never deadlock
            )
