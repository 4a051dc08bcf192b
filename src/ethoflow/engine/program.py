"""What one block computes, in order: calls, the members each needs, and how far they look.

`compile_program` walks the graph once; the program is small, pickles by reference and is the same
for every block of a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ethoflow.engine.calls import Call, Node
from ethoflow.engine.sources import Source


@dataclass(frozen=True, eq=False)
class Program:
    """Calls in the order of their dependencies, and what they read.

    Attributes
    ----------
    outputs
        Key of every variable asked for, by name.
    nodes
        The node of every variable asked for, by name.
    calls
        One call for each job that runs in the block.
    sources
        What is read.
    stages
        One call for each job that was computed before, from whole recordings.
    along, parts
        By job: the dim of which not all members are needed, and the places of those that are.
    halo
        Frames a block has to read beyond its ends.
    """

    outputs: Mapping[str, str]
    nodes: Mapping[str, Node]
    calls: tuple[Call, ...]
    sources: tuple[Source, ...]
    stages: tuple[Call, ...]
    along: Mapping[str, str]
    parts: Mapping[str, tuple[int, ...]]
    halo: int


def compile_program(outputs: Mapping[str, Node]) -> Program:
    """Program for the nodes in `outputs`, by the name of their variable.

    A call on whole recordings is a stage of its own: it enters a block as an array that was
    computed before.
    """
    needs = _Needs()
    for node in outputs.values():
        needs.add(node, None)
    return _compile(outputs, needs)


def compile_inputs(call: Call) -> Program:
    """Program for what a call reads, by key."""
    needs = _Needs()
    for node, taken in zip(call.inputs, call.taken, strict=True):
        needs.add(node, None if taken is None else (taken.dim, taken.places))
    return _compile({node.key: node for node in call.inputs}, needs)


def _compile(outputs: Mapping[str, Node], needs: _Needs) -> Program:
    order = _sort(outputs.values())
    calls = [node for node in order if isinstance(node, Call) and not node.is_stage]
    for call in reversed(calls):
        needs.add_inputs(call)
    return Program(
        outputs={name: node.key for name, node in outputs.items()},
        nodes=dict(outputs),
        calls=tuple(calls),
        sources=tuple(node for node in order if isinstance(node, Source)),
        stages=tuple(node for node in order if isinstance(node, Call) and node.is_stage),
        along=needs.along(),
        parts=needs.parts(),
        halo=_add_halos(calls),
    )


def _sort(outputs: Iterable[Node]) -> list[Node]:
    """Nodes before the nodes that use them; one for each job; nothing behind a stage."""
    order: dict[str, Node] = {}

    def visit(node: Node) -> None:
        if node.job in order:
            return
        if isinstance(node, Call) and not node.is_stage:
            for item in node.inputs:
                visit(item)
        order[node.job] = node

    for node in outputs:
        visit(node)
    return list(order.values())


@dataclass
class _Needs:
    """Which members of each job's arrays somebody needs: a rule on the nose cleans the nose alone.

    None stands for all of them.
    """

    found: dict[str, tuple[str, set[int]] | None] = field(default_factory=dict)

    def add(self, node: Node, wanted: tuple[str, Iterable[int]] | None) -> None:
        """Somebody needs these places along a dim of a node."""
        before = self.found.get(node.job, ("", set()))
        if (
            wanted is None
            or before is None
            or before[0] not in ("", wanted[0])
            or (isinstance(node, Call) and node.is_stage)
        ):
            self.found[node.job] = None
        else:
            self.found[node.job] = (wanted[0], {*before[1], *wanted[1]})

    def add_inputs(self, call: Call) -> None:
        """What a call needs of its inputs, for what is needed of it."""
        own = self._of_call(call)
        for node, taken in zip(call.inputs, call.taken, strict=True):
            if taken is not None:
                self.add(node, (taken.dim, taken.places))
            elif own is not None and own[0] in node.dims:
                self.add(node, own)
            else:
                self.add(node, None)

    def _of_call(self, call: Call) -> tuple[str, set[int]] | None:
        """What is needed of a call that can give some members without the others."""
        own = self.found.get(call.job)
        if own is not None and not _is_pointwise(call, own[0]):
            own = self.found[call.job] = None
        return own

    def along(self) -> dict[str, str]:
        """The dim, by job."""
        return {job: wanted[0] for job, wanted in self.found.items() if wanted is not None}

    def parts(self) -> dict[str, tuple[int, ...]]:
        """The places, by job."""
        return {
            job: tuple(sorted(wanted[1]))
            for job, wanted in self.found.items()
            if wanted is not None
        }


def _is_pointwise(call: Call, dim: str) -> bool:
    """Whether members of `dim` can be computed without the others."""
    return (
        dim in call.declaration.pointwise
        and dim not in call.members
        and all(dim in output.dims for output in call.declaration.outputs)
    )


def _add_halos(calls: list[Call]) -> int:
    """Frames a block has to read beyond its ends: the longest sum of halos along any path."""
    reach: dict[str, int] = {}
    for call in calls:
        before = max((reach.get(node.job, 0) for node in call.inputs), default=0)
        reach[call.job] = before + call.halo()
    return max(reach.values(), default=0)
