"""`tick --print`: ready files for what calls a tick: systemd, cron, GitHub Actions, Cloud Run."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path


class Caller(StrEnum):
    """What can call a tick."""

    SYSTEMD = "systemd"
    CRON = "cron"
    GITHUB = "github"
    CLOUD_RUN = "cloud-run"


def unit_file(caller: Caller, root: Path, profile: str) -> str:
    """The file, for the project in `root` and this Python, once an hour at 17 minutes past."""
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(root / 'orchestrate.py'))} tick --profile {profile}"
    match caller:
        case Caller.SYSTEMD:
            return _SYSTEMD.format(root=root, command=command)
        case Caller.CRON:
            return f"17 * * * * cd {shlex.quote(str(root))} && {command}\n"
        case Caller.GITHUB:
            return _GITHUB.format(profile=profile)
        case Caller.CLOUD_RUN:
            return _CLOUD_RUN.format(profile=profile)


_SYSTEMD = """\
# ~/.config/systemd/user/taxi-tick.service
[Unit]
Description=NYC taxi ELT: look for new and republished months

[Service]
Type=oneshot
WorkingDirectory={root}
ExecStart={command}

# ~/.config/systemd/user/taxi-tick.timer
# Start it: systemctl --user enable --now taxi-tick.timer
[Unit]
Description=NYC taxi ELT, every hour

[Timer]
OnCalendar=*:17
Persistent=true

[Install]
WantedBy=timers.target
"""

_GITHUB = """\
# .github/workflows/tick.yml
name: tick
on:
  schedule:
    - cron: "17 * * * *"
concurrency: tick
jobs:
  tick:
    runs-on: ubuntu-24.04
    timeout-minutes: 350
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      - run: pip install --require-hashes --no-deps -r requirements/base.txt
      - run: python orchestrate.py tick --profile {profile} --json
        env:
          TAXI_POSTGRES_URL: ${{{{ secrets.TAXI_POSTGRES_URL }}}}
"""

_CLOUD_RUN = """\
# Make the job once, from an image that holds this project; then have Cloud Scheduler call it.
gcloud run jobs create taxi-tick --image=IMAGE --region=REGION --max-retries=0 --task-timeout=24h \\
  --set-secrets=TAXI_POSTGRES_URL=taxi-postgres-url:latest --command=python \\
  --args=orchestrate.py,tick,--profile,{profile}
gcloud scheduler jobs create http taxi-tick --location=REGION --schedule="17 * * * *" --http-method=POST \\
  --uri="https://run.googleapis.com/v2/projects/PROJECT/locations/REGION/jobs/taxi-tick:run" \\
  --oauth-service-account-email=ACCOUNT
"""
