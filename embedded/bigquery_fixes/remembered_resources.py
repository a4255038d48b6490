"""Remembers what is noted of data sets, tables and the like, until something of it is noted again.

BigQuery: does not matter.
local-bigquery: asks its own tables for each table of each statement, several times: a tenth of what a job of a small
    month takes.
Changed: an answer is kept until a resource of any kind is saved or deleted.
"""

import threading
from collections.abc import Callable, Hashable
from typing import Any

from local_bigquery.catalog import metadata, row_access
from local_bigquery.resource import Resource

_MOST = 5_000  # answers: each job has a table of its own for its result, which is asked for once

_lock = threading.Lock()
_changes = 0
_answers: dict[Hashable, Any] = {}


def remembered(question: Hashable, ask: Callable[[], Any]) -> Any:
    """What `ask` returns, or returned to the same question before. Nobody changes it."""
    with _lock:
        if question in _answers:
            return _answers[question]
        before = _changes
    answer = ask()
    with _lock:
        if before == _changes:  # otherwise it may be older than the change
            if len(_answers) >= _MOST:
                _answers.clear()
            _answers[question] = answer
    return answer


def _forget() -> None:
    global _changes
    with _lock:
        _changes += 1
        _answers.clear()


def _and_forget(change: Callable[..., Any]) -> Callable[..., Any]:
    def changed(*args: Any) -> Any:
        try:
            return change(*args)
        finally:
            _forget()

    return changed


def apply() -> None:
    """Keep answers, and forget them with each change."""

    def list_(model: type[Resource], *keys: str) -> list[Resource]:
        kind = metadata.KINDS[model]
        where = metadata._where(kind, len(keys))
        ask = f"SELECT resource FROM emulator.{kind} WHERE {where}"

        def fetch() -> list[Resource]:
            return [model.model_validate_json(text) for (text,) in metadata.fetch(ask, list(keys))]

        return list(remembered((kind, *keys), fetch))

    secured_as_before = row_access.secured
    metadata.list_ = list_
    metadata.save, metadata.delete = _and_forget(metadata.save), _and_forget(metadata.delete)
    row_access.secured = lambda: remembered("secured", secured_as_before)
