"""What cannot be told from another of its kind, and what to do instead."""

from __future__ import annotations

import io
import random
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any

import numpy as np

from ethoflow.schema import DataError

_OUT = "take it out of the function"
_RANDOM = (np.random.Generator, np.random.RandomState, np.random.BitGenerator, random.Random)
_MODULES = {
    "_thread": ("a lock", _OUT),
    "threading": ("a lock or a thread", _OUT),
    "socket": ("a socket", _OUT),
    "weakref": ("a weak reference", "refer to the thing itself"),
    "_weakrefset": ("a weak reference", "refer to the thing itself"),
    "h5py": ("an array in a file", "read it into memory above the function, as x = x[...]"),
    "zarr": ("an array in a file", "read it into memory above the function, as x = x[...]"),
}


class Untold(Exception):
    """Something in a function that cannot be told from another, and where it is."""

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(what)
        self.what, self.way_out, self.path = what, way_out, list[str]()

    def found_at(self, step: str) -> Untold:
        """The same, one `step` further out."""
        self.path = [step, *self.path] if step else self.path
        return self

    def error(self, kind: str, name: str) -> DataError:
        """The one sentence about it, for the declared function `name`."""
        return DataError(
            f"the {'rule' if kind == 'behaviour' else kind} {name} uses {_write(self.path)} "
            f"({self.what}), so its stored results could not be recognised: {self.way_out}."
        )


def _write(path: list[str]) -> str:
    """Steps from the function inwards, as they would be written: `box.log` in `smooth`."""
    names: list[str] = []
    for step in path:
        if names and step[0] in ".[":
            names[-1] += step
        else:
            names.append(step)
    return " in ".join(f"`{name}`" for name in reversed(names)) or "itself"


def refuse(value: Any) -> None:
    """Raise `Untold` for what changes by being used, or holds on to the world outside.

    Raises
    ------
    Untold
        An open file, a lock, a generator, and the like.
    """
    if isinstance(value, io.IOBase):
        raise Untold("an open file", "read what the file holds into a constant above the function")
    if isinstance(value, _RANDOM):
        raise Untold(
            "a random generator, whose numbers change with every call",
            "draw the numbers into an array above the function, or make a generator inside it "
            "from a seed that is a parameter",
        )
    if isinstance(value, Iterator | AsyncIterator | Coroutine):
        raise Untold(
            f"a {type(value).__name__}, which is used up by reading it",
            "write what it gives into a list above the function",
        )
    module = type(value).__module__
    found = _MODULES.get(module) or _MODULES.get(module.partition(".")[0])
    if found:
        raise Untold(*found)


def unknown(value: Any) -> Untold:
    """What to raise for an object that nothing is known about."""
    kind = type(value)
    module = "" if kind.__module__ in ("builtins", "__main__") else f" of {kind.__module__}"
    return Untold(
        f"an object of the type {kind.__name__}{module}, whose content cannot be read",
        "keep what the function needs of it in numbers, texts or arrays",
    )
