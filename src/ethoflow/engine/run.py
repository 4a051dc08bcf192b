"""One block: read arrays in, call the kernels in order, trim the halo, hand back.

Everything here is NumPy. A kernel gets one animal (or one ordered pair) of one recording, trimmed
to the recording's own frames, so it never meets padding, a neighbour's data, or the end of a chunk.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ethoflow.engine.bouts import filter_bouts
from ethoflow.engine.declare import Array, Declaration, missing_like
from ethoflow.engine.graph import Call
from ethoflow.engine.program import Program
from ethoflow.engine.rule_files import failing_line
from ethoflow.schema import DataError

Values = dict[str, Array]


class KernelFailed(DataError):
    """A declared function raised an error; the message names the function and the error."""


def run_program(program: Program, values: Values, trim: slice) -> Values:
    """Arrays of the outputs, by name, from the arrays of the inputs, by key.

    Parameters
    ----------
    program
        What to compute.
    values
        One recording's inputs, dims without `recording`, time a window with its halo.
    trim
        The block's own frames within the window.
    """
    values = dict(values)
    for call in program.calls:
        values[call.key] = _run_call(call, program, values)
    results = {}
    for name, key in program.outputs.items():
        array = values[key]
        made_by = next((call for call in program.calls if call.key == key), None)
        timed = made_by is None or "time" in made_by.dims
        results[name] = array[..., trim] if timed else array
    return results


def _run_call(call: Call, program: Program, values: Values) -> Array:
    declaration = call.declaration
    own = program.parts.get(call.key)
    taken = None if "bodypart" in call.labels else own
    arrays = [
        _view_bodyparts(
            values[node.key],
            node.dims,
            program.parts.get(node.key),
            taken if places is None else places,
        )
        if "bodypart" in node.dims
        else values[node.key]
        for node, places in zip(call.inputs, call.places, strict=True)
    ]
    # Kernels know unknown as NaN, in labels too.
    arrays = [as_float(array) if array.dtype == np.int8 else array for array in arrays]
    frames = max(
        (array.shape[-1] for array, node in zip(arrays, call.inputs, strict=True)
         if "time" in node.dims), default=0,
    )  # fmt: skip
    inner = [
        len(own) if dim == "bodypart" and own is not None else call.sizes[dim]
        for dim in declaration.dims
        if dim != "time"
    ]
    lead = call.shape[: 2 if declaration.scope == "pair" else 1]
    dtype = np.int8 if call.is_label else np.float32
    tail = (frames,) if "time" in declaration.dims else ()
    out = np.empty((*lead, *inner, *tail), dtype)
    if frames == 0:
        return out
    if declaration.scope == "pair":
        _fill_pairs(call, arrays, out)
    else:
        for actor in range(lead[0]):
            out[actor] = _run_kernel(call, arrays, actor, None, out.shape[1:])
    return out


def _view_bodyparts(
    array: Array,
    dims: tuple[str, ...],
    held: tuple[int, ...] | None,
    wanted: tuple[int, ...] | None,
) -> Array:
    """The wanted body parts of an array that holds some of them, as a view where possible."""
    if held is None or wanted is None or held == wanted:
        return array
    places = [held.index(place) for place in wanted]
    axis = dims.index("bodypart")
    first, last = (places[0], places[-1]) if places else (0, -1)
    if places == list(range(first, last + 1)):
        return array[(slice(None),) * axis + (slice(first, last + 1),)]
    return np.take(array, places, axis=axis)


def _fill_pairs(call: Call, arrays: list[Array], out: Array) -> None:
    unknown = -1 if call.is_label else np.nan
    for actor in range(out.shape[0]):
        out[actor, actor] = unknown
        for partner in range(out.shape[1]):
            if partner == actor:
                continue
            if call.declaration.symmetric and partner < actor:
                out[actor, partner] = out[partner, actor]
            else:
                out[actor, partner] = _run_kernel(call, arrays, actor, partner, out.shape[2:])


def _run_kernel(
    call: Call, arrays: list[Array], actor: int, partner: int | None, shape: tuple[int, ...]
) -> Array:
    declaration = call.declaration
    ends = {"partner_": (partner, actor)}
    views = [
        _view_animal(array, node.dims, *ends.get(item.view, (actor, partner)))
        for array, node, item in zip(arrays, call.inputs, declaration.inputs, strict=True)
    ]
    bouts = ("min_bout", "max_gap") if declaration.kind == "behaviour" else ()
    parameters = {n: v for n, v in call.parameters.items() if n not in bouts}
    try:
        result = np.asarray(declaration.function(*views, **parameters))
    except MemoryError:  # nothing is wrong with the function
        raise
    except Exception as error:
        raise KernelFailed(_explain(declaration, error)) from error
    _check_result(declaration, result, shape)
    if declaration.kind == "step":
        return result
    unknown = _find_unknown(call, views, shape)
    if not declaration.label:
        result = result.astype(np.float32, copy=False)
        return result if unknown is None else np.where(unknown, np.float32(np.nan), result)
    state = result.astype(np.int8) if unknown is None else np.where(unknown, np.int8(-1), result)
    if bouts:
        return filter_bouts(state, call.parameters["max_gap"], call.parameters["min_bout"])
    return state


def _explain(declaration: Declaration, error: Exception) -> str:
    """What went wrong in a function, and in which line of the file that declares it."""
    code = getattr(declaration.function, "__code__", None)
    file = "" if code is None else str(code.co_filename)
    line = failing_line(error, file)
    where = "" if line is None else f" in {file}, line {line}"
    return f"{declaration.name} failed{where}: {type(error).__name__}: {error}"


def _view_animal(
    array: Array, dims: tuple[str, ...], animal: int | None, partner: int | None
) -> Array:
    view: Array = array.view()
    if "individual" in dims:
        view = np.asarray(view[animal])
    if "partner" in dims and partner is not None:
        view = np.asarray(view[partner])
    # Kernels share their inputs, and some are the caller's own data.
    view.flags.writeable = False
    return view


def _check_result(declaration: Declaration, result: Array, shape: tuple[int, ...]) -> None:
    if result.shape != shape:
        raise KernelFailed(
            f"{declaration.name} gave the shape {result.shape} where its declaration says "
            f"{declaration.dims}, here {shape}: correct dims=... or what the function returns"
        )
    if declaration.label and result.dtype != np.bool_:
        raise KernelFailed(
            f"{declaration.name} gives labels: its function must return booleans, "
            f"found {result.dtype}"
        )
    if not declaration.label and result.dtype.kind not in "biuf":
        raise KernelFailed(f"{declaration.name} must return numbers, found {result.dtype}")


def _find_unknown(call: Call, views: list[Array], shape: tuple[int, ...]) -> Array | None:
    """Frames at which a required input is missing, for every value of the result."""
    unknown: Array | None = None
    out_dims = call.declaration.dims
    for view, node, item, places in zip(
        views, call.inputs, call.declaration.inputs, call.places, strict=True
    ):
        if item.argument in call.declaration.optional:
            continue
        dims = [dim for dim in node.dims if dim not in ("individual", "partner")]
        if item.view in ("start_", "end_"):
            dims[dims.index("bodypart")] = "segment"
        if "time" not in dims:
            # A missing number (a body length nobody could measure) makes labels unknown; a missing
            # arena radius only says that the arena is no circle.
            if call.declaration.label and view.ndim == 0 and np.isnan(view):
                return np.ones(shape, bool)
            continue
        missing: Array = np.isnan(view)
        kept = [dim for dim in dims if dim in out_dims and not (dim == "bodypart" and places)]
        gone = tuple(axis for axis, dim in enumerate(dims) if dim not in kept)
        missing = np.any(missing, axis=gone) if gone else missing
        missing = missing.reshape(
            [missing.shape[kept.index(dim)] if dim in kept else 1 for dim in out_dims]
        )
        unknown = missing if unknown is None else unknown | missing
    return unknown


def as_float(state: Array) -> Array:
    """Labels in memory: 1, 0, NaN."""
    decoded = state.astype(np.float32)
    decoded[state < 0] = np.nan
    return decoded


def run_summary(call: Call, series: Mapping[str, Array]) -> Array:
    """One number per animal from the whole recording's series, by key; dims (individual,)."""
    values = [series[node.key] for node in call.inputs]
    out = missing_like((call.sizes["individual"],))
    bouts = call.parameters
    for animal in range(out.shape[0]):
        try:
            out[animal] = call.declaration.function(*(v[animal] for v in values), **bouts)
        except Exception as error:
            raise KernelFailed(_explain(call.declaration, error)) from error
    return out
