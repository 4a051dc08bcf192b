"""One kernel: its inputs as it wants them, its results checked, and unknown where they must be.

Everything here is NumPy. A kernel gets one animal (or one ordered pair, or all animals) of one
recording, trimmed to the recording's own frames, so it never meets padding, a neighbour's data, or
the end of a chunk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ethoflow.engine.bouts import loosen
from ethoflow.engine.calls import Call
from ethoflow.engine.declare import BOUT_PARAMETERS, Array, Declaration, Output
from ethoflow.engine.inputs import Held, KernelFailed, inputs_of, of_seats, views_of
from ethoflow.engine.relative import settle
from ethoflow.engine.rule_files import failing_line
from ethoflow.engine.unknown import filter_states, finish, missing_of
from ethoflow.engine.windows import Window

Values = dict[str, Array]


def run_call(call: Call, held: Held, values: Mapping[str, Array], window: Window) -> Values:
    """Arrays of all that a call's kernel gives, by key.

    Parameters
    ----------
    call
        Any variable of the job.
    held
        What the arrays hold of their dims, by job.
    values
        Arrays by key, time being `window`.
    window
        The frames.
    """
    arrays = inputs_of(call, held, values)
    scope = call.declaration.scope
    animals = range(call.sizes["individual"]) if held.animals is None else held.animals
    out = _Result.make(call, held, arrays, len(animals), window)
    if out.is_empty:
        return out.arrays
    if scope == "group":
        _fill_group(call, arrays, out, window)
    elif scope == "pair":
        _fill_pairs(call, arrays, out, window)
    else:
        for actor, seat in enumerate(animals):
            if _is_nobody(call, seat, window):
                out.unknown((actor,))
                continue
            out.put(_run_kernel(call, arrays, (actor, None), out.inner(1), window), (actor,))
    return out.arrays


def _is_nobody(call: Call, seat: int, window: Window) -> bool:
    """Whether the recording has no animal in a seat: of nobody nothing is known, nor counted.

    What a step makes of an empty seat it says itself.
    """
    return call.declaration.kind != "step" and window.seats is not None and seat not in window.seats


@dataclass(frozen=True, eq=False)
class _Result:
    """Arrays that are filled animal by animal, by key."""

    outputs: tuple[Output, ...]
    arrays: Values

    @classmethod
    def make(
        cls, call: Call, held: Held, arrays: Sequence[Array], n_animals: int, window: Window
    ) -> _Result:
        frames = window.stop - window.start
        some, dim = held.parts.get(call.job), held.along.get(call.job, "")
        sizes = {**call.sizes, "individual": n_animals, "partner": n_animals, "time": frames}
        if some is not None:
            sizes[dim] = len(some)
        found = {
            key: np.empty([sizes[dim] for dim in dims], output.dtype)
            for key, dims, output in call.results
        }
        return cls(call.declaration.outputs, found)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compute."""
        return not any(array.size for array in self.arrays.values())

    def inner(self, lead: int) -> list[tuple[int, ...]]:
        """Shapes of the results of one animal, or pair."""
        return [array.shape[lead:] for array in self.arrays.values()]

    def put(self, results: Sequence[Array], place: tuple[int, ...]) -> None:
        """Results of one animal, or pair."""
        for array, result in zip(self.arrays.values(), results, strict=True):
            array[place] = result

    def unknown(self, place: tuple[int, ...] = ()) -> None:
        """Nothing is known there."""
        for array, output in zip(self.arrays.values(), self.outputs, strict=True):
            array[place] = missing_of(output)


def _fill_group(call: Call, arrays: list[Array], out: _Result, window: Window) -> None:
    """All animals that the recording has, at once; of the others nothing is known."""
    seats = window.seats
    everybody = call.sizes["individual"]
    out.unknown()
    if seats is None or len(seats) == everybody:
        seats = None
    elif not seats:
        return
    taken = of_seats(call, arrays, seats)
    n = everybody if seats is None else len(seats)
    shapes = []
    for output, array in zip(out.outputs, out.arrays.values(), strict=True):
        shapes.append(
            tuple(
                n if dim in ("individual", "partner") else size
                for dim, size in zip(output.dims, array.shape, strict=True)
            )
        )
    results = _run_kernel(call, taken, (None, None), shapes, window)
    for output, array, result in zip(out.outputs, out.arrays.values(), results, strict=True):
        if seats is None:
            array[...] = result
            continue
        index = [
            np.array(seats) if dim in ("individual", "partner") else np.arange(size)
            for dim, size in zip(output.dims, array.shape, strict=True)
        ]
        array[np.ix_(*index)] = result


def _fill_pairs(call: Call, arrays: list[Array], out: _Result, window: Window) -> None:
    shapes = out.inner(2)
    n = call.sizes["individual"]
    for actor in range(n):
        out.unknown((actor, actor))
        for partner in range(n):
            if partner == actor:
                continue
            if _is_nobody(call, actor, window) or _is_nobody(call, partner, window):
                out.unknown((actor, partner))
                continue
            if call.declaration.symmetric and partner < actor:
                results = [array[partner, actor] for array in out.arrays.values()]
            else:
                results = _run_kernel(call, arrays, (actor, partner), shapes, window)
            out.put(results, (actor, partner))


def _run_kernel(
    call: Call,
    arrays: Sequence[Array],
    seats: tuple[int | None, int | None],
    shapes: Sequence[tuple[int, ...]],
    window: Window,
) -> list[Array]:
    """Results for one animal, pair or group, unknown where they must be."""
    views = views_of(call, arrays, seats)
    found = _finished(call, views, shapes, window)
    if call.declaration.kind != "behaviour":
        return found
    share = call.parameters["hysteresis"]
    loose = _finished(_loosened(call, share), views, shapes, window)[0] if share else None
    return [filter_states(call, found[0], loose)]


