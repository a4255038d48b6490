"""Which older months a tick asks the source about, so that a republished one is noticed within a week."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ingest.datasets import DATASETS
from ingest.months import label
from orchestration.ledger.records import MonthRecord
from orchestration.plan.wanted import Pair

WEEK = timedelta(days=7)


def rotation(records: Sequence[MonthRecord], checked: Mapping[str, datetime], gap: timedelta) -> list[Pair]:
    """The months that were unchecked for longest: so many that, with a tick every `gap`, a week is enough for all.

    `records` are the months that landed. `checked` says when a tick last asked about one, by its name such as
    'green 2024-03'; otherwise its last change counts. After a pause no more are asked about than usual: the source is
    not stormed.
    """
    count = math.ceil(len(records) * min(gap, WEEK) / WEEK)
    longest_first = sorted(records, key=lambda one: (checked.get(name_of(one), one.updated_at), one.key))
    return [(DATASETS[record.dataset], record.month) for record in longest_first[:count]]


def name_of(record: MonthRecord) -> str:
    """Such as 'green 2024-03'."""
    return f"{record.dataset} {label(record.month)}"
