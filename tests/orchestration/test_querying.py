"""The command `sql`: what it answers, and all that it must refuse."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest

from ingest.errors import SettingError, StoreError
from orchestration.querying import check_query
from orchestration.warehouses.postgres_answers import answer_of_postgres
from tests.conftest import opened
from tests.line import Line
from tests.warehouses import bigquery_of

NO_QUERIES = [
    "",
    "-- nothing",
    "drop table kept",
    "delete from kept",
    "insert into kept values (1)",
    "update kept set a = 2",
    "truncate kept",
    "create table other as select 1",
    "select 1 into other",
    "with gone as (delete from kept returning *) select * from gone",
    "select * from kept for update",
    "copy kept to program 'touch /tmp/x'",
    "copy kept to stdout",
    "set transaction read write",
    "set transaction read write; delete from kept",
    "commit; drop table kept",
    "select 1; select 2",
    "call something()",
    "do $$ begin delete from kept; end $$",
    "explain analyze delete from kept",
    "listen kept",
    "vacuum",
    "select from where",
]
ACTING = [
    "select pg_terminate_backend(1)",
    "select PG_Terminate_Backend /* no call? */ (1)",
    'select "pg_cancel_backend"(1)',
    "select pg_catalog.pg_reload_conf()",
    "select set_config('transaction_read_only', 'off', false)",
    "select pg_advisory_lock(1)",
    "select pg_read_file('postgresql.conf')",
    "select * from pg_ls_dir('.')",
    "select lo_export(1, '/tmp/x')",
    "select nextval('numbers')",
    "select query_to_xml('delete from kept', true, true, '')",
    r"""select U&"pg\005fterminate\005fbackend"(1)""",
    "select '\\', pg_terminate_backend(1), '\\'",
    "select $$ ' $$, pg_terminate_backend(1), $$ ' $$",
]


def rows_of(dsn: str, statement: str, seconds: float = 20) -> list[tuple]:
    with answer_of_postgres(dsn, statement, seconds) as answer:
        return [row for batch in answer.batches for row in batch]


@pytest.fixture
def kept(connection: psycopg.Connection) -> psycopg.Connection:
    connection.execute("drop table if exists kept; create table kept as select generate_series(1, 25000) as a")
    connection.execute("create sequence if not exists numbers")
    return connection


@pytest.mark.parametrize("statement", NO_QUERIES)
def test_anything_but_a_single_query_is_refused_before_a_server_is_asked(statement: str):
    for warehouse in ("postgres", "bigquery"):
        with pytest.raises(SettingError):
            check_query(statement, warehouse)


@pytest.mark.parametrize(
    "statement", ["select 1", "select 1;", "select 1; -- one", "with a as (select 1) select * from a", "values (1)"]
)
def test_queries_with_a_semicolon_a_comment_or_a_with_are_taken(statement: str):
    check_query(statement, "postgres")


@pytest.mark.parametrize("statement", ACTING)
def test_functions_that_may_act_are_refused_however_they_are_written(
    dsn: str, kept: psycopg.Connection, statement: str
):
    with pytest.raises(SettingError, match="only reads"):
        rows_of(dsn, statement)


@pytest.mark.parametrize("statement", NO_QUERIES)
def test_postgres_itself_refuses_what_a_parser_might_let_through(dsn: str, kept: psycopg.Connection, statement: str):
    with pytest.raises((StoreError, SettingError)):
        rows_of(dsn, statement)
    assert kept.execute("select count(*), min(a), to_regclass('other') from kept").fetchone() == (25000, 1, None)


@pytest.mark.parametrize("body", ["pg_terminate_backend(pg_backend_pid()) is null", "pg_read_file('PG_VERSION') = ''"])
def test_a_function_that_hides_what_it_does_has_no_right_to_do_it(dsn: str, kept: psycopg.Connection, body: str):
    kept.execute(f"create or replace function honest() returns bool stable language sql as $$ select {body} $$")
    with pytest.raises(StoreError, match=r"permission denied|only roles with"):
        rows_of(dsn, "select honest()")


def test_a_function_that_writes_fails_even_where_it_says_that_it_does_not(dsn: str, kept: psycopg.Connection):
    kept.execute(
        "create or replace function immutable_delete() returns int immutable language plpgsql"
        " as $$ begin execute 'delete from kept'; return 1; end $$"
    )
    with pytest.raises(StoreError):
        rows_of(dsn, "select immutable_delete()")
    assert kept.execute("select count(*) from kept").fetchone() == (25000,)


def test_all_rows_come_in_batches_in_their_order(dsn: str, kept: psycopg.Connection):
    assert rows_of(dsn, "select a from kept order by a desc") == [(a,) for a in range(25000, 0, -1)]


def test_rows_that_nobody_takes_are_counted_and_not_sent(dsn: str, kept: psycopg.Connection):
    with answer_of_postgres(dsn, "select a from kept", 20) as answer:
        taken = len(next(answer.batches))
        assert taken + answer.count_rest() == 25000


def test_a_percent_sign_and_a_harmless_function_are_no_trouble(dsn: str):
    assert rows_of(dsn, "select 'a%b' like 'a%', random() < 2, '%s'") == [(True, True, "%s")]


def test_postgres_ends_a_query_that_takes_too_long_and_the_error_names_the_option(dsn: str):
    with pytest.raises(StoreError, match=r"Postgres did not answer within 0.3 seconds.*--seconds"):
        rows_of(dsn, "select pg_sleep(20)", 0.3)


def test_the_time_is_that_of_all_rows_together(dsn: str, kept: psycopg.Connection):
    with pytest.raises(StoreError, match="did not answer within 1 seconds"):
        rows_of(dsn, "select a, pg_sleep(0.0001) from kept", 1)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line whose servers are up, on which nothing was run."""
    root = tmp_path_factory.mktemp("asked")
    yield from opened(root / "state", root / "no_source", "")


