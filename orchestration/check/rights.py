"""Turns a refusal into what is missing, and into the command that gives it.

Roles: https://docs.cloud.google.com/bigquery/docs/access-control and
https://docs.cloud.google.com/storage/docs/access-control/iam-roles. Whoever creates a data set owns it, and may change
and delete it: https://docs.cloud.google.com/bigquery/docs/access-control-basic-roles.
"""

import re
from dataclasses import dataclass
from typing import Literal

import psycopg

from common.errors import TaxiError
from common.network import causes_of
from orchestration.check.scene import Scene


@dataclass(frozen=True)
class Right:
    """What gives a right: a role on the project or the bucket, or what is granted on the Postgres database."""

    role: str
    on: Literal["project", "bucket", "database"]


_JOBS = Right("roles/bigquery.jobUser", "project")
_DATA = Right("roles/bigquery.dataEditor", "project")
_OWNER = Right("roles/bigquery.dataOwner", "project")
_OBJECTS = Right("roles/storage.objectAdmin", "bucket")

RIGHTS: dict[str, Right] = {
    "bigquery.jobs.create": _JOBS,
    # Access entries need getIamPolicy to be seen and setIamPolicy to be changed, since 2026-03-17:
    # https://docs.cloud.google.com/bigquery/docs/dataset-access-control
    **{f"bigquery.datasets.{verb}": _DATA for verb in ("create", "get", "getIamPolicy")},
    **{f"bigquery.datasets.{verb}": _OWNER for verb in ("update", "setIamPolicy", "delete")},
    **{f"bigquery.tables.{verb}": _DATA for verb in ("create", "get", "getData", "list")},
    **{f"bigquery.tables.{verb}": _DATA for verb in ("update", "updateData", "delete")},
    # BigQuery asks for it when it makes an external table, and no role on objects has it:
    # https://docs.cloud.google.com/bigquery/docs/external-data-cloud-storage#required_roles
    "storage.buckets.get": Right("roles/storage.legacyBucketReader", "bucket"),
    **{f"storage.objects.{verb}": _OBJECTS for verb in ("create", "get", "list", "update", "delete")},
    **{f"{verb} on database": Right(verb, "database") for verb in ("connect", "create", "temporary")},
}

_SHARING = ("bigquery.datasets.update", "bigquery.datasets.setIamPolicy")
"""What it takes to authorise the views of another data set."""

# As BigQuery and Cloud Storage write it: "Permission bigquery.tables.create denied on …", "User does not have
# bigquery.jobs.create permission in …", "… does not have storage.objects.get access to …".
_NAMED = re.compile(
    r"Permission '?(?P<denied>[a-z]+(?:\.[A-Za-z]+){2})'? denied|"
    r"does not have '?(?P<lacked>[a-z]+(?:\.[A-Za-z]+){2})'? (?:permission|access)"
)
_WHO = re.compile(r"(?P<who>[\w.+-]+@[\w.-]+) does not have")


def advise(error: Exception, right: str, scene: Scene, bucket: str) -> tuple[str, str]:
    """What is missing, and how to get it: `right` and its grant, unless the error says better. '' where nobody knows.

    `right` is a key of RIGHTS, `bucket` the bucket in question.
    """
    text = "\n".join(str(cause) for cause in causes_of(error))
    project = scene.connections.project
    if re.search(r"has not been used in project|accessNotConfigured|SERVICE_DISABLED", text):
        api = f"{'storage' if 'storage' in text.lower() else 'bigquery'}.googleapis.com"
        return f"the API {api}", f"gcloud services enable {api} --project={project}"
    if re.search(r"Billing has not been enabled|billingNotEnabled|free tier", text):
        # The sandbox takes no DML: https://docs.cloud.google.com/bigquery/docs/sandbox#limitations
        return "billing of the project", f"gcloud billing projects link {project} --billing-account=ACCOUNT_ID"
    if _is_logged_out(error):
        return "valid credentials", "gcloud auth application-default login"
    if match := _NAMED.search(text):
        right = match["denied"] or match["lacked"]
    elif "permission to query table" in text:
        right = "bigquery.tables.getData"
    elif not _is_refusal(error):
        return "", next((one.next_step for one in causes_of(error) if isinstance(one, TaxiError)), "")
    if not scene.account and (who := _WHO.search(text)):
        scene.account = who["who"]
    return right, grant(right, scene, bucket)


def grant(right: str, scene: Scene, bucket: str) -> str:
    """The command that gives a right."""
    if right == "storage.buckets.create":  # better than a role on all buckets
        where = f"--project={scene.connections.project} --location={scene.settings.bigquery.location}"
        return f"gcloud storage buckets create gs://{bucket} {where} --uniform-bucket-level-access"
    known = RIGHTS.get(right)
    if not known:
        return f"Grant the account a role that has {right}"
    if known.on == "database":
        parameters = scene.connections.postgres
        database, user = (_quoted(str(parameters.get(name, ""))) for name in ("dbname", "user"))
        return f"grant {known.role} on database {database} to {user};"
    if right in _SHARING and scene.unshared:
        return _grant_on_datasets(known.role, scene)
    to = f'--member="{_member(scene.account)}" --role={known.role}'
    if known.on == "bucket":
        return f"gcloud storage buckets add-iam-policy-binding gs://{bucket} {to}"
    return f"gcloud projects add-iam-policy-binding {scene.connections.project} {to} --condition=None"


def _grant_on_datasets(role: str, scene: Scene) -> str:
    """For their owner to run: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-control-language."""
    names = (f"`{scene.connections.project}`.{name}" for name in scene.unshared)
    grants = "; ".join(f'grant `{role}` on schema {name} to "{_member(scene.account)}"' for name in names)
    return f"bq query --use_legacy_sql=false '{grants}'"


def _member(account: str) -> str:
    if not account:
        return "user:$(gcloud config get-value account)"
    return f"{'serviceAccount' if account.endswith('.gserviceaccount.com') else 'user'}:{account}"


def _is_refusal(error: Exception) -> bool:
    from google.api_core.exceptions import Forbidden

    # An error of the log-in has no class of its own.
    return any(
        isinstance(cause, Forbidden | psycopg.errors.InsufficientPrivilege) or "CONNECT privilege" in str(cause)
        for cause in causes_of(error)
    )


def _is_logged_out(error: Exception) -> bool:
    from google.api_core.exceptions import Unauthorized
    from google.auth.exceptions import GoogleAuthError

    return any(isinstance(cause, Unauthorized | GoogleAuthError) for cause in causes_of(error))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
