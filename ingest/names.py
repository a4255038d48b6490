"""Names in the raw tables for columns that nobody declared: any text becomes one that both warehouses take.

A name of ours is lower case ASCII, begins with a letter, ends with none of `_`, and has at most 63 bytes, Postgres'
limit. So it needs no quoting beyond its quotes, and none of BigQuery's reserved prefixes (`_TABLE_`, `_FILE_` …) fits.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable

_MOST_BYTES = 63
_UNNAMED = "unnamed"

# What identifies a row in the raw tables, and the columns that every table of Postgres has by these names.
ROW_NUMBER = "row_number"
IDENTITY = ("dataset", "file_month", ROW_NUMBER)
_RESERVED = {*IDENTITY, "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}


def raw_names(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """The raw table's name for each of the file's `names`, none of them among `taken`.

    It depends on the names alone, not on their order in the file. Where two come to the same ('New Fee' and 'newFee'),
    the one that is its own raw name keeps it, and the others are numbered in the order of their letters.
    """
    found: dict[str, str] = {}
    for name in sorted(set(names), key=lambda name: (raw_name(name) != name, name)):
        used = _RESERVED.union(taken, found.values())
        found[name] = next(name for name in _candidates(raw_name(name)) if name not in used)
    return found


def raw_name(name: str) -> str:
    """'New Fee' and 'newFee' -> 'new_fee', 'Überfee' -> 'uberfee', '2nd' -> 'column_2nd'.

    A name of which more is lost than case and punctuation gets a digest of the whole, so that no two of them meet.
    """
    decomposed = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", decomposed)
    snake = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    lost = any(letter.isalnum() and not letter.isascii() for letter in decomposed)
    if snake[:1].isdigit():
        snake = f"column_{snake}"
    if lost or (name and not snake) or len(snake) > _MOST_BYTES:
        digest = hashlib.md5(name.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()[:8]
        return _shortened(snake or "column", f"_{digest}")
    return snake or _UNNAMED


def _candidates(name: str) -> Iterable[str]:
    yield name
    yield from (_shortened(name, f"_{count}") for count in range(2, 10_000))


def _shortened(name: str, suffix: str) -> str:
    return name[: _MOST_BYTES - len(suffix)].rstrip("_") + suffix
