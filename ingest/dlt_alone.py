"""dlt by itself: it takes no settings from variables, from the current folder (.dlt/) or from the user's home (~/.dlt).

Imported before dlt is asked for anything, `dlt.config` included: it reads all three when it first is.
"""

import os
from collections.abc import Callable
from types import ModuleType

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers.doc import CustomLoaderDocProvider
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.runtime.run_context import RunContext
from dlt.common.storages.load_storage import LoadItemStorage
from dlt.extract.storage import ExtractorItemStorage

_SETTINGS = {
    "runtime": {
        "dlthub_telemetry": False,  # nothing is reported to dlt's makers
        "log_level": "CRITICAL",  # what goes wrong is ours to say, not dlt's logger's
    },
    # The package is kept as a record, the file in it is not: it would double every download.
    "load": {"delete_completed_jobs": True},
    # No store keeps dlt's state: to look for it takes a tenth of dlt's time.
    "restore_from_destination": False,
}


class _Alone(RunContext):
    """Where dlt looks for settings: here only. Its working folders are given with each pipeline."""

    @property
    def run_dir(self) -> str:
        return "/"

    @property
    def local_dir(self) -> str:
        return "/"

    @property
    def module(self) -> ModuleType | None:
        """None: dlt would import the current folder, were it a package."""
        return None

    def initial_providers(self) -> list[ConfigProvider]:
        return [CustomLoaderDocProvider("nyc-taxi-elt", lambda: _SETTINGS)]


def be_alone() -> None:
    """Have dlt use our settings, in this process, from now on."""
    Container()[PluggableRunContext] = PluggableRunContext(_Alone(None))
    for storage in (ExtractorItemStorage, LoadItemStorage):
        storage._get_data_item_path_template = _with_percents_doubled(storage._get_data_item_path_template)


def _with_percents_doubled(template_as_before: Callable[..., str]) -> Callable[..., str]:
    """dlt puts a file's id into its whole path with `%`, so a percent sign in a folder's own name has to be doubled."""

    def template(*arguments: object) -> str:
        folder, name = os.path.split(template_as_before(*arguments))
        return os.path.join(folder.replace("%", "%%"), name)

    return template
