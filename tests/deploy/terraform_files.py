"""deploy/gcp as Python sees it."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import hcl2

DEPLOY = Path(__file__).parents[2] / "deploy"
FOLDER = DEPLOY / "gcp"
_OPTIONS = hcl2.SerializationOptions(with_comments=False, explicit_blocks=False, strip_string_quotes=True)


@cache
def _parsed(file: Path) -> dict[str, Any]:
    return hcl2.loads(file.read_text(), serialization_options=_OPTIONS)


def text() -> str:
    """All files, one after the other."""
    return "\n".join(file.read_text() for file in sorted(FOLDER.glob("*.tf")))


def blocks(kind: str) -> dict[str, Any]:
    """All blocks of a kind, such as `variable`, by name; of resources by `type.name`."""
    found: dict[str, Any] = {}
    for file in sorted(FOLDER.glob("*.tf")):
        for block in _parsed(file).get(kind, []):
            for name, body in block.items():
                if kind in ("resource", "data", "ephemeral"):
                    found |= {f"{name}.{own}": one for own, one in body.items()}
                else:
                    found[name] = body
    return found


def instances(body: dict[str, Any], attribute: str) -> list[str]:
    """What an attribute is in each instance: of `for_each` over strings that are written there, or the one value."""
    value = body[attribute]
    return re.findall(r'"([^"]+)"', body["for_each"]) if value == "${each.key}" else [value]
