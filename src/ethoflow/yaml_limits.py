"""YAML of project files, read when it is as large as it looks."""

from __future__ import annotations

from typing import Any

import yaml

LARGEST = 2**22
"""Bytes of a project file."""
MOST_NODES = 100_000
"""Keys, values and items of a file: 10,000 files by name, with an arena each."""


class TooMuchError(yaml.YAMLError):
    """A file that is larger or nested deeper than a project file is."""


def load_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """The tree of a YAML text, with its lines, and the values in it.

    A few lines of aliases of aliases stand for any number of values, so these are counted first.

    Raises
    ------
    yaml.YAMLError
        It is no YAML, or holds more than `MOST_NODES` values.

    Examples
    --------
    >>> load_yaml("fps: 25")[1]
    {'fps': 25}
    """
    loader = _Counting(text)
    try:
        tree = loader.get_single_node()
        if tree is None:
            return None, None
        _count(tree, {})
        return tree, loader.construct_document(tree)
    except RecursionError as error:
        raise TooMuchError("it is nested too deeply.") from error
    finally:
        loader.dispose()


class _Counting(yaml.SafeLoader):
    """Stops where a text has written out more values than a project file has."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._n_nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._n_nodes += 1
        if self._n_nodes > MOST_NODES:
            raise TooMuchError(f"it holds more than {MOST_NODES:,} values.")
        return super().compose_node(parent, index)


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Values in a node, those of an alias every time it is named."""
    if id(node) in known:
        if not known[id(node)]:
            raise TooMuchError("an alias in it holds itself.")
        return known[id(node)]
    known[id(node)] = 0
    inner = [] if isinstance(node, yaml.ScalarNode) else node.value
    parts = [part for item in inner for part in (item if isinstance(item, tuple) else (item,))]
    found = 1 + sum(_count(part, known) for part in parts)
    if found > MOST_NODES:
        raise TooMuchError(f"with its aliases it holds more than {MOST_NODES:,} values.")
    known[id(node)] = found
    return found
