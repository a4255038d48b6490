"""The three servers as processes: started, found again, killed, refused."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from embedded import Endpoints, Stack, processes
from ingest.errors import StoreError

SERVERS = ("postgres", "gcs", "bigquery")


def python(code: str, root: Path) -> subprocess.Popen:
    """Run code in a process of its own, with `stack` being the stack at `root`."""
    setup = "import os, sys; from pathlib import Path; from embedded import Stack; stack = Stack(Path(sys.argv[1]))\n"
    return subprocess.Popen([sys.executable, "-c", setup + code, str(root)], stdout=subprocess.PIPE, text=True)


def records(stack: Stack) -> dict[str, dict]:
    return json.loads((stack.root / "servers.json").read_text())


def connect(endpoints: Endpoints, **changes) -> psycopg.Connection:
    parameters = {
        "host": endpoints.postgres_host,
        "port": endpoints.postgres_port,
        "user": endpoints.postgres_user,
        "password": endpoints.postgres_password,
        "dbname": endpoints.postgres_dbname,
    }
    return psycopg.connect(**(parameters | changes))


def test_servers_outlive_a_killed_starter_and_the_next_start_reuses_them(stack, running):
    stack.stop()
    assert python("stack.start(); os.kill(os.getpid(), 9)", stack.root).wait() == -signal.SIGKILL
    left = records(stack)
    assert stack.running() is not None
    assert stack.start() == running  # and on the ports of the time before
    assert records(stack) == left


@pytest.mark.parametrize("name", SERVERS)
def test_a_killed_server_comes_back_on_its_port_with_its_data(stack, running, warehouse, name):
    with connect(running) as connection:
        connection.execute("create table if not exists kept (n int)")
        connection.execute("truncate kept")
        connection.execute("insert into kept values (42)")
    warehouse.query("create table {ds}.kept as select 42 as n")
    warehouse.bucket.blob("kept").upload_from_string("42")
    before = records(stack)

    os.kill(before[name]["pid"], signal.SIGKILL)
    assert processes.wait_until(lambda: stack.running() is None, 5)
    assert stack.start() == running

    warehouse.client.close()  # its open connection; it would retry on that for 10 s
    after = records(stack)
    assert [server for server in SERVERS if after[server] != before[server]] == [name]
    with connect(running) as connection:
        assert connection.execute("select n from kept").fetchall() == [(42,)]
    assert warehouse.query("select n from {ds}.kept") == [(42,)]
    assert warehouse.bucket.blob("kept").download_as_text() == "42"


def test_bigquerys_next_start_gives_back_the_space_of_replaced_rows_and_old_results(stack, running, warehouse):
    for n in range(4):
        warehouse.query(f"create or replace table {{ds}}.t as select {n} as n")
    folder = stack.root / "bigquery" / running.project / warehouse.dataset
    assert len(list(folder.rglob("*.parquet"))) == 4
    job = warehouse.job("select 1")
    job.result()
    os.kill(records(stack)["bigquery"]["pid"], signal.SIGKILL)
    stack.start()
    warehouse.client.close()  # its open connection; it would retry on that for 10 s
    assert len(list(folder.rglob("*.parquet"))) == 1
    assert warehouse.query("select n from {ds}.t") == [(3,)]
    assert job.job_id not in {old.job_id for old in warehouse.client.list_jobs()}


def stop_processes(stack: Stack) -> None:
    """SIGSTOP for all three servers, Postgres' sessions among them."""
    for name in SERVERS:
        for pid in {records(stack)[name]["pid"], *processes.working_in(stack.root / name)}:
            with suppress(ProcessLookupError):  # a session of Postgres may end by itself
                os.kill(pid, signal.SIGSTOP)


def test_servers_that_somebody_stopped_go_on_at_the_next_start(stack, running):
    before = records(stack)
    stop_processes(stack)
    assert stack.start() == running
    assert records(stack) == before, "no other processes"
    with connect(running) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_servers_that_somebody_stopped_end_politely(stack, running):
    stop_processes(stack)
    began = time.monotonic()
    stack.stop()
    assert time.monotonic() - began < 30, "the patience with a Postgres that does not end is a minute"
    assert "database system is shut down" in (stack.root / "log" / "postgres.log").read_text()


