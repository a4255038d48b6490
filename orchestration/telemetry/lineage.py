"""A run as OpenLineage events: which files became which tables. The run is a job, and each landing and build is one.

Names of data sets are those of https://openlineage.io/docs/spec/naming.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5

import requests
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import RunFacet, parent_run
from openlineage.client.transport.http import HttpConfig, HttpTransport

from ingest.datasets import DATASETS
from ingest.lake import object_name
from ingest.months import parse_month
from ingest.postgres import RAW_SCHEMA
from orchestration.events.events import AnyEvent, StepEnded, StepStarted
from orchestration.steps import INGEST
from orchestration.telemetry.built import built_by, warehouse_of
from orchestration.telemetry.telemetry import SECONDS, ObservedRun

NAMESPACE = "nyc-taxi-elt"
_PRODUCER = "urn:nyc-taxi-elt"
Name = tuple[str, str]
"""Of a data set: its namespace, and its name there."""


class Lineage:
    """An observer; `send` takes an event."""

    def __init__(self, run: ObservedRun, send: Callable[[RunEvent], None]):
        self._run = run
        self._send = send
        self._id = str(uuid5(NAMESPACE_URL, f"{NAMESPACE}/{run.run_id}"))
        self._at_work: dict[tuple[str, str], str] = {}
        self._read: set[Name] = set()
        self._written: set[Name] = set()
        self._emit(RunState.START, self._id, "run")

    def __call__(self, event: AnyEvent) -> None:
        """Tell of a landing's or build's beginning or end."""
        match event:
            case StepStarted(step=step, subject=subject) if step == INGEST.name or warehouse_of(step):
                self._at_work[step, subject] = str(uuid4())
                self._emit(RunState.START, self._at_work[step, subject], _job(step, subject))
            case StepEnded(step=step, subject=subject, error=error) if (step, subject) in self._at_work:
                read, written = self._data_of(step, subject)
                written = set() if error else written
                self._read |= read
                self._written |= written
                state = RunState.FAIL if error else RunState.COMPLETE
                self._emit(state, self._at_work.pop((step, subject)), _job(step, subject), read, written)

    def ended(self, error: str) -> None:
        """The run is over: all that it read, and all that it wrote."""
        for (step, subject), run_id in self._at_work.items():
            self._emit(RunState.FAIL, run_id, _job(step, subject))
        self._emit(RunState.FAIL if error else RunState.COMPLETE, self._id, "run", self._read, self._written)

    def _data_of(self, step: str, subject: str) -> tuple[set[Name], set[Name]]:
        run = self._run
        if step == INGEST.name:
            dataset, month = DATASETS[subject.split()[0]], parse_month(subject.split()[1])
            raw = (run.postgres, f"{run.dbname}.{RAW_SCHEMA}.{dataset.table}")
            lake = (f"gs://{run.bucket}", object_name(dataset, month))
            return {_file(run.source, dataset.file_path(month))}, {raw, lake}
        is_postgres = warehouse_of(step) == "postgres"
        stores = run.postgres if is_postgres else f"gs://{run.bucket}"
        landed = {one for one in self._written if one[0] == stores and _is_of(one[1], is_postgres, subject)}
        relations = {one.relation for one in built_by(run.folder, step, subject) if one.relation and not one.error}
        return landed, {(run.postgres if is_postgres else "bigquery", relation) for relation in relations}

    def _emit(
        self, state: RunState, run_id: str, job: str, read: Iterable[Name] = (), written: Iterable[Name] = ()
    ) -> None:
        parent = parent_run.ParentRunFacet(parent_run.Run(self._id), parent_run.Job(NAMESPACE, "run"))
        facets: dict[str, RunFacet] = {} if run_id == self._id else {"parent": parent}
        self._send(
            RunEvent(
                eventTime=datetime.now(UTC).isoformat(),
                producer=_PRODUCER,
                eventType=state,
                run=Run(run_id, facets),
                job=Job(NAMESPACE, job),
                inputs=[InputDataset(*name) for name in sorted(read)],
                outputs=[OutputDataset(*name) for name in sorted(written)],
            )
        )


def sending_events(url: str) -> Callable[[RunEvent], None]:
    """What sends an event to this address; it raises OSError where it is not taken."""
    transport = HttpTransport(HttpConfig(url, endpoint="", timeout=SECONDS, retry={"total": 0}))

    def send(event: RunEvent) -> None:
        try:
            transport.emit(event)
        except requests.HTTPError as error:
            answer = error.response
            raise OSError("it refuses them" if answer is None else f"it answers {answer.status_code}") from None
        except requests.RequestException:  # whose text is for programmers
            raise OSError("it does not answer") from None

    return send


def _job(step: str, subject: str) -> str:
    """'ingest green', 'dbt on postgres': the same for all months."""
    return f"{step} {subject.split()[0]}" if step == INGEST.name else step


def _file(source: str, path: str) -> Name:
    if "://" not in source:
        return "file", f"{source}/{path}"
    parts = urlsplit(source)
    return f"{parts.scheme}://{parts.netloc}", f"{parts.path}/{path}".lstrip("/")


def _is_of(name: str, is_postgres: bool, subject: str) -> bool:
    """Whether it is a raw table, or a lake's object of one of these months."""
    if is_postgres:
        return name.split(".")[1] == RAW_SCHEMA
    return any(f"file_month={month}-01/" in name for month in subject.split(", "))
