"""sqlfluff's command line with its dbt templater, which here needs no server.

The templater fills dbt's cache of relations before it renders, that is, it connects. No model of ours asks the cache
while it is rendered, so the cache stays empty.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from dbt.adapters.factory import get_adapter
from dbt.context.providers import generate_runtime_macro_context
from sqlfluff.cli.commands import cli
from sqlfluff_templater_dbt.templater import DbtTemplater


@contextmanager
def _without_connection(templater: DbtTemplater) -> Iterator[None]:
    """DbtTemplater.connection of sqlfluff-templater-dbt 4.4, but for its call of set_relations_cache."""
    if templater.project_dir not in templater.adapters:
        adapter = get_adapter(templater.dbt_config)
        templater.adapters[templater.project_dir] = adapter
        adapter.acquire_connection("master")
        adapter.set_macro_resolver(templater.dbt_manifest)
        adapter.set_macro_context_generator(generate_runtime_macro_context)
    yield


if __name__ == "__main__":
    DbtTemplater.connection = _without_connection
    cli()
