"""A part of the lineage: a node and its neighbours, or everything, and how to draw it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestration.catalog.records import LAYERS, Graph
from orchestration.page.drawing import Drawing, draw
from orchestration.page.facts.nodes import NodeLine


@dataclass(frozen=True)
class Edge:
    """The child reads the parent."""

    parent: str
    child: str


@dataclass(frozen=True)
class Part:
    """A part of the graph, and all of it where `chosen` is empty."""

    chosen: str
    nodes: list[NodeLine]
    edges: list[Edge]

    @property
    def by_name(self) -> dict[str, NodeLine]:
        """The nodes by name."""
        return {one.name: one for one in self.nodes}

    @property
    def states(self) -> set[str]:
        """The states that occur."""
        return {one.state for one in self.nodes}

    @property
    def parents(self) -> dict[str, list[str]]:
        """What each node reads of this part."""
        found: dict[str, list[str]] = {}
        for edge in self.edges:
            found.setdefault(edge.child, []).append(edge.parent)
        return found

    @property
    def drawing(self) -> Drawing:
        """The picture: by layer, or with the chosen one in the middle."""
        edges = [(one.parent, one.child) for one in self.edges]
        if not self.chosen:
            columns = [(layer, [one.name for one in self.nodes if one.layer == layer]) for layer in LAYERS]
            return draw(columns, edges)
        distances = distances_from(self.chosen, edges)
        is_deep = any(abs(distance) > 1 for distance in distances.values())
        ranks = ranks_from(self.chosen, edges) if is_deep else distances
        named = {-1: "it reads", 1: "read by"}
        return draw(
            [
                (named.get(rank, ""), [one.name for one in self.nodes if ranks[one.name] == rank])
                for rank in sorted({*ranks.values()})
            ],
            edges,
            is_centred=True,
        )


def part_of(graph: Graph, lines: Mapping[str, NodeLine], chosen: str = "", depth: int = 1) -> Part:
    """The neighbours of the chosen node, so many levels up and down; the whole graph without one."""
    edges = [(parent, node.name) for node in graph.nodes for parent in node.parents]
    names = set(lines)
    if chosen:
        distances = distances_from(chosen, edges)
        names = {name for name, at in distances.items() if abs(at) <= depth}
    in_order = sorted(graph.nodes, key=lambda node: node.layer)
    shown = [Edge(parent, child) for parent, child in edges if parent in names and child in names]
    return Part(chosen, [lines[node.name] for node in in_order if node.name in names], shown)


def distances_from(chosen: str, edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How far each node is that reads the chosen one (1, 2, …) or that it reads (-1, -2, …)."""
    edges = list(edges)
    distances = {chosen: 0}
    for step in (1, -1):
        newest, at = {chosen}, 0
        while newest:
            at += step
            beside = {
                child if step > 0 else parent
                for parent, child in edges
                if (parent if step > 0 else child) in newest
            }  # fmt: skip
            newest = beside - distances.keys()
            distances |= dict.fromkeys(newest, at)
    return distances


def ranks_from(chosen: str, edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The columns of a picture, the chosen one's 0: by the longest way to it, so that every line goes to the right."""
    distances = distances_from(chosen, edges)
    ranks: dict[str, int] = {}

    def rank(name: str, step: int) -> int:
        if name not in ranks:
            towards = [parent if step > 0 else child for parent, child in edges if name == (parent, child)[step > 0]]
            ways = [rank(one, step) for one in towards if distances.get(one, 0) * step >= 0 and one in distances]
            ranks[name] = (max(ways, key=abs) if ways and name != chosen else -step) + step
        return ranks[name]

    for name, distance in distances.items():
        rank(name, 1 if distance >= 0 else -1)
    return ranks
