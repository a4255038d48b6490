"""The roles in Terraform, in the gcloud lines and in docs/profiles.md are the same, and give what `check` asks for."""

import re
from pathlib import Path

import pytest

from orchestration.check.bigquery_lake import PREPARED
from orchestration.check.bigquery_readers import AUTHORISED
from orchestration.check.line import ITEMS
from orchestration.check.rights import RIGHTS
from tests.deploy.terraform_files import blocks, instances

DOCS = Path(__file__).parents[2] / "docs"
PROFILES, GCP = (DOCS / "profiles.md").read_text(), (DOCS / "gcp.md").read_text()

Grants = set[tuple[str, str, str]]
"""Who, which role, on what kind of thing."""

NAMES = {
    "BigQuery Job User": "roles/bigquery.jobUser",
    "BigQuery Data Editor": "roles/bigquery.dataEditor",
    "Storage Object Admin": "roles/storage.objectAdmin",
    "Storage Legacy Bucket Reader": "roles/storage.legacyBucketReader",
}
LEGACY = {"WRITER": "roles/bigquery.dataEditor", "READER": "roles/bigquery.dataViewer"}
# Terraform makes the data sets, and grants on each; without it the run makes them, and gets the role on the project.
SAME = {("line", "roles/bigquery.dataEditor", "data set"): ("line", "roles/bigquery.dataEditor", "project")}
ON = {
    "google_project_iam_member": "project",
    "google_storage_bucket_iam_member": "bucket",
    "google_bigquery_dataset_access": "data set",
    "google_secret_manager_secret_iam_member": "secret",
    "google_cloud_run_v2_job_iam_member": "job",
}
ON_OF_COMMANDS = {"projects": "project", "storage buckets": "bucket", "secrets": "secret", "run jobs": "job"}


def in_terraform() -> Grants:
    found = set()
    for name, body in blocks("resource").items():
        kind = name.partition(".")[0]
        if kind in ON and "role" in body:
            account = body.get("member") or body["user_by_email"]
            who = re.fullmatch(r"\$\{google_service_account\.(\w+)\.(?:member|email)\}", account)
            assert who, f"{name} is for {account}"
            for role in instances(body, "role"):
                grant = (who[1], LEGACY.get(role, role), ON[kind])
                found.add(SAME.get(grant, grant))
    return found


def in_commands() -> Grants:
    lines = GCP.replace("\\\n", " ")
    pattern = r"gcloud ([a-z ]+) add-iam-policy-binding .*--member=serviceAccount:\$([A-Z]+) .*--role=(\S+)"
    found = {(who.lower(), role, ON_OF_COMMANDS[on]) for on, who, role in re.findall(pattern, lines)}
    for role, _, who in re.findall(r"grant \\`(\S+)\\` on schema (\w+) to \\\"serviceAccount:\$(\w+)", lines):
        found.add((who.lower(), role, "data set"))
    return found


def table_after(text: str, heading: str) -> list[list[str]]:
    after = text[text.index(heading) :]
    table = re.search(r"(?m)^\| .*(?:\n\|.*)+", after)[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def in_documentation() -> Grants:
    on = {"the project": "project", "the bucket": "bucket", "each secret": "secret", "the job": "job"}
    on |= {"the data set `taxi_marts`": "data set", "the project that pays": "project"}
    line = {("line", NAMES[role], on[what]) for role, what, *_ in table_after(PROFILES, "### The pipeline's rights")}
    of_reader = table_after(PROFILES, "### A reader's rights")
    reader = {("reader", re.search(r"roles/[\w.]+", role)[0], on[what]) for role, what, *_ in of_reader}
    of_job = table_after(GCP, "which only a job needs")
    job = {(who.removeprefix("the "), re.search(r"roles/[\w.]+", role)[0], on[what]) for role, what, who, _ in of_job}
    return line | reader | job


@pytest.mark.parametrize("written", [in_terraform, in_commands])
def test_the_rights_are_those_of_the_documentation(written):
    assert written() == in_documentation()


def test_the_account_gets_what_check_names_or_owns_the_data_sets():
    has = {role for who, role, _ in in_terraform() if who == "line"}
    needed = {item.right: RIGHTS[item.right] for item in ITEMS}
    lacking = {right: one.role for right, one in needed.items() if one.on != "database" and one.role not in has}
    # Terraform has authorized the views, so dbt has nothing to add; a run that makes the data sets owns them.
    assert set(lacking) <= {"bigquery.datasets.update"}
    assert set(lacking.values()) <= {"roles/bigquery.dataOwner"}


def test_terraform_makes_the_data_sets_of_the_line_and_authorizes_the_views_that_readers_need():
    local = blocks("locals")
    assert sorted(local["datasets"]) == sorted(PREPARED)
    assert {name: set(views) for name, views in local["authorized"].items()} == AUTHORISED


def test_nothing_that_removes_authorized_views_is_used():
    assert not [name for name in blocks("resource") if name.startswith("google_bigquery_dataset_iam")]


def test_only_the_marts_are_the_readers():
    access = blocks("resource")["google_bigquery_dataset_access.reader"]
    assert access["dataset_id"] == '${google_bigquery_dataset.line["taxi_marts"].dataset_id}'
    assert "on schema taxi_marts to" in GCP


def test_what_is_taken_down_is_what_was_made():
    accounts = set(re.findall(r"gcloud iam service-accounts create taxi-(\w+)", GCP))
    assert accounts == {name.lower() for name in re.findall(r"service-accounts delete \$(\w+)", GCP)}
    assert accounts == {name.partition(".")[2] for name in blocks("resource") if name.startswith("google_service_acc")}
    assert set(re.search(r"for name in ([\w ]+);", GCP)[1].split()) == set(PREPARED)
