"""The way through all that a function reaches, each thing described once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from ethoflow.engine.identity.digest import Node, Part, atom, combine, text
from ethoflow.engine.identity.untold import Untold

Description: TypeAlias = tuple[str, list[Part]]
"""What sort of thing something is, and its parts."""
Describe: TypeAlias = "Callable[[Walk, Any], Description | None]"

WHEREABOUTS = {
    *("__name__", "__qualname__", "__module__", "__package__", "__file__", "__path__", "__spec__"),
    *("__loader__", "__cached__", "__builtins__", "__doc__", "__dict__", "__weakref__"),
    *("__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__"),
    *("__firstlineno__", "__static_attributes__", "__slotnames__", "__abstractmethods__"),
    *("_abc_impl", "__wrapped__"),
    # What pydantic makes of the fields and validators, with addresses of this process in it.
    *("__pydantic_core_schema__", "__pydantic_decorators__"),
    *("__pydantic_serializer__", "__pydantic_validator__"),
}
"""Names that say where something lies, or repeat what is said: they play no part."""


class Walk:
    """One way through, whose memory ends with it: a global may be edited before the next."""

    def __init__(self, sorts: tuple[Describe, ...]) -> None:
        self._sorts = sorts
        self._met: dict[Hashable, Part] = {}
        self._kept: list[Any] = []  # while an object is here, no other takes its id

    def part(self, value: Any, step: str = "") -> Part:
        """Digest of `value`, found one `step` further."""
        found = atom(value)
        if found:
            return found
        try:
            return self.node(id(value), value, self._describe)
        except Untold as untold:
            raise untold.found_at(step) from None

    def node(self, key: Hashable, value: Any, describe: Callable[[Any], Description]) -> Part:
        """Digest of `value` by its description; met again on the way, it stands for itself."""
        if key in self._met:
            return self._met[key]
        node = self._met[key] = Node()
        self._kept.append(value)
        node.tag, node.parts = describe(value)
        node.ordered = node.tag != "set"
        closed = [part for part in node.parts if isinstance(part, bytes)]
        if len(closed) == len(node.parts):
            self._met[key] = combine(node.tag, closed, ordered=node.ordered)
        return self._met[key]

    def parts(self, values: Iterable[Any]) -> list[Part]:
        """Digests of some values, in their order."""
        return [atom(value) or self.part(value, f"[{place}]") for place, value in enumerate(values)]

    def pairs(self, items: Iterable[tuple[Any, Any]]) -> list[Part]:
        """Digests of keys and their values, in their order."""
        found: list[Part] = []
        for key, value in items:
            found += [self.part(key), self.part(value, f"[{key!r}]")]
        return found

    def names(self, values: Mapping[str, Any], before: str = "") -> list[Part]:
        """Digests of named values, sorted by name, with their number."""
        found: list[Part] = [text(str(len(values)))]
        for name in sorted(values):
            found += [text(name), self.part(values[name], before + name)]
        return found

    def _describe(self, value: Any) -> Description:
        for describe in self._sorts:
            found = describe(self, value)
            if found is not None:
                return found
        raise AssertionError(f"the last of the sorts describes every object, also {value!r}")


def describe_container(walk: Walk, value: Any) -> Description | None:
    """A tuple, list, set or mapping; the order of a mapping counts, as a loop over it sees it."""
    kind = type(value)
    if kind in (tuple, list):
        return kind.__name__, walk.parts(value)
    if kind in (set, frozenset):
        return "set", [text(kind.__name__), *walk.parts(value)]
    return ("dict", walk.pairs(value.items())) if kind in (dict, MappingProxyType) else None
