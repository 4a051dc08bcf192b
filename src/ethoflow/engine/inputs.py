"""What a kernel is given: arrays of the members it takes, numbers that know unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ethoflow.engine.calls import Call
from ethoflow.engine.declare import Array
from ethoflow.engine.sources import EXACT, float_of
from ethoflow.schema import DataError


class KernelFailed(DataError):
    """A declared function raised an error; the message names the function and the error."""


@dataclass(frozen=True, eq=False)
class Held:
    """What arrays hold of a dim: the places along it, None where they hold all.

    `animals` are the seats that arrays with the dim `individual` hold.
    """

    along: Mapping[str, str]
    parts: Mapping[str, tuple[int, ...]]
    animals: tuple[int, ...] | None = None


def inputs_of(call: Call, held: Held, values: Mapping[str, Array]) -> list[Array]:
    """Arrays of a call's inputs as its kernel wants them, of all animals that are held."""
    found: list[Array] = []
    seen: dict[tuple[object, ...], Array] = {}
    for place, node in enumerate(call.inputs):
        # What is taken of an animal and of its partner is taken once.
        key = (node.key, call.taken[place], call.arguments[place].argument in call.declaration.raw)
        if key not in seen:
            seen[key] = _as_input(call, place, held, values[node.key])
        found.append(seen[key])
    return found


def _as_input(call: Call, place: int, held: Held, array: Array) -> Array:
    """An input as a kernel wants it: the places it takes, and numbers that know unknown."""
    node, taken, item = call.inputs[place], call.taken[place], call.arguments[place]
    own = held.along.get(call.job, "")
    if taken is not None:
        array = _select(array, node.dims.index(taken.dim), held, node.job, taken.dim, taken.places)
    elif own and own in node.dims:
        array = _select(array, node.dims.index(own), held, node.job, own, held.parts[call.job])
    # Kernels know unknown as NaN, in labels too.
    if node.gives != "number" and array.dtype.kind in "iub":
        return as_float(array)
    if item.argument in call.declaration.raw:
        return array
    return as_number(array, item.argument)


def as_number(array: Array, name: str) -> Array:
    """Whole numbers as ones that know NaN, and divide like numbers; others as they are.

    Raises
    ------
    KernelFailed
        They would be rounded.
    """
    if array.dtype.kind not in "iub":
        return array
    rounded = find_rounded(array)
    if rounded is not None:
        raise KernelFailed(
            f"{name} has the whole number {rounded}, above 2**53, which no number that may be "
            "missing holds exactly: count from a later start, or in a larger unit"
        )
    return array.astype(float_of(array.dtype))


def find_rounded(array: Array) -> int | None:
    """A whole number of `array` that float64 may not hold, the furthest from 0; None where none is.

    Looked for among the whole numbers: 2**53 + 1 as float64 is 2**53.

    Examples
    --------
    >>> find_rounded(np.array([3, -(2**53) - 1]))
    -9007199254740993
    >>> find_rounded(np.array([2**53])) is None
    True
    """
    if array.dtype.itemsize < 8 or not array.size:
        return None
    largest = max(int(array.max()), int(array.min()), key=abs)
    return largest if abs(largest) > EXACT else None


def _select(
    array: Array, axis: int, held: Held, job: str, dim: str, wanted: Sequence[int]
) -> Array:
    """The wanted members of an array that holds some of them, as a view where possible."""
    there = held.parts.get(job) if held.along.get(job) == dim else None
    if there is not None and tuple(wanted) == there:
        return array
    return members(array, axis, wanted if there is None else [there.index(p) for p in wanted])


def members(array: Array, axis: int, places: Sequence[int]) -> Array:
    """The members at some places along an axis, as a view where they are evenly spaced."""
    first, last = (places[0], places[-1]) if places else (0, -1)
    step = max(places[1] - first, 1) if len(places) > 1 else 1
    if list(places) == list(range(first, last + 1, step)):
        return array[(slice(None),) * axis + (slice(first, last + 1, step),)]
    return np.take(array, places, axis=axis)


def of_seats(call: Call, arrays: Sequence[Array], seats: tuple[int, ...] | None) -> list[Array]:
    """Inputs of the animals that a recording has; None stands for all of them."""
    return [
        _seats_of(array, node.dims, seats) for array, node in zip(arrays, call.inputs, strict=True)
    ]


def _seats_of(array: Array, dims: Sequence[str], seats: tuple[int, ...] | None) -> Array:
    if seats is None:
        return array
    for axis, dim in enumerate(dims):
        if dim in ("individual", "partner"):
            array = members(array, axis, seats)
    return array


def views_of(
    call: Call, arrays: Sequence[Array], seats: tuple[int | None, int | None]
) -> list[Array]:
    """Inputs of one animal, or pair, or group, as a kernel may read them."""
    return [
        _view_animal(array, node.dims, *(seats[::-1] if item.view == "partner_" else seats))
        for array, node, item in zip(arrays, call.inputs, call.arguments, strict=True)
    ]


def _view_animal(
    array: Array, dims: tuple[str, ...], animal: int | None, partner: int | None
) -> Array:
    view: Array = array.view()
    if "individual" in dims and animal is not None:
        view = np.asarray(view[animal])
    if "partner" in dims and partner is not None:
        view = np.asarray(view[partner])
    # Kernels share their inputs, and some are the caller's own data.
    view.flags.writeable = False
    return view


def as_float(state: Array) -> Array:
    """Labels and categories in memory: numbers, NaN for unknown."""
    decoded = state.astype(np.float32)
    if state.dtype.kind == "i":
        decoded[state < 0] = np.nan
    return decoded
