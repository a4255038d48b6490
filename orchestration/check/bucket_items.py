"""What a run needs of Cloud Storage: to write an object, replace it under a condition, read and list it."""

from contextlib import suppress

import pyarrow as pa
from google.api_core.exceptions import Forbidden, NotFound, PreconditionFailed
from google.cloud import storage  # type: ignore[attr-defined,unused-ignore]  # it has no types
from google.cloud.storage.retry import DEFAULT_RETRY

from ingest import lake
from orchestration.check import sample
from orchestration.check.items import Item, NotTriedError, UnexpectedError
from orchestration.check.names import BUCKET_PREFIX, PREFIX, is_left_behind
from orchestration.check.scene import Scene

RETRY = DEFAULT_RETRY.with_timeout(15)


def _credentials(scene: Scene) -> str:
    credentials = scene.connections.bucket.client._credentials
    account = getattr(credentials, "service_account_email", "") or getattr(credentials, "account", "")
    if "@" in account:  # "default" on Google's machines, until a first request
        scene.account = account
    return scene.account


def _bucket(scene: Scene) -> str:
    """Looked at: BigQuery has to do the same. One that is missing is not made, but another, which is dropped."""
    bucket = scene.connections.bucket
    try:
        bucket.reload(retry=RETRY)
    except NotFound:
        return _own_bucket(scene)
    return f"gs://{bucket.name} in {bucket.location}"


def _own_bucket(scene: Scene) -> str:
    """Of a name of its own: the lake's would be taken away from a run that begins meanwhile."""
    client, missing = scene.connections.bucket.client, scene.connections.lake.bucket
    bucket = client.bucket(scene.names.bucket)
    scene.own_bucket = bucket
    scene.will_drop(f"gs://{bucket.name}", lambda: _delete_bucket(bucket))
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    try:
        bucket.create(location=scene.settings.bigquery.location, retry=RETRY)
    except Exception:
        scene.has_bucket = False
        raise
    with suppress(Forbidden):  # who may make buckets may not list them
        for old in client.list_buckets(prefix=BUCKET_PREFIX, retry=RETRY):
            if is_left_behind(old.name):
                old.delete(force=True, retry=RETRY)
    return f"gs://{missing} does not exist yet, and we may make buckets"


def _write(scene: Scene) -> str:
    if not scene.has_bucket:
        raise NotTriedError("there is no bucket")
    put(scene, sample.OBJECT)
    return f"gs://{scene.bucket.name}/{scene.folder}"


def _list(scene: Scene) -> str:
    names = [blob.name for blob in scene.bucket.list_blobs(prefix=PREFIX, retry=RETRY)]
    if _object(scene) not in names:
        raise UnexpectedError(f"gs://{scene.bucket.name} does not list {_object(scene)}")
    old = [name for name in names if is_left_behind(name)]
    for name in old:
        delete(scene, name)
    return f"and {len(old)} objects of a killed check, now deleted" if old else ""


def _read(scene: Scene) -> str:
    name = _object(scene)
    with sample.as_parquet(scene.settings.run.scratch) as path:
        sent = path.read_bytes()
    received = scene.bucket.blob(name).download_as_bytes(retry=RETRY)
    if received != sent:
        raise UnexpectedError(f"gs://{scene.bucket.name}/{name} has other bytes than were written")
    return f"{len(received):,} bytes"


def _replace(scene: Scene) -> str:
    """Again what is there, under the condition that nobody replaced it; then under that of a generation long gone."""
    blob = scene.bucket.get_blob(_object(scene), retry=RETRY)
    before = blob.generation
    put(scene, sample.OBJECT)
    try:
        blob.upload_from_string(b"", if_generation_match=before, retry=RETRY)
    except PreconditionFailed:
        return ""
    raise UnexpectedError("An object was replaced though another generation was there", "Check what gcs_endpoint names")


def put(scene: Scene, name: str, rows: pa.RecordBatch | None = None) -> str:
    """Write the sample, or other rows, into our folder; returns the address. It is deleted at the end."""
    path = f"{scene.folder}/{name}"
    uri = f"gs://{scene.bucket.name}/{path}"
    scene.will_drop(uri, lambda: delete(scene, path))
    with sample.as_parquet(scene.settings.run.scratch, rows) as file:
        lake.upload(scene.bucket, path, file, {"rows": str(len(sample.ROWS) if rows is None else rows.num_rows)})
    return uri


def _object(scene: Scene) -> str:
    return f"{scene.folder}/{sample.OBJECT}"


def delete(scene: Scene, name: str) -> None:
    """Delete an object of the check's, if it is there."""
    with suppress(NotFound):
        scene.bucket.blob(name).delete(retry=RETRY)


def _delete_bucket(bucket: storage.Bucket) -> None:
    with suppress(NotFound):
        bucket.delete(retry=RETRY)


_SERVER = "Cloud Storage"
ITEMS = (
    Item("credentials", _SERVER, "knows who we are", _credentials, "storage.buckets.get"),
    Item("bucket", _SERVER, "shows us the bucket", _bucket, "storage.buckets.get", ("credentials",)),
    Item("write", _SERVER, "takes an object of two rows", _write, "storage.objects.create", ("credentials",)),
    Item("list", _SERVER, "lists it", _list, "storage.objects.list", ("write",)),
    Item("read", _SERVER, "gives it back", _read, "storage.objects.get", ("write",)),
    Item("replace", _SERVER, "replaces it, unless another did", _replace, "storage.objects.delete", ("write",)),
)  # fmt: skip
