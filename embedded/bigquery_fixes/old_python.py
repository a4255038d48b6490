"""Runs local-bigquery on Python 3.11, though it declares 3.13.

BigQuery: does not matter.
local-bigquery: two of its modules use newer syntax, catalog.metadata generic functions (`def load[R: Resource](…)`,
    Python 3.12) and engine.results an f-string with its own quotes inside (3.12). The rest runs on 3.11.
Changed: on Python 3.11 these two are translated as they are imported. Newer ones import them as they are.
"""

import importlib.abc
import importlib.machinery
import sys
from pathlib import Path

# module: what stands there, and the same in Python 3.11
TRANSLATIONS = {
    "local_bigquery.catalog.metadata": {
        "[R: Resource]": "",
        "type[R]": "type",
        "list[R]": "list",
        "-> R | None:": ":",
        "-> R:": ":",
        "resource: R,": "resource,",
    },
    "local_bigquery.engine.results": {
        """f"THEN error('{message.replace("'", "''")}') ELSE {expression} END\"""": (
            """"THEN error('" + message.replace("'", "''") + f"') ELSE {expression} END\""""
        ),
    },
}


class Translator(importlib.machinery.SourceFileLoader):
    """Loads a module from its translated source, and leaves no compiled file behind."""

    def get_code(self, fullname: str):
        """Compile the translated source."""
        source = Path(self.path).read_text(encoding="utf-8")
        for newer, older in TRANSLATIONS[fullname].items():
            source = source.replace(newer, older)
        return compile(source, self.path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    """Puts the translator in place of the usual loader for the modules of TRANSLATIONS."""

    def find_spec(self, fullname: str, path, target=None):
        """Find the modules of TRANSLATIONS, and leave the others to Python."""
        if fullname not in TRANSLATIONS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        spec.loader = Translator(fullname, spec.origin)
        return spec


def apply() -> None:
    """Translate, where this Python is older than 3.12."""
    if sys.version_info < (3, 12):
        sys.meta_path.insert(0, Finder())
