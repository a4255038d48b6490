"""Has dbt build a set of file months, in a process of its own, which gives its memory back when it ends."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import date
from pathlib import Path

import yaml

from ingest.errors import StoreDownError, TaxiError, first_line
from ingest.waiting import Guard, Wait, waiting_for
from orchestration import interrupts
from orchestration.ledger.deadline import Deadline
from orchestration.plan.reasons import Models
from orchestration.settings import ROOT
from orchestration.warehouses.dbt_artifacts import DbtResult, read_result
from orchestration.warehouses.dbt_faults import is_of_the_server, is_passing, next_step
from orchestration.warehouses.dbt_process import DbtProcess

# Unit tests are about the code, not the data: CI runs them. `test` follows the option for builds without tests.
_BUILD = ("build", "--exclude-resource-type", "unit_test")
_SERVERS = {"postgres": "Postgres", "bigquery": "BigQuery"}

DBT_LOG = "dbt.log"
"""Its name in the folder of a build."""

# What the ledger needs, whatever the setting dbt_select leaves out.
_ALWAYS = ("+fct_trips", "+fct_rejected_trips", "+dim_zones")

# In which a dbt that has no more to do ends.
_SECONDS_TO_END = 20
# In which one that is interrupted cancels what it has under way on the warehouses.
_SECONDS_TO_CANCEL = 2


class DbtError(TaxiError):
    """dbt ended with errors or failing tests (`is_about_the_data`), or could not run at all."""

    def __init__(self, what: str, next_step: str, is_about_the_data: bool):
        super().__init__(what, next_step)
        self.is_about_the_data = is_about_the_data
        self.is_passing = not is_about_the_data and is_passing(what)


class Dbt:
    """dbt, for the time of a `with`. It runs in `process` if one was started already, otherwise in a new one.

    `environment` are the variables by which profiles.yml finds the warehouses, the password among them; by their
    `heartbeats`, one each, it is stopped when its warehouse hangs. When `deadline` has passed, it kills itself.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        heartbeats: Mapping[str, Guard] | None = None,
        deadline: Deadline | None = None,
        process: DbtProcess | None = None,
    ):
        self._environment = environment
        self._heartbeats = heartbeats or {}
        self._deadline = deadline
        self._process = process or DbtProcess(deadline)
        self._entered = ExitStack()
        self._read_into: dict[str, Path] = {}  # by target, until it is built on

    def __enter__(self) -> "Dbt":
        self._entered.enter_context(interrupts.at_once(lambda: self._process.kill()))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._entered:
            try:
                if not kind:
                    self._process.finish(_SECONDS_TO_END)
                elif not issubclass(kind, interrupts.Stopped):  # then it must not write any more
                    self._process.interrupt(_SECONDS_TO_CANCEL)
            finally:
                self._process.close()

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def read(self, target: str, folder: Path, parse_cache: Path) -> None:
        """Have dbt read the project for the first build on `target`, while the caller is at something else.

        `folder` receives its log, and no manifest: to write one takes as long as to read the project. Where that cannot
        be read, the build says so.
        """
        self._read_into[target] = folder / "target"
        arguments = [*_logging(folder), "--no-write-json", "parse", *_project(target, folder / "target", parse_cache)]
        with suppress(OSError):  # it has ended: the build starts another
            self._process.channel.send({"arguments": arguments, "environment": dict(self._environment), "read": target})

    def build(
        self,
        target: str,
        months: Sequence[date],
        folder: Path,
        parse_cache: Path,
        models: Models = Models.ALL,
        is_tested: bool = True,
        wanted: str = "",
        changed_since: Path | None = None,
        known_manifest: Path | None = None,
        on_progress: Callable[[str], None] = lambda _: None,
        on_billed: Callable[[int], None] = lambda _: None,
    ) -> DbtResult:
        """Build models on `target`, for these file months only, with all tests of the data if it `is_tested`.

        Postgres is the gate. BigQuery's tables need no tests of their own in a run where Postgres has the month: they
        are compared with the tested ones, column by column. (`dbt build` by hand tests them as well.)

        `models` names a selector of dbt_taxi/selectors.yml; those of what changed need `changed_since`, the folder with
        the manifest of the last build. `wanted` are dbt's selection criteria, as for its --select ('': all models):
        only what is in both is built, and what the ledger needs: trips, rejected trips and zones. `folder` receives
        dbt's log and artifacts (target/run_results.json and the compiled SQL). `known_manifest` is dbt's manifest from
        an earlier build of the same project. It is copied, because dbt takes half a second to write it again.
        `on_billed` is told the bytes that BigQuery billed for each model, as it ends; what it raises ends dbt.
        `parse_cache` keeps the parsed project from run to run: parsing takes seconds, reading it half of one. Raises
        DbtError that names the models and tests that failed, StoreDownError where it hangs.
        """
        arguments = [
            *_logging(folder),
            *(("--no-write-json",) if known_manifest else ()),
            *_BUILD,
            *(() if is_tested else ("test",)),
            *selection(models, wanted, changed_since),
            *_project(target, folder / "target", parse_cache),
        ]
        variables = {
            "DBT_TAXI_FILE_MONTHS": ",".join(month.isoformat() for month in months),
            # Only new months in a warehouse that was built from this project: its contracts were checked then.
            "DBT_TAXI_CONTRACTS_HOLD": "true" if models is Models.OF_MONTHS else "",
        }
        log, results = folder / DBT_LOG, folder / "target" / "run_results.json"
        wait: Wait | None = None
        results.unlink(missing_ok=True)  # of an earlier build of the same months
        try:
            with waiting_for(f"dbt on {target}", self._heartbeats.get(target), self._break_off) as wait:
                request = {
                    "arguments": arguments,
                    "environment": {**self._environment, **variables},
                    "target": target,
                    "results": str(results) if known_manifest else "",
                }
                error = self._invoke(request, wait, on_progress, on_billed)
        except (EOFError, OSError):  # of the channel, whose other end is no more
            self._process.kill()
            if wait and wait.hopeless:
                what = f"{_SERVERS[target]} failed while dbt was at work: {wait.hopeless}"
                raise StoreDownError(what, "Check the server, then run again: what has landed stays") from None
            status = self._process.status()
            ended = f"signal {-status} (9: killed, as where memory runs out)" if status < 0 else f"exit code {status}"
            what = f"dbt on {target} could not run: its process ended with {ended}"
            raise DbtError(what, f"See what it said above, if anything, and {log}", False) from None
        for written in (folder / "target", self._read_into.pop(target, folder / "target")):
            _keep_parsed(written / "partial_parse.msgpack", parse_cache)
        if error:
            raise DbtError(f"dbt on {target} could not run: {error[:600]}", next_step(error) or f"See {log}", False)
        try:
            if known_manifest:
                shutil.copyfile(known_manifest, folder / "target" / "manifest.json")
            result = read_result(folder / "target")
        except (OSError, ValueError) as failure:
            raise DbtError(f"dbt on {target} left no result: {first_line(failure)}", f"See {log}", False) from None
        if result.failed:
            for text in filter(is_of_the_server, result.failed):
                raise DbtError(f"dbt on {target}: {text}", next_step(text), False)
            shown = "; ".join(result.failed[:3]) + (" …" if len(result.failed) > 3 else "")
            raise DbtError(f"dbt on {target}: {len(result.failed)} failed: {shown}", f"See {log}", True)
        if not result.ran and not changed_since:  # which may be a comment alone
            raise DbtError(f"dbt on {target}: no model was selected", "Check the setting dbt_select", False)
        return result

    def _break_off(self, _: str) -> None:
        self._process.kill()  # it could cancel nothing on a server that hangs

    def _invoke(
        self,
        request: Mapping[str, object],
        wait: Wait,
        on_progress: Callable[[str], None],
        on_billed: Callable[[int], None],
    ) -> str:
        """Why dbt could not run, '' where it did. Raises EOFError or OSError where its process ends."""
        if self._process.has_ended:  # with a build before this one
            self._process.close()
            self._process = DbtProcess(self._deadline)
        self._process.channel.send(request)
        while "ended" not in (answer := self._process.channel.recv()):
            wait.moved()
            if "billed" in answer:
                on_billed(answer["billed"])
            else:
                on_progress(answer["progress"])
        error: str = answer["ended"]
        return error


