"""What a kernel gives, as a block holds it: its type, and unknown where nothing can be known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ethoflow.engine.bouts import filter_bouts, hold_bouts, take_majority
from ethoflow.engine.calls import Call
from ethoflow.engine.declare import Array, Output
from ethoflow.engine.relative import ARGUMENTS


def missing_of(output: Output) -> float:
    """What stands for unknown in a block."""
    return np.nan if output.gives == "number" else -1


def finish(
    call: Call, output: Output, result: Array, views: Sequence[Array], shape: tuple[int, ...]
) -> Array:
    """A result as a block holds it: its type, and unknown where a required input is missing."""
    declaration = call.declaration
    if declaration.kind == "step" and output.gives == "number":
        return result
    decides = declaration.kind in ("step", "summary")
    unknown = None if decides else _find_unknown(call, output, views, shape)
    if output.gives == "number":
        result = result.astype(np.float32, copy=False)
        return result if unknown is None else np.where(unknown, np.float32(np.nan), result)
    state = result.astype(output.dtype)
    if unknown is None:
        return state
    if state.dtype == np.int8:  # all bits of -1 are set
        return state | -unknown.view(np.int8)
    return np.where(unknown, output.dtype.type(-1), state)


def filter_states(call: Call, state: Array, loose: Array | None) -> Array:
    """States of a behaviour along time, as its parameters of bouts have them.

    `loose` are the states by the wider thresholds of hysteresis, where it has one.
    """
    rows = state.reshape(-1, state.shape[-1])
    wider = rows if loose is None else loose.reshape(rows.shape)
    held = loose is not None
    found = [_filter(row, other, call, held) for row, other in zip(rows, wider, strict=True)]
    return np.stack(found).reshape(state.shape) if found else state


def _filter(state: Array, loose: Array, call: Call, held: bool) -> Array:
    given = call.parameters
    if held:
        state = hold_bouts(state, loose, given["max_hold"])
    state = take_majority(state, given["majority"])
    return filter_bouts(state, given["max_gap"], given["min_bout"])


def _find_unknown(
    call: Call, output: Output, views: Sequence[Array], shape: tuple[int, ...]
) -> Array | None:
    """Frames at which a required input is missing, for every value of the result."""
    unknown: Array | None = None
    used = ("individual", "partner") if call.declaration.scope == "pair" else call.declaration.lead
    for view, node, item, taken in zip(views, call.inputs, call.arguments, call.taken, strict=True):
        if item.argument in call.declaration.optional or view.dtype.kind not in "fc":
            continue
        dims = [dim for dim in node.dims if dim not in used]
        # A missing number (a body length nobody could measure) makes states unknown, and as a
        # threshold numbers too; a missing arena radius only says that the arena is no circle.
        is_number = not dims or "individual" in node.dims
        number = output.gives == "number" and item.argument not in ARGUMENTS
        if "time" not in dims and (number or not is_number):
            continue
        if "time" in dims and "time" not in output.dims:
            continue  # of a whole recording: the kernel decides
        meets = [_meets(call, dim, taken, output) for dim in dims]
        missing: Array = np.isnan(view)
        gone = tuple(axis for axis, dim in enumerate(meets) if not dim)
        missing = np.any(missing, axis=gone) if gone else missing
        kept = [dim for dim in meets if dim]
        order = sorted(range(len(kept)), key=lambda axis: output.dims.index(kept[axis]))
        missing, kept = missing.transpose(order), [kept[axis] for axis in order]
        missing = missing.reshape(
            [missing.shape[kept.index(dim)] if dim in kept else 1 for dim in output.dims]
        )
        unknown = missing if unknown is None else unknown | missing
    return unknown


def _meets(call: Call, dim: str, taken: Any, output: Output) -> str:
    """The dim of the result along which a dim of an input is missing; empty for all of it."""
    if taken is not None and dim == taken.dim:
        dim = taken.becomes
    elif dim in call.members:
        return ""
    return dim if dim in output.dims else ""