def test_servers_listen_on_loopback_only(stack, running):
    heard = set()
    for record in records(stack).values():
        server = psutil.Process(record["pid"])
        for process in (server, *server.children(recursive=True)):
            listening = [one for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
            assert {one.laddr.ip.removeprefix("::ffff:") for one in listening} <= {"127.0.0.1"}
            heard |= {one.laddr.port for one in listening}
    assert heard >= {record["port"] for record in records(stack).values()}


def test_postgres_wants_the_password(running):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(running, password="another")
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        connect(running, password="", passfile=os.devnull)


def test_the_password_is_nowhere_that_others_could_read_it(stack, running):
    assert stat.S_IMODE(stack.root.stat().st_mode) == 0o700
    for file in ("servers.json", "postgres.password", "bigquery.token"):
        assert stat.S_IMODE((stack.root / file).stat().st_mode) == 0o600
    assert running.postgres_password not in repr(running)
    assert running.bigquery_token not in repr(running)
    assert running.bigquery_token not in " ".join(psutil.Process(records(stack)["bigquery"]["pid"]).cmdline())
    assert running.postgres_password not in " ".join(psutil.Process(records(stack)["postgres"]["pid"]).cmdline())
    assert running.postgres_password not in (stack.root / "servers.json").read_text()


def test_postgres_is_durable(running):
    with connect(running) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert connection.execute(f"show {setting}").fetchone() == ("on",)


@pytest.mark.parametrize("name", SERVERS)
def test_a_port_in_use_is_refused_by_its_settings_name_and_nothing_is_left_running(empty_root, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stack = Stack(empty_root, {name: taken.getsockname()[1]})
        with pytest.raises(StoreError, match=f"{name}_port is {taken.getsockname()[1]}") as refused:
            stack.start()
    assert f"{name}_port" in refused.value.next_step
    assert all(processes.find(server.mark) is None for server in stack.servers)


def test_a_port_asked_for_is_used_and_a_running_server_moves_to_it(empty_root):
    first = Stack(empty_root).start(("gcs",)).gcs_url
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    second = Stack(empty_root, {"gcs": port}).start(("gcs",)).gcs_url
    assert (first != second, second) == (True, f"http://127.0.0.1:{port}")


def test_a_last_port_that_another_program_took_gives_way(empty_root):
    stack = Stack(empty_root)
    last = stack.start(("gcs",)).gcs_url
    stack.stop()
    with socket.create_server(("127.0.0.1", int(last.rpartition(":")[2]))):
        assert stack.start(("gcs",)).gcs_url != last


def test_a_recorded_process_that_is_not_ours_is_neither_reused_nor_ended(empty_root):
    stack = Stack(empty_root)
    with (
        subprocess.Popen(["sleep", "60"]) as stranger,
        socket.create_server(("127.0.0.1", 0)) as taken,
    ):
        empty_root.mkdir()
        record = {"port": taken.getsockname()[1], "pid": stranger.pid}
        (empty_root / "servers.json").write_text(json.dumps(dict.fromkeys(SERVERS, record)))
        assert stack.running() is None
        assert stack.start(("gcs",)).gcs_url != f"http://127.0.0.1:{record['port']}"
        stack.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_two_starters_at_once_start_each_server_once(empty_root):
    with ThreadPoolExecutor() as both:
        starters = [python("print(stack.start(('postgres', 'gcs')))", empty_root) for _ in range(2)]
        one, other = both.map(lambda starter: starter.communicate()[0], starters)
    assert one == other != ""


def test_ctrl_c_in_the_middle_of_a_start_leaves_nothing_running_and_the_next_start_works(empty_root):
    stack = Stack(empty_root)
    starter = python("stack.start()", empty_root)
    assert processes.wait_until(lambda: processes.find(stack.servers[0].mark), 10)
    starter.send_signal(signal.SIGINT)
    assert starter.wait(20) != 0
    assert all(processes.find(server.mark) is None for server in stack.servers)
    with connect(stack.start(("postgres",))) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_failing_start_quotes_the_end_of_its_log(empty_root):
    stack = Stack(empty_root)
    stack.start(("postgres",))
    stack.stop()
    (empty_root / "postgres" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(StoreError, match=r"postgres server ended .*/log/postgres.log") as failure:
        stack.start(("postgres",))
    assert "initialized by PostgreSQL version 9.6" in failure.value.what
    assert "make down" in failure.value.next_step


def test_asking_whether_they_run_imports_nothing_heavy(stack, running):
    code = """
assert stack.running()
print(*sorted({"asyncio", "duckdb", "google.cloud.bigquery", "psycopg", "pyarrow"} & set(sys.modules)))
"""
    asking = python(code, stack.root)
    assert asking.communicate()[0].split() == []
    assert asking.returncode == 0


def test_nothing_runs_where_nothing_was_started(empty_root):
    stack = Stack(empty_root)
    assert stack.running() is None
    stack.stop()
    assert not empty_root.exists()


def test_a_stop_ends_every_process_and_keeps_the_ports(empty_root):
    stack = Stack(empty_root)
    stack.start(("postgres", "gcs"))
    pids = [record["pid"] for record in records(stack).values()]
    started = time.monotonic()
    stack.stop()
    assert time.monotonic() - started < 10
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)
    assert all(record["port"] and not record["pid"] for record in records(stack).values())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs user namespaces")
def test_root_without_user_namespaces_is_told_what_to_do(empty_root, tmp_path, monkeypatch):
    (tmp_path / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(StoreError, match="refuses to run as root") as refused:
        Stack(empty_root).start(("postgres",))
    assert "ordinary user" in refused.value.next_step
