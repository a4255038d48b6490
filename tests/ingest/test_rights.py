"""An account with no more than the documented rights: what it lacks is either not needed, or named."""

import pytest
from google.api_core.exceptions import Forbidden
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from ingest.external_tables import ensure_dataset
from ingest.lake import ensure_bucket
from tests.ingest.conftest import Stores
from tests.rights import Rights


def rights_of(stores: Stores) -> Rights:
    return Rights(stores.bucket.client.api_endpoint, stores.bigquery._connection.API_BASE_URL)


def bucket_at(url: str, name: str) -> storage.Bucket:
    return storage.Client("taxi", AnonymousCredentials(), client_options={"api_endpoint": url}).bucket(name)


def test_a_bucket_that_the_account_may_not_look_at_is_named_with_the_role_that_is_missing(stores: Stores):
    with rights_of(stores) as rights, rights.without("storage.buckets.get"):
        warning = ensure_bucket(bucket_at(rights.gcs_url, "lake"), "US")
    assert "may not look at the bucket lake (storage.buckets.get)" in warning
    assert "grant it Storage Legacy Bucket Reader" in warning
    assert ensure_bucket(stores.bucket, "US") == ""


def test_a_data_set_that_exists_needs_no_right_to_create_any(stores: Stores):
    client = stores.bigquery
    ensure_dataset(client, "prepared", "US")
    with rights_of(stores) as rights, rights.without("bigquery.datasets.create"):
        there = {"api_endpoint": rights.bigquery_url}
        limited = bigquery.Client(client.project, client._credentials, client_options=there)
        ensure_dataset(limited, "prepared", "US")
        with pytest.raises(Forbidden):
            ensure_dataset(limited, "unprepared", "US")