def ask(line: Line, *arguments: str) -> str:
    return line.done("sql", *arguments).stdout


ON_POSTGRES = "select a, cast(null as text) as nothing from generate_series(1, 120) as t (a) order by a"
ON_BIGQUERY = "select a, cast(null as string) as nothing from unnest(generate_array(1, 120)) as a order by a"
WAREHOUSES = pytest.mark.parametrize(("on", "query"), [("postgres", ON_POSTGRES), ("bigquery", ON_BIGQUERY)])
SLOW_ON_BIGQUERY = pytest.mark.parametrize(
    ("on", "query"), [("postgres", ON_POSTGRES), pytest.param("bigquery", ON_BIGQUERY, marks=pytest.mark.slow)]
)


@WAREHOUSES
def test_a_table_shows_fifty_rows_and_says_how_many_it_does_not_show(line: Line, on: str, query: str):
    lines = ask(line, query, "--on", on).splitlines()
    assert (lines[0].split(), len(lines)) == (["a", "nothing"], 52)
    assert lines[-1] == "50 rows; not shown: 70. --limit shows more, --csv has all"
    assert ask(line, query, "--on", on, "--limit", "200").splitlines()[-1] == "120 rows"


def test_rows_are_shown_even_where_the_others_cannot_be_counted_in_time(line: Line):
    endless = "select generate_series(1, 1000000000000) as a"
    lines = ask(line, endless, "--on", "postgres", "--limit", "3", "--seconds", "2").splitlines()
    assert [one.strip() for one in lines[:4]] == ["a", "1", "2", "3"]
    assert lines[4].startswith("3 rows; not shown: more than could be counted in time.")


@SLOW_ON_BIGQUERY
def test_csv_json_and_parquet_have_all_rows(line: Line, tmp_path: Path, on: str, query: str):
    wanted = [(a, None) for a in range(1, 121)]
    on_stdout = list(csv.reader(io.StringIO(ask(line, query, "--on", on, "--csv"))))
    assert on_stdout == [["a", "nothing"], *([str(a), ""] for a, _ in wanted)]
    assert ask(line, query, "--csv", str(tmp_path / "rows.csv"), "--on", on) == ""
    assert list(csv.reader((tmp_path / "rows.csv").open(encoding="utf-8"))) == on_stdout
    assert [tuple(row.values()) for row in json.loads(ask(line, query, "--on", on, "--json"))] == wanted
    ask(line, query, "--on", on, "--parquet", str(tmp_path / "rows.parquet"))
    assert [tuple(row.values()) for row in pq.read_table(tmp_path / "rows.parquet").to_pylist()] == wanted
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "rows.parquet"]


@pytest.mark.slow
def test_parquet_keeps_types_and_names_that_are_there_twice(line: Line, tmp_path: Path):
    file = tmp_path / "types.parquet"
    ask(
        line,
        "select 1 as a, 1.5 as a, date '2024-01-31' as d, array[1, 2] as l",
        "--on",
        "postgres",
        "--parquet",
        str(file),
    )
    assert pq.read_table(file).to_pylist() == [
        {"a": 1, "a_2": Decimal("1.500000000"), "d": date(2024, 1, 31), "l": "[1, 2]"}
    ]


@pytest.mark.parametrize("on", ["postgres", pytest.param("bigquery", marks=pytest.mark.slow)])
def test_on_a_line_that_never_ran_a_missing_table_is_an_error_with_the_next_step(line: Line, on: str):
    result = line.run("sql", "select * from taxi_marts.daily_trips", "--on", on)
    assert result.returncode == 1
    assert "taxi_marts" in result.stderr
    assert "on a new line, run it first" in result.stderr
    assert "Traceback" not in result.stderr


def test_wrong_options_end_with_2_and_a_refusal_of_the_server_with_1(line: Line, tmp_path: Path):
    assert line.run("sql", "drop table x", "--on", "postgres").returncode == 2
    assert line.run("sql", "select 1", "--on", "mysql").returncode == 2
    assert line.run("sql", "select 1", "--on", "postgres", "--csv", "--json").returncode == 2
    file = tmp_path / "never.csv"
    assert line.run("sql", "select 1 / 0", "--on", "postgres", "--csv", str(file)).returncode == 1
    assert list(tmp_path.iterdir()) == [], "a file is there only once it is whole"


def test_what_bigquery_would_bill_above_the_setting_is_refused_and_the_setting_named(line: Line):
    for statement in ("create schema a", "create table a.one as select 1 as x", "create table a.two as select 1 as x"):
        bigquery_of(line).query_and_wait(statement)
    query = ("sql", "select count(*) as n from a.one join a.two using (x)", "--on", "bigquery", "--csv")
    assert line.done(*query).stdout == "n\n1\n"
    result = line.run(*query, TAXI_BIGQUERY_MAXIMUM_BYTES_BILLED=str(10 * 2**20))  # 10 MiB are billed for each table
    assert (result.returncode, result.stdout) == (1, "")
    assert "BigQuery refused the query: Query exceeded limit for bytes billed" in result.stderr
    assert "raise the setting bigquery_maximum_bytes_billed" in result.stderr


def test_what_bigquery_says_is_shown_without_the_request(line: Line):
    result = line.run("sql", "select nonsense from unnest([1]) as a", "--on", "bigquery")
    assert (result.returncode, "http" in result.stderr) == (1, False)
    assert "BigQuery refused the query: " in result.stderr
