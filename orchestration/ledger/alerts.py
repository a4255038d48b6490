"""The episodes of trouble in the ledger: opened, sent and closed once, however many processes look at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from common.masking import masked
from orchestration.ledger.session import Session

# An arbitrary number, unlike that of the migrations: who judges waits until another has judged.
_LOCK = 7_201_503
CLAIM = "5 minutes"
"""For so long a message is left to the process that sends it; far more than it takes."""
REMINDER = "23 hours"
"""Between messages about what is still open: a day, but for a tick that comes a minute earlier than yesterday."""
_SHOWN_DAYS = 7

_COLUMNS = (
    "alert_number as number, episode, kind, subject, what, next_step, since, opened_at, closed_at, last_sent_at,"
    " sent_count, delivered_to, delivery_error"
)


@dataclass(frozen=True)
class Trouble:
    """What should be open: `episode` is its key, `what` goes on after the subject."""

    episode: str
    kind: str
    subject: str
    what: str
    next_step: str
    since: datetime


@dataclass(frozen=True)
class AlertRecord(Trouble):
    """A row of taxi_ledger.alerts."""

    number: int
    opened_at: datetime
    closed_at: datetime | None
    last_sent_at: datetime | None
    sent_count: int
    delivered_to: list[str]
    delivery_error: str | None


class Alerts:
    """Reads and writes taxi_ledger.alerts. No lease is needed: ticks and runs by hand look side by side."""

    def __init__(self, session: Session):
        self._session = session

    def shown(self) -> list[AlertRecord]:
        """What is open, and what closed in the last week; the newest first."""
        rows = self._session.all(
            f"select {_COLUMNS} from taxi_ledger.alerts where closed_at is null"
            f" or closed_at > clock_timestamp() - interval '{_SHOWN_DAYS} days' order by closed_at is null desc,"
            " alert_number desc"
        )
        return [AlertRecord(**row) for row in rows]

    def judge(self, judge: Callable[[], tuple[Sequence[Trouble], Collection[str]]]) -> None:
        """Open and close what has to be. `judge` reads this ledger: the troubles, and episodes that stay as they are.

        No other process judges meanwhile, so nobody closes by old news what another has just opened.
        """
        with self._session.writing() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            troubles, undecided = judge()
            for one in troubles:
                cursor.execute(
                    "insert into taxi_ledger.alerts (episode, kind, subject, what, next_step, since)"
                    " values (%s, %s, %s, %s, %s, %s) on conflict (episode) where closed_at is null do update set"
                    " kind = excluded.kind, what = excluded.what, next_step = excluded.next_step",
                    (one.episode, one.kind, one.subject, masked(one.what), one.next_step, one.since),
                )
            cursor.execute(
                "update taxi_ledger.alerts set closed_at = clock_timestamp(), delivered_to = '{}',"
                " delivery_error = null, is_recovery_due = sent_count > 0 or delivered_to <> '{}'"
                " where closed_at is null and episode <> all(%s)",
                ([*(one.episode for one in troubles), *undecided],),
            )

    def claim(self) -> list[AlertRecord]:
        """The messages that are due, for the caller alone to send: new ones, reminders and recoveries."""
        rows = self._session.write(
            f"update taxi_ledger.alerts set claimed_until = clock_timestamp() + interval '{CLAIM}'"
            " where coalesce(claimed_until < clock_timestamp(), true) and case when closed_at is not null"
            " then is_recovery_due"
            f" else coalesce(last_sent_at < clock_timestamp() - interval '{REMINDER}', true) end"
            f" returning {_COLUMNS}"
        )
        return sorted((AlertRecord(**row) for row in rows), key=lambda one: one.number)

    def sent(self, claimed: AlertRecord, delivered_to: Collection[str], errors: Mapping[str, str]) -> None:
        """A claimed message reached some addresses, and others not: `errors` says why, by address.

        Where one failed the message is due again, for that address alone.
        """
        # An episode may have closed meanwhile, and those who now heard of it are to hear that too.
        closed_meanwhile = "(closed_at is not null and %s)"
        was_open = claimed.closed_at is None
        if not errors:
            self._session.write(
                "update taxi_ledger.alerts set last_sent_at = clock_timestamp(), sent_count = sent_count + 1,"
                f" delivered_to = '{{}}', delivery_error = null, claimed_until = null, is_recovery_due ="
                f" {closed_meanwhile} where alert_number = %s",
                was_open, claimed.number,
            )  # fmt: skip
            return
        self._session.write(
            "update taxi_ledger.alerts set"
            f" delivered_to = case when {closed_meanwhile} then '{{}}' else %s::text[] end,"
            " delivery_error = %s, claimed_until = null,"
            f" is_recovery_due = is_recovery_due or ({closed_meanwhile} and %s) where alert_number = %s",
            was_open, sorted({*claimed.delivered_to, *delivered_to}), masked("; ".join(errors.values())),
            was_open, bool(delivered_to), claimed.number,
        )  # fmt: skip
