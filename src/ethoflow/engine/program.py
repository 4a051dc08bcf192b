"""What one block computes, in order: nodes, the body parts each needs, and how far they look.

`compile_program` walks the graph once; the program is small, pickles by reference and is the same
for every block of a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ethoflow.engine.graph import Call, Node
from ethoflow.engine.source import Source


@dataclass(frozen=True, eq=False)
class Program:
    """Calls in the order of their dependencies, and what they read."""

    outputs: Mapping[str, str]
    calls: tuple[Call, ...]
    sources: tuple[Source, ...]
    summaries: tuple[Call, ...]
    parts: Mapping[str, tuple[int, ...]]
    halo: int


def compile_program(outputs: Mapping[str, Node]) -> Program:
    """Program for the nodes in `outputs`, by the name of their variable.

    A summary is a stage of its own: it enters a block as a number that was computed before.

    Parameters
    ----------
    outputs
        Node of every variable asked for.
    """
    order = _sort(outputs.values())
    calls = [
        node for node in order if isinstance(node, Call) and node.declaration.kind != "summary"
    ]
    return Program(
        outputs={name: node.key for name, node in outputs.items()},
        calls=tuple(calls),
        sources=tuple(node for node in order if isinstance(node, Source)),
        summaries=tuple(
            node for node in order if isinstance(node, Call) and node.declaration.kind == "summary"
        ),
        parts=_narrow(calls, outputs.values()),
        halo=_add_halos(calls),
    )


def _sort(outputs: Iterable[Node]) -> list[Node]:
    """Nodes before the nodes that use them; equal ones once; nothing behind a summary."""
    order: dict[str, Node] = {}

    def visit(node: Node) -> None:
        if node.key in order:
            return
        if isinstance(node, Call) and node.declaration.kind != "summary":
            for item in node.inputs:
                visit(item)
        order[node.key] = node

    for node in outputs:
        visit(node)
    return list(order.values())


def _narrow(calls: list[Call], outputs: Iterable[Node]) -> dict[str, tuple[int, ...]]:
    """Body parts of each node that somebody needs: a rule on the nose cleans the nose alone."""
    needed: dict[str, set[int]] = {}
    for node in outputs:
        if "bodypart" in node.dims:
            needed[node.key] = set(range(node.sizes["bodypart"]))
    for call in reversed(calls):
        if "bodypart" in call.labels:
            # It gives other body parts than it gets: all of them are made from all.
            needed[call.key] = set(range(call.sizes["bodypart"]))
        for node, places in zip(call.inputs, call.places, strict=True):
            if "bodypart" not in node.dims:
                continue
            if places is not None:
                wanted = set(places)
            elif "bodypart" in call.dims and "bodypart" not in call.labels:
                wanted = needed.get(call.key, set())
            else:
                wanted = set(range(node.sizes["bodypart"]))
            needed.setdefault(node.key, set()).update(wanted)
    return {key: tuple(sorted(places)) for key, places in needed.items()}


def _add_halos(calls: list[Call]) -> int:
    """Frames a block has to read beyond its ends: the longest sum of halos along any path."""
    reach: dict[str, int] = {}
    for call in calls:
        before = max((reach.get(node.key, 0) for node in call.inputs), default=0)
        reach[call.key] = before + call.halo()
    return max(reach.values(), default=0)