def _loosened(call: Call, share: float) -> Call:
    wider = loosen(call.parameters, call.declaration.parameter_units, share)
    kept = {name: call.parameters[name] for name in BOUT_PARAMETERS}
    return replace(call, parameters={**wider, **kept})


def _finished(
    call: Call, views: Sequence[Array], shapes: Sequence[tuple[int, ...]], window: Window
) -> list[Array]:
    """Results as a block holds them, bouts not yet filtered."""
    results = _compute(call, views, shapes, window)
    return [
        finish(call, output, result, views, shape)
        for output, result, shape in zip(call.declaration.outputs, results, shapes, strict=True)
    ]


def _compute(
    call: Call, views: Sequence[Array], shapes: Sequence[tuple[int, ...]], window: Window
) -> list[Array]:
    """What the kernel gives, all at once or tile by tile of the recording's own frames."""
    tile = call.tile()
    if not tile:
        return call_kernel(call, views, shapes)
    outputs = call.declaration.outputs
    found = [
        np.full(shape, missing_of(output), output.dtype)
        for shape, output in zip(shapes, outputs, strict=True)
    ]
    for first, last, start, stop in tiles_of(window, tile, call.look()):
        a, b = start - window.start, stop - window.start
        cut = [
            view[..., a:b] if "time" in node.dims else view
            for view, node in zip(views, call.inputs, strict=True)
        ]
        wanted = [(*shape[:-1], stop - start) for shape in shapes]
        results = call_kernel(call, cut, wanted)
        own = slice(first - start, last - start)
        for array, result in zip(found, results, strict=True):
            array[..., first - window.start : last - window.start] = result[..., own]
    return found


def tiles_of(window: Window, tile: int, look: int) -> list[tuple[int, int, int, int]]:
    """Tiles of the recording that a window holds with what they look at.

    For each its first and last (exclusive) frame, and those of what the kernel is given.
    """
    found = []
    for first in range(window.start // tile * tile, window.stop, tile):
        last = min(first + tile, window.n_frames)
        start, stop = max(first - look, 0), min(last + look, window.n_frames)
        if start >= window.start and stop <= window.stop:
            found.append((first, last, start, stop))
    return found


def call_kernel(
    call: Call, views: Sequence[Array], shapes: Sequence[tuple[int, ...]]
) -> list[Array]:
    """What the function gives, of the shapes and kinds that its declaration says."""
    declaration = call.declaration
    bouts = BOUT_PARAMETERS if declaration.kind == "behaviour" else ()
    parameters = {n: v for n, v in call.parameters.items() if n not in bouts}
    parameters, own = settle(parameters, call.arguments, views)
    try:
        result = declaration.function(*own, **parameters)
    except MemoryError:  # nothing is wrong with the function
        raise
    except Exception as error:
        raise KernelFailed(explain(declaration, error)) from error
    several = len(declaration.outputs) > 1
    if several and (not isinstance(result, tuple) or len(result) != len(declaration.outputs)):
        names = ", ".join(output.name for output in declaration.outputs)
        raise KernelFailed(f"{declaration.name} must return a tuple: {names}")
    results = [np.asarray(one) for one in (result if several else (result,))]
    for output, one, shape in zip(declaration.outputs, results, shapes, strict=True):
        _check_result(call, output, one, shape)
    return [
        np.maximum(one.astype(np.int64), -1) if output.gives == "category" else one
        for output, one in zip(declaration.outputs, results, strict=True)
    ]


def explain(declaration: Declaration, error: Exception) -> str:
    """The error of a function, with the line of the file that declares it."""
    code = getattr(declaration.function, "__code__", None)
    file = "" if code is None else str(code.co_filename)
    line = failing_line(error, file)
    where = "" if line is None else f" in {file}, line {line}"
    return f"{declaration.name} failed{where}: {type(error).__name__}: {error}"


def _check_claims(name: str, result: Array) -> None:
    """Refuse what is neither booleans nor true, false and unknown."""
    claims = result.dtype == np.int8 and (not result.size or abs(result).max() <= 1)
    if result.dtype != np.bool_ and not claims:
        raise KernelFailed(
            f"{name} gives labels: its function must return booleans, or what claim, any_of and "
            f"all_of give, found {result.dtype}"
        )


def _check_result(call: Call, output: Output, result: Array, shape: tuple[int, ...]) -> None:
    name = call.declaration.name
    if len(call.declaration.outputs) > 1:
        name = f"{name} ({output.name})"
    if result.shape != shape:
        raise KernelFailed(
            f"{name} gave the shape {result.shape} where its declaration says "
            f"{output.dims}, here {shape}: correct dims=... or what the function returns"
        )
    if call.declaration.kind == "behaviour" and call.declaration.optional:
        _check_claims(name, result)
    elif output.gives in ("label", "flag") and result.dtype != np.bool_:
        raise KernelFailed(
            f"{name} gives labels: its function must return booleans, found {result.dtype}"
        )
    if output.gives == "number" and result.dtype.kind not in "biuf":
        raise KernelFailed(f"{name} must return numbers, found {result.dtype}")
    if output.gives != "category":
        return
    if result.dtype.kind not in "iu":
        raise KernelFailed(
            f"{name} gives categories: its function must return whole numbers, found {result.dtype}"
        )
    most = len(call.categories(output))
    if result.size and int(result.max()) >= most:
        raise KernelFailed(f"{name} gave the category {int(result.max())}; it has {most}")
