"""Every gcloud command of docs/gcp.md and of `tick --print`, in the eyes of gcloud's own parser: it asks no server."""

import json
import re
import shutil
import subprocess

import pytest

from orchestration.cli.unit_files import Caller, unit_file
from orchestration.settings import ROOT

pytestmark = [
    pytest.mark.slow,  # more than a second each
    pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed"),
]
ACCOUNT = "taxi-line@my-project.iam.gserviceaccount.com"
VALUES = {"PROJECT": "my-project", "REGION": "us-central1", "BUCKET": "my-lake", "IMAGE": "image:1", "PASSWORD": "x"}
VALUES |= {"LINE": ACCOUNT, "READER": ACCOUNT, "SCHEDULER": ACCOUNT}


def commands() -> list[str]:
    """With values for the shell's variables, and without what comes after a pipe or another command."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "gcp.md").read_text(), re.DOTALL)
    lines = "\n".join([*blocks, unit_file(Caller.CLOUD_RUN, ROOT, "gcp")]).replace("\\\n", " ").splitlines()
    found = [
        match[0]
        for line in lines
        if not line.startswith("#") and (match := re.search(r"gcloud (?:'[^']*'|\"[^\"]*\"|[^'\"|)])*", line))
    ]
    return [re.sub(r"\$\{?([A-Z]+)(%%/\*\})?", lambda name: VALUES[name[1]], one).strip() for one in found]


def error_of(command: str) -> str:
    lint = ["gcloud", "meta", "lint-gcloud-commands", f"--command-string={command}"]
    result = subprocess.run(lint, capture_output=True, text=True, check=False)
    (said,) = json.loads(result.stdout)
    return "" if said["success"] else said["error_message"]


@pytest.mark.parametrize("command", commands(), ids=lambda command: " ".join(command.split()[:5]))
def test_gcloud_takes_the_line(command: str):
    error = error_of(command)
    if "Invalid choice: 'POSTGRES_18'" in error:  # a gcloud of 2025
        error = error_of(command.replace("POSTGRES_18", "POSTGRES_17"))
    assert error == ""
