"""What the ledger keeps of a run's steps."""

import os
from contextlib import suppress

import psycopg

from orchestration.ledger.ledger import Ledger


def test_a_month_that_is_built_again_alone_is_at_its_second_attempt(connection: psycopg.Connection):
    runs = Ledger(connection).runs
    run = runs.start("a test", "local", "nowhere")
    for subject in ("2024-01, 2024-02", "2024-01", "2024-03"):
        with runs.step("dbt on postgres", subject, "postgres", "dbt.log"):
            pass
    with runs.step("publish the ledger"), runs.step("publish the ledger"):
        pass
    attempts = [(one.months, one.attempt) for one in runs.steps_of(run)]
    assert attempts == [(["2024-01", "2024-02"], 1), (["2024-01"], 2), (["2024-03"], 1), ([], 1), ([], 1)]
    assert {one.pid for one in runs.steps_of(run)} == {os.getpid()}


def test_a_run_was_billed_what_its_steps_were_billed_whether_they_failed_or_not(connection: psycopg.Connection):
    runs = Ledger(connection).runs
    run = runs.start("a test", "local", "nowhere")
    with runs.step("ingest", "green 2024-01"):
        pass
    assert runs.get(run).bytes_billed is None, "BigQuery was not asked"
    with runs.step("dbt on bigquery", "2024-01") as figures:
        figures.bill(20)
        figures.bill(10)
    with suppress(ValueError), runs.step("reconcile", "2024-01") as figures:
        figures.bill(5)
        raise ValueError("torn")
    assert [one.bytes_billed for one in runs.steps_of(run)] == [None, 30, 5]
    assert runs.get(run).bytes_billed == 35
