"""What calls a tick: each file of deploy/ in the eyes of its own tool, and as `tick --print` has it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from orchestration.cli.unit_files import FILES, HOME, Caller, unit_file
from orchestration.plan.shares import share_of
from orchestration.settings import ROOT
from tests.deploy.terraform_files import DEPLOY

MOST_LINES = 30
# Lands side by side, once: nothing that calls ticks, so `tick --print` has no need of it.
LAND = "kubernetes/land.yaml"


@pytest.mark.parametrize("name", [name for names in FILES.values() for name in names])
def test_each_file_is_short_and_calls_a_tick(name: str):
    text = (DEPLOY / name).read_text()
    assert len(text.splitlines()) <= MOST_LINES
    assert "tick" in text


def test_every_file_of_deploy_is_printed_or_for_google_cloud():
    there = {file.relative_to(DEPLOY).as_posix() for file in DEPLOY.rglob("*") if file.is_file()}
    printed = {name for name in there if not name.startswith("gcp/") and "__pycache__" not in name}
    assert printed == {name for names in FILES.values() for name in names} | {LAND}


@pytest.mark.parametrize("caller", list(Caller))
def test_a_printed_file_is_for_this_project_and_profile(caller: Caller):
    text = unit_file(caller, Path("/srv/my taxi"), "docker")
    assert HOME not in text
    assert "gcp" not in re.sub(r"docs/gcp\.md", "", text)
    if caller in (Caller.SYSTEMD, Caller.CRON, Caller.AIRFLOW):
        assert f"{sys.executable} '/srv/my taxi/orchestrate.py' tick --profile docker" in text


def test_all_tick_at_the_same_minute():
    assert "OnCalendar=*:17" in unit_file(Caller.SYSTEMD, ROOT, "gcp")
    for caller in (Caller.CRON, Caller.GITHUB, Caller.CLOUD_RUN, Caller.KUBERNETES, Caller.AIRFLOW):
        assert "17 * * * *" in unit_file(caller, ROOT, "gcp")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path):
    service, timer = unit_file(Caller.SYSTEMD, ROOT, "gcp").split("\n# ~/.config/systemd/user/taxi-tick.timer\n")
    (tmp_path / "taxi-tick.service").write_text(service)
    (tmp_path / "taxi-tick.timer").write_text(timer)
    verify = ["systemd-analyze", "verify", str(tmp_path / "taxi-tick.timer"), str(tmp_path / "taxi-tick.service")]
    result = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_github_takes_the_workflow(tmp_path: Path):
    file = tmp_path / "tick.yml"
    file.write_text(unit_file(Caller.GITHUB, ROOT, "gcp"))
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    result = subprocess.run(check, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_workflow_installs_what_is_there():
    steps = yaml.safe_load(unit_file(Caller.GITHUB, ROOT, "gcp"))["jobs"]["tick"]["steps"]
    files = [name for step in steps for name in re.findall(r"-r (\S+)", step.get("run", ""))]
    assert files
    assert all((ROOT / name).is_file() for name in files)


@pytest.mark.parametrize("name", [*FILES[Caller.KUBERNETES], LAND])
def test_kubernetes_takes_the_job(name: str):
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="108 MB, so no requirement of development")
    job = yaml.safe_load((DEPLOY / name).read_text())
    kubernetes_validate.validate(job, "1.31", strict=True)
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)


def test_the_cron_job_writes_only_where_it_has_room():
    spec = yaml.safe_load(unit_file(Caller.KUBERNETES, ROOT, "gcp"))["spec"]
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert container["command"] == ["python", "orchestrate.py", "tick", "--profile", "gcp"]
    (state_dir,) = (one["value"] for one in container["env"] if one["name"] == "TAXI_STATE_DIR")
    (mount,) = container["volumeMounts"]
    assert Path(state_dir).is_relative_to(mount["mountPath"])
    assert [volume["name"] for volume in pod["volumes"]] == [mount["name"]]


def test_the_landers_of_kubernetes_have_all_shares_and_the_same_pod_as_a_tick():
    text = (DEPLOY / LAND).read_text()
    assert len(text.splitlines()) <= MOST_LINES
    spec = yaml.safe_load(text)["spec"]
    cron = yaml.safe_load((DEPLOY / FILES[Caller.KUBERNETES][0]).read_text())["spec"]["jobTemplate"]["spec"]
    assert spec["completionMode"] == "Indexed"
    (container,), (ticking,) = (one["template"]["spec"].pop("containers") for one in (spec, cron))
    count = spec["completions"]
    share = f"--share=$(JOB_COMPLETION_INDEX)/{count}"
    assert container.pop("command") == [*ticking.pop("command")[:2], "land", "--profile", "gcp", share]
    assert (
        share_of(share.removeprefix("--share=").replace("$(JOB_COMPLETION_INDEX)", str(count - 1)), {}).count == count
    )
    assert container | {"name": "tick"} == ticking
    assert spec["template"] == cron["template"]


LOAD = """
from airflow.dag_processing.dagbag import DagBag
bag = DagBag({folder!r})
assert not bag.import_errors, bag.import_errors
dag = bag.dags["taxi_tick"]
(task,) = dag.tasks
print(f"TASK {{task.task_id}} {{task.bash_command}} {{task.cwd}} {{dag.max_active_runs}} {{dag.catchup}}")
"""


@pytest.mark.slow
def test_airflow_loads_the_dag(tmp_path: Path):
    python = os.environ.get("AIRFLOW_PYTHON") or sys.executable
    if subprocess.run([python, "-c", "import airflow"], capture_output=True, check=False).returncode:
        pytest.skip("Airflow is not installed; AIRFLOW_PYTHON names the Python of an environment that has it")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "taxi_dag.py").write_text(unit_file(Caller.AIRFLOW, Path(HOME), "gcp"))
    result = subprocess.run(
        [python, "-c", LOAD.format(folder=str(tmp_path / "dags"))],
        env={"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(tmp_path / "home")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert f"TASK tick {sys.executable} {HOME}/orchestrate.py tick --profile gcp {HOME} 1 False" in result.stdout