def _logging(folder: Path) -> list[str]:
    return ["--log-level", "none", "--log-level-file", "debug", "--log-path", str(folder), "--no-use-colors"]


def _project(target: str, target_path: Path, parse_cache: Path) -> list[str]:
    cached = ["--partial-parse-file-path", str(parse_cache)] if parse_cache.is_file() else []
    project = ["--project-dir", str(ROOT / "dbt_taxi"), "--profiles-dir", str(ROOT), "--target", target]
    return [*project, "--target-path", str(target_path), *cached]


def selection(models: Models, wanted: str = "", changed_since: Path | None = None) -> list[str]:
    """dbt's options for what to build. It takes a selector or criteria, so where some are `wanted` both are crossed."""
    state = ["--state", str(changed_since)] if changed_since else []
    if not wanted:
        return [] if models is Models.ALL else ["--selector", models.value, *state]
    criteria, excluded = [*_ALWAYS, *wanted.split()], list[str]()
    if models is not Models.ALL:
        kinds, excluded = _selector(models.value)
        tests = [kind for kind in kinds if kind.startswith("test_name:")]  # of sources, which nobody has to want
        criteria = [f"{one},{kind}" for one in criteria for kind in kinds if kind not in tests] + tests
    # A test that needs a model that nobody wanted could not run.
    exclude = ["--exclude", *excluded] if excluded else []
    return ["--select", *criteria, "--indirect-selection", "buildable", *state, *exclude]


def _selector(name: str) -> tuple[list[str], list[str]]:
    """The criteria of which dbt_taxi/selectors.yml makes the union, and those that it excludes."""
    document = yaml.safe_load((ROOT / "dbt_taxi" / "selectors.yml").read_text(encoding="utf-8"))
    (definition,) = (one["definition"] for one in document["selectors"] if one["name"] == name)
    parts = definition["union"] if isinstance(definition, dict) else [definition]
    excluded = [text for part in parts if isinstance(part, dict) for text in part["exclude"]]
    return [part for part in parts if isinstance(part, str)], excluded


def _keep_parsed(written: Path, parse_cache: Path) -> None:
    if written.is_file():
        parse_cache.parent.mkdir(exist_ok=True)
        os.replace(written, parse_cache)
