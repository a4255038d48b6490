"""The three servers together: started, found again, stopped."""

import time
from collections.abc import Collection
from pathlib import Path

from embedded import ports, processes, state
from embedded.bigquery import BigQuery
from embedded.endpoints import HOST, POSTGRES_DBNAME, POSTGRES_USER, PROJECT, Endpoints
from embedded.gcs import CloudStorage
from embedded.postgres import Postgres
from embedded.server import Server
from embedded.state import Record
from ingest.errors import StoreError
from ingest.waiting import waiting_for

START_SECONDS = 120.0  # 3 to 5 s are usual, and on a machine with 20 times the work it can do 60
PROBE_SECONDS = 30.0  # how long a busy server may take to answer before it counts as hung


class Stack:
    """Postgres, Cloud Storage and BigQuery on loopback, with their data under `root`.

    `ports` may fix some of the ports, by the keys postgres, gcs and bigquery. The others are the ones used last time
    where these are still free, so that what people noted for psql or dbt stays valid, and otherwise any free ones.

    `rules` are those of `embedded.contract` that BigQuery follows when it is started; one that runs keeps its own.
    """

    def __init__(self, root: Path, ports: dict[str, int] | None = None, rules: Collection[str] = ()):
        self.root = Path(root).resolve()
        self.asked = {name: port for name, port in (ports or {}).items() if port}
        self.postgres, self.bigquery = Postgres(self.root), BigQuery(self.root, rules)
        # The slowest to start comes first. Postgres comes last: it may have to make its data folder before.
        self.servers: list[Server] = [self.bigquery, CloudStorage(self.root), self.postgres]

    def start(self, names: Collection[str] = ("postgres", "gcs", "bigquery")) -> Endpoints:
        """Make those named run, and return when they answer. What runs and answers already is left as it is.

        Of a server that was never started, the port is 0 and the URL empty.

        Raises StoreError: a port asked for is in use, or a server does not start (with the end of its log). Of what
        this call started, nothing is left running then, nor after a ctrl-C.
        """
        with state.locked(self.root):
            records = state.read(self.root)
            missing = []
            try:
                missing = [one for one in self.servers if one.name in names and not self._reuse(one, records)]
                for server in missing:
                    self._end(server, records)
                for server in missing:
                    records[server.name] = Record(self._choose(server, records))
                for server in missing:
                    self._launch(server, records)
                with waiting_for(f"the embedded servers to start: {', '.join(server.name for server in missing)}"):
                    self._wait(missing, records)
            except BaseException:
                time.sleep(0.05)  # one that was interrupted while being made may not have its command line yet
                for server in missing:
                    self._end(server, records)
                raise
            return self._endpoints(records)

    def stop(self, hurried: bool = False) -> None:
        """End the servers that run, politely, so that they write down what they hold in memory.

        `hurried`: those that a kill does no harm are given a second to end what they are at.
        """
        if not self.root.exists():
            return
        with state.locked(self.root):
            records = state.read(self.root)
            self.tell_to_stop()
            for server in self.servers:
                self._end(server, records, hurried)
            if records:
                state.write(self.root, {name: Record(record.port) for name, record in records.items()})

    def tell_to_stop(self) -> None:
        """Have the servers that run end, without waiting for it."""
        records = state.read(self.root)
        for server in self.servers:
            record = records.get(server.name)
            if record and processes.lives(record.pid, server.mark):
                processes.tell(record.pid, server.stop_signal)

    def running(self, names: Collection[str] = ("postgres", "gcs", "bigquery")) -> Endpoints | None:
        """Where those named answer, or None if not all of them do. Takes milliseconds, and starts nothing."""
        records = state.read(self.root)
        for server in (one for one in self.servers if one.name in names):
            record = records.get(server.name)
            if not record or not processes.lives(record.pid, server.mark) or not ports.accepts(record.port):
                return None
        return self._endpoints(records)

    def _reuse(self, server: Server, records: dict[str, Record]) -> bool:
        record = records.get(server.name)
        if record is None or record.port != self.asked.get(server.name, record.port):
            return False

        def lives() -> bool:
            return processes.lives(record.pid, server.mark)

        if not lives():
            return False
        processes.resume(record.pid, server.folder)
        with waiting_for(f"the embedded {server.name} server to answer"):
            settled = processes.wait_until(lambda: not lives() or server.is_ready(record.port, 1.0), PROBE_SECONDS)
        return settled and lives()

    def _launch(self, server: Server, records: dict[str, Record]) -> None:
        port = records[server.name].port
        server.prepare()
        records[server.name] = Record(port, processes.spawn(server.command(port), server.environment(), server.log))
        state.write(self.root, records)  # at once: if we are killed now, the next start finds it

    def _choose(self, server: Server, records: dict[str, Record]) -> int:
        last = records.get(server.name)
        port = self.asked.get(server.name) or (last and last.port) or ports.any_free()
        others = {record.port for name, record in records.items() if name != server.name}
        if ports.is_free(port) and port not in others:
            return port
        if server.name not in self.asked:
            return ports.any_free()
        raise StoreError(
            f"{server.setting} is {port}, and that port is in use",
            f"Set {server.setting} to another port, or end the program that uses it",
        )

    def _wait(self, started: list[Server], records: dict[str, Record]) -> None:
        waiting, deadline = list(started), time.monotonic() + START_SECONDS
        while waiting:
            for server in list(waiting):
                record = records[server.name]
                lives = processes.lives(record.pid, server.mark)
                if lives and server.is_ready(record.port, 1.0):
                    waiting.remove(server)
                elif not lives or time.monotonic() > deadline:
                    trouble = "does not answer" if lives else "ended as soon as it was started"
                    raise StoreError(
                        f"The embedded {server.name} server {trouble}; its log {server.log} ends:\n"
                        f"{processes.tail(server.log)}\n",
                        "If the log does not tell what to do, run `make down` and try again",
                    )
            time.sleep(0.02)

    def _end(self, server: Server, records: dict[str, Record], hurried: bool = False) -> None:
        pid = records[server.name].pid if server.name in records else 0
        processes.wait_until(lambda: not processes.is_dying(pid), 10.0)
        if not processes.lives(pid, server.mark):
            pid = processes.find(server.mark)
        if pid:
            patience = server.hurried_patience if hurried else server.stop_patience
            processes.resume(pid, server.folder)
            with waiting_for(f"the embedded {server.name} server to end"):
                processes.end(pid, server.mark, server.stop_signal, patience)

    def _endpoints(self, records: dict[str, Record]) -> Endpoints:
        return Endpoints(
            postgres_host=HOST,
            postgres_port=records["postgres"].port if "postgres" in records else 0,
            postgres_user=POSTGRES_USER,
            postgres_password=self.postgres.password(),
            postgres_dbname=POSTGRES_DBNAME,
            gcs_url=_url(records.get("gcs")),
            bigquery_url=_url(records.get("bigquery")),
            bigquery_token=self.bigquery.token(),
            project=PROJECT,
        )


def _url(record: Record | None) -> str:
    """Where a server answers, or '' if it was never started."""
    return f"http://{HOST}:{record.port}" if record else ""
