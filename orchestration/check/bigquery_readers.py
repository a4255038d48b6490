"""What dbt needs of BigQuery so that people with rights on the marts alone read the views among them."""

from google.api_core.exceptions import Forbidden, NotFound
from google.cloud import bigquery

from orchestration.check.bigquery_calls import IN_MONTH, RETRY, ask, new_dataset
from orchestration.check.items import Item, NotTriedError
from orchestration.check.scene import Scene

AUTHORISED = {
    "taxi_staging": {"taxi_marts"},
    "taxi_intermediate": {"taxi_marts"},
    "taxi_seeds": {"taxi_marts", "taxi_intermediate"},
    "taxi_ledger": {"taxi_staging"},
}
"""Each data set that views of other ones read, and these: as dbt_taxi/macros/readers/authorize_views.sql has it."""


def _view(scene: Scene) -> str:
    """A view in another data set is let into that of the tables."""
    if not scene.owns_dataset:
        raise NotTriedError("the account may make no data sets")
    client, other = scene.connections.bigquery, new_dataset(scene, f"{scene.names.name}_readers")
    view = bigquery.TableReference.from_string(f"{client.project}.{other}.trips")
    ask(scene, f"create view `{view}` as select row_number from `{scene.table('trips')}` where {IN_MONTH}")
    dataset = client.get_dataset(scene.dataset, retry=RETRY)
    entry = bigquery.AccessEntry(entity_type="view", entity_id=view.to_api_repr())
    dataset.access_entries = [*dataset.access_entries, entry]
    client.update_dataset(dataset, ["access_entries"], retry=RETRY)
    return f"{len(ask(scene, f'select * from `{view}`'))} rows"


def _datasets(scene: Scene) -> str:
    """The line's own data sets, which somebody else may have made: dbt adds the entries that they lack.

    Each is sent the entries that it has, which changes nothing and takes the same right.
    """
    client, there, refused = scene.connections.bigquery, 0, None
    for name, readers in AUTHORISED.items():
        try:
            dataset = client.get_dataset(name, retry=RETRY)
        except NotFound:
            continue  # who makes it owns it
        there += 1
        if readers <= _authorised_on(dataset):
            continue
        try:
            client.update_dataset(dataset, ["access_entries"], retry=RETRY)
        except Forbidden as error:
            scene.unshared.append(name)
            refused = refused or error
    if refused:
        raise refused
    return f"{there} of {len(AUTHORISED)} are there; dbt makes and owns the others" if there < len(AUTHORISED) else ""


def _authorised_on(dataset: bigquery.Dataset) -> set[str]:
    entries = (entry.to_api_repr() for entry in dataset.access_entries)
    return {entry["dataset"]["dataset"]["datasetId"] for entry in entries if "dataset" in entry}


_SERVER, _UPDATE = "BigQuery", "bigquery.datasets.update"
ITEMS = (
    Item("authorised", _SERVER, "lets a view read a table for others", _view, _UPDATE, ("table",)),
    Item("sharing", _SERVER, "lets us authorize the views of the marts", _datasets, _UPDATE, ("dataset",)),
)
