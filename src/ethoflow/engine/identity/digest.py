"""Digests of things that hold other things, and of what holds itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Part: TypeAlias = "bytes | Node"


_ATOMS: dict[type, Callable[[Any], bytes]] = {
    str: lambda value: value.encode("utf-8", "surrogatepass"),
    bytes: lambda value: value,
    int: lambda value: hex(value).encode(),
    float: lambda value: value.hex().encode(),
    complex: lambda value: f"{value.real.hex()} {value.imag.hex()}".encode(),
    **dict.fromkeys(map(type, (True, None, ..., NotImplemented)), lambda v: repr(v).encode()),
}


@dataclass(eq=False)
class Node:
    """Something in a circle: its digest waits for that of a part that contains it."""

    tag: str = ""
    parts: list[Part] = field(default_factory=list)
    ordered: bool = True


def leaf(tag: str, content: bytes) -> bytes:
    """Digest of some bytes, of the sort that `tag` names."""
    return hashlib.blake2b(tag.encode() + b"\0" + content, digest_size=16).digest()


def combine(tag: str, parts: Iterable[bytes], *, ordered: bool = True) -> bytes:
    """Digest of something made of `parts`, each a digest."""
    return leaf(tag, b"".join(parts if ordered else sorted(parts)))


def atom(value: Any) -> bytes | None:
    """Digest of a number, a text or a constant; None for anything else.

    Examples
    --------
    >>> atom(1) == atom(1.0), atom(1) == atom(True), atom([1])
    (False, False, None)
    """
    write = _ATOMS.get(type(value))
    return write and leaf(type(value).__name__, write(value))


def text(value: str) -> bytes:
    """Digest of a text."""
    return leaf("str", _ATOMS[str](value))


def settle(part: Part) -> bytes:
    """The digest of `part`, also where parts refer back to what holds them.

    All nodes start with one colour, and take round by round that of their tag and their parts. When
    a round tells no more of them apart, none will. The colours of the last two rounds then say of
    each sort of node what it is made of: all there is to say, wherever the walk entered a circle,
    and however often it met the same.
    """
    if isinstance(part, bytes):
        return part
    nodes = _reach(part)
    before, after = {id(node): b"" for node in nodes}, {id(node): b"" for node in nodes}
    while True:
        before, after = after, {id(node): _colour(node, after) for node in nodes}
        if len(set(before.values())) == len(set(after.values())):
            sorts = {before[place] + after[place] for place in before}
            return combine("circle", [before[id(part)], *sorted(sorts)])


def _colour(node: Node, colours: Mapping[int, bytes]) -> bytes:
    parts = [part if isinstance(part, bytes) else colours[id(part)] for part in node.parts]
    return combine(node.tag, parts, ordered=node.ordered)


def _reach(start: Node) -> list[Node]:
    found, waiting = {id(start): start}, [start]
    while waiting:
        for part in waiting.pop().parts:
            if isinstance(part, Node) and id(part) not in found:
                found[id(part)] = part
                waiting.append(part)
    return list(found.values())
