"""`tick --print`: ready files for what calls a tick, from those of deploy/ or, where they are commands, from here."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path

from common.errors import TaxiError
from orchestration.settings import ROOT


class Caller(StrEnum):
    """What can call a tick."""

    SYSTEMD = "systemd"
    CRON = "cron"
    GITHUB = "github"
    CLOUD_RUN = "cloud-run"
    KUBERNETES = "kubernetes"
    AIRFLOW = "airflow"


FILES = {
    Caller.SYSTEMD: ("systemd/taxi-tick.service", "systemd/taxi-tick.timer"),
    Caller.GITHUB: ("github/schedule.yml",),
    Caller.KUBERNETES: ("kubernetes/cronjob.yaml",),
    Caller.AIRFLOW: ("airflow/taxi_dag.py",),
}
"""Below deploy/, for a project in HOME with a Python of its own, and the profile gcp."""

HOME = "/srv/taxi"
_COMMAND = f"{HOME}/.venv/bin/python {HOME}/orchestrate.py tick"
_PROFILES = ("--profile gcp", "--profile, gcp")


def unit_file(caller: Caller, root: Path, profile: str) -> str:
    """The file, for the project in `root` and this Python, once an hour at 17 minutes past. Raises TaxiError."""
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(root / 'orchestrate.py'))} tick"
    match caller:
        case Caller.CRON:
            return f"17 * * * * cd {shlex.quote(str(root))} && {command} --profile {profile}\n"
        case Caller.CLOUD_RUN:
            return _CLOUD_RUN.format(profile=profile)
    text = "\n".join(_read(ROOT / "deploy" / name) for name in FILES[caller])
    text = text.replace(_COMMAND, command).replace(HOME, str(root))
    for written in _PROFILES:
        text = text.replace(written, written.replace("gcp", profile))
    return text


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        what = f"{file}, which --print starts from, cannot be read: {error.strerror}"
        raise TaxiError(what, "Run this in the project's folder as it was checked out") from None


_CLOUD_RUN = """\
# Make the job once, from an image that holds this project; then have Cloud Scheduler call it. All steps: docs/gcp.md.
gcloud run jobs create taxi-tick --image=IMAGE --region=REGION --service-account=LINE_ACCOUNT \\
  --max-retries=0 --task-timeout=24h --cpu=2 --memory=2Gi \\
  --add-volume=name=scratch,type=ephemeral-disk,size=10Gi --add-volume-mount=volume=scratch,mount-path=/scratch \\
  --set-cloudsql-instances=PROJECT:REGION:taxi --set-secrets=TAXI_POSTGRES_URL=taxi-postgres-url:latest \\
  --set-env-vars=TAXI_BIGQUERY_PROJECT=PROJECT,TAXI_BIGQUERY_LOCATION=REGION \\
  --set-env-vars=TAXI_BUCKET=BUCKET,TAXI_STATE_DIR=/scratch/taxi \\
  --command=python --args=orchestrate.py,tick,--profile,{profile}
gcloud run jobs add-iam-policy-binding taxi-tick --region=REGION \\
  --member=serviceAccount:SCHEDULER_ACCOUNT --role=roles/run.invoker
gcloud scheduler jobs create http taxi-tick --location=REGION --schedule="17 * * * *" --time-zone=Etc/UTC \\
  --http-method=POST --uri="https://run.googleapis.com/v2/projects/PROJECT/locations/REGION/jobs/taxi-tick:run" \\
  --oauth-service-account-email=SCHEDULER_ACCOUNT
"""
