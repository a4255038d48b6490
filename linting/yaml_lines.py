"""Keeps the YAML beside the models short: a column, a test or a constraint that fits on one line is on one line.

`python -m linting.yaml_lines` names the files that are longer than that, `--write` rewrites them. What has a comment or
a folded text stays as somebody wrote it.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from linting.artifacts import PROJECT

WIDTH = 128  # a column that is not null and has a name of two words
# Lists whose items are put on a line each, and mappings that are. The others are read from top to bottom.
LISTS = ("columns", "data_tests", "constraints")
MAPPINGS = ("overrides",)
# Plain text that has another meaning within { } or [ ].
_UNSAFE = re.compile(r"[,\[\]{}]|: | #")


@dataclass
class Node:
    """A line of YAML, and those below it that belong to it."""

    text: str
    indent: int
    children: list["Node"] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What stands before its colon; '' where there is none."""
        return self.text.removeprefix("- ").partition(":")[0] if ":" in self.text else ""

    def lines(self) -> Iterator[str]:
        """The node as it is written in a file."""
        yield (" " * self.indent + self.text).rstrip()
        for child in self.children:
            yield from child.lines()


def shortened(text: str) -> str:
    """The document, with each item of LISTS on one line where it fits."""
    root = _tree(text)
    for node in root.children:
        _shorten(node)
    return "\n".join(line for node in root.children for line in node.lines()) + "\n"


def _tree(text: str) -> Node:
    root = Node("", -1)
    path = [root]
    for line in text.splitlines():
        bare = line.strip()
        indent = len(line) - len(line.lstrip())
        if not bare:
            path[-1].children.append(Node("", 0))  # between two blocks, or in a text
            continue
        while path[-1].indent >= indent:
            path.pop()
        node = Node(bare, indent)
        path[-1].children.append(node)
        path.append(node)
    return root


def _shorten(node: Node, is_within: bool = False) -> None:
    is_within = is_within or node.key in (*LISTS, *MAPPINGS)
    for child in node.children:
        _shorten(child, is_within)
    if node.key in LISTS:
        for item in node.children:
            _put_on_a_line(item, _flow_of_item(item) if item.children else None)
    elif is_within and node.children and not node.text.startswith("- "):
        _put_on_a_line(node, _flow(node))
    if node.key in LISTS and node.key != "columns" and len(node.children) == 1:
        _put_on_a_line(node, _flow(node))


def _put_on_a_line(node: Node, flow: str | None) -> None:
    if flow and node.indent + len(flow) <= WIDTH:
        node.text, node.children = flow, []


def _flow_of_item(item: Node) -> str | None:
    """`- name: x` and the lines below it as `- {name: x, …}`; `- test:` and what belongs to it as `- test: {…}`."""
    if not item.text.startswith("- "):
        return None
    first = Node(item.text.removeprefix("- "), item.indent + 2)
    # What is below `- key:` is indented further than what is beside the key.
    first.children = [child for child in item.children if child.indent > first.indent]
    parts = [_flow(part) for part in (first, *(child for child in item.children if child.indent == first.indent))]
    if None in parts:
        return None
    return f"- {parts[0]}" if len(parts) == 1 and first.children else f"- {{{', '.join(map(str, parts))}}}"


def _flow(node: Node) -> str | None:
    """A node on one line; None where that would change what it means, or lose a comment."""
    if not node.text or " #" in node.text or node.text.startswith("#"):
        return None
    if node.text.startswith("- "):
        is_mapping = node.children or re.match(r"- \w+: ", node.text)
        return _flow_of_item(node) if is_mapping else _value(node.text.removeprefix("- "))
    key, colon, value = node.text.partition(": ") if ": " in node.text else node.text.partition(":")
    if not colon:
        return None
    if not node.children:
        shown = _value(value.strip())
        return None if shown is None else f"{key}: {shown}"
    anchor = value.strip()
    if anchor and not re.fullmatch(r"&\w+", anchor):  # a folded text
        return None
    is_list = node.children[0].text.startswith("- ")
    parts = []
    for child in node.children:
        flow = _flow(child)
        if flow is None:
            return None
        parts.append(_in_list(flow.removeprefix("- ")) if is_list else flow)
    inner = ", ".join(parts)
    shown = f"[{inner}]" if is_list else f"{{{inner}}}"
    return f"{key}: {anchor} {shown}" if anchor else f"{key}: {shown}"


def _in_list(flow: str) -> str:
    """An item of a list within [ ]: a mapping needs its braces there."""
    return f"{{{flow}}}" if re.match(r"\w+: ", flow) else flow


def _value(text: str) -> str | None:
    """A value that may stand within { } or [ ]; None for one that may not."""
    is_bare = not text.startswith(('"', "'", "[", "{", "&", "*"))
    return None if text in ("", ">", "|", ">-", "|-") or (is_bare and _UNSAFE.search(text)) else text


def main(write: bool) -> int:
    """Name or rewrite what is longer than need be; 1 if something is and was not rewritten."""
    longer = 0
    for path in sorted((PROJECT / "models").rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        if (short := shortened(text)) != text:
            saved = text.count("\n") - short.count("\n")
            print(f"{path.relative_to(PROJECT.parent)}: `python -m linting.yaml_lines --write` saves {saved} lines")
            longer += 1
            if write:
                path.write_text(short, encoding="utf-8")
    return 1 if longer and not write else 0


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
