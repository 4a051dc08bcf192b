"""What every declared function must keep, tried on simulated mice: for a user's own, in sentences.

The built-in ones go through the same in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, reduce, wraps
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.engine import Declaration, Output, find
from ethoflow.engine.calls import Call
from ethoflow.engine.model import Model
from ethoflow.engine.resolve import Request
from ethoflow.errors import DataError, Missing, WrongUse
from ethoflow.geometry.arena import circle
from ethoflow.geometry.calibration import calibrate
from ethoflow.schema import Data, as_dataset
from ethoflow.simulate import simulate_recording
from ethoflow.units import UnitError, factor, resolve

CHUNKS = (1, 7, 50)
N_FRAMES = 240
STRETCHES = 4
"""Stretches that a recording has at least where it is tried how a fit merges them."""

ROUNDING = 1e-4
"""Relative differences below it come from rounding, larger ones from frames that are not seen."""

LENGTHS = ("mm", "mm/s", "mm/s2")
"""Units of thresholds that grow with positions."""

Arrays: TypeAlias = Mapping[str, np.ndarray]
Given: TypeAlias = Mapping[str, Any]
Merge: TypeAlias = Callable[[Any, Any], Any]
Fold: TypeAlias = Callable[[Merge, Sequence[Any]], Any]


def check(declaration: Declaration | str, data: Data | None = None, **parameters: Any) -> list[str]:
    """What is wrong with a declared function, a sentence for each; none where all holds.

    It is computed all at once and in blocks of 1, 7 and 50 frames, twice, on one frame, on a
    recording without any point, on positions twice as large, on one body part where it says that
    they are computed by themselves, merged the other way round and in other groups where it is a
    fit, and sent to another process; results have to agree.

    Parameters
    ----------
    declaration
        A function declared with ``@ef.behaviour``, ``@ef.feature``, ``@ef.step``,
        ``@ef.summary`` or ``@ef.fit``, or its name.
    data
        What it is tried on: three simulated mice in an arena by default, 240 frames with gaps, mm.
        A function that reads something else needs a dataset that has it.
    parameters
        What the function is called with.

    Raises
    ------
    UnknownName
        No function of that name.

    Examples
    --------
    >>> check("speed")
    []
    >>> import numpy as np, ethoflow as ef
    >>> @ef.feature(dims=("bodypart", "time"), units="position")
    ... def highest_so_far(position):
    ...     \"\"\"The highest that a body part has been.\"\"\"
    ...     return np.fmax.accumulate(position[:, 1], axis=-1)
    >>> check(highest_so_far)[0][:57]
    'in blocks of 1 frame it gives something else than at once'
    """
    declaration = find(declaration) if isinstance(declaration, str) else declaration
    ds = _mice() if data is None else as_dataset(data).load()
    try:
        whole = _run(declaration, ds, parameters)
    except Missing as error:
        return [f"it could not be tried: {error} Give check a dataset that has it."]
    except (DataError, WrongUse, UnitError) as error:
        return [str(error)]
    found: list[str] = []
    for trial in (_repeated, _in_blocks, _merged, _on_little, _sent, _enlarged, _in_parts):
        try:
            found += trial(declaration, ds, parameters, whole)
        except (DataError, WrongUse) as error:
            found.append(str(error))
    return list(dict.fromkeys(found))


@cache
def _simulated() -> xr.Dataset:
    simulation = simulate_recording(n_individuals=3, duration="20 s", seed=3)
    tracks = simulation.tracks.isel(recording=0, time=slice(N_FRAMES))
    seen: Any = simulation.arena
    arena = circle(seen.x, seen.y, seen.radius, size=seen.size)
    return calibrate(tracks.assign_coords(n_frames=N_FRAMES), arena)


def _mice() -> xr.Dataset:
    return _simulated().copy(deep=True)


def _run(declaration: Declaration, ds: xr.Dataset, given: Given) -> dict[str, np.ndarray]:
    """What a function gives, by variable, computed."""
    found: Any = declaration(ds, **given)  # type: ignore[operator]
    if declaration.kind == "fit":
        return dict(found.arrays)
    names = [output.name for output in declaration.outputs]
    arrays = found if isinstance(found, xr.Dataset) else {names[0]: found}
    return {name: arrays[name].values for name in names}


def _differ(one: Arrays, other: Arrays) -> tuple[str, float, int] | None:
    """The first variable that differs, by how much, and the first frame; None where none does."""
    for name, values in one.items():
        found = other[name]
        if values.shape != found.shape:
            return name, math.inf, 0
        same = (values == found) | (np.isnan(values) & np.isnan(found))
        if same.all():
            continue
        known = ~np.isnan(values) & ~np.isnan(found)
        alike = np.array_equal(np.isnan(values), np.isnan(found))
        size = float(np.abs(values[known]).max(initial=0)) or 1.0
        most = float(np.abs(values - found)[known].max(initial=0)) / size if alike else math.inf
        where = np.flatnonzero(~same.reshape(-1, same.shape[-1]).all(axis=0)) if same.ndim else [0]
        return name, most, int(where[0])
    return None


def _repeated(declaration: Declaration, ds: xr.Dataset, given: Given, whole: Arrays) -> list[str]:
    if _differ(whole, _run(declaration, ds, given)) is None:
        return []
    return [
        "computed twice it gives two results: it uses chance, time, or something that it changes "
        "itself. Begin from a fixed seed, np.random.default_rng(0), inside the function."
    ]


def _in_blocks(declaration: Declaration, ds: xr.Dataset, given: Given, whole: Arrays) -> list[str]:
    for length in CHUNKS:
        difference = _differ(whole, _run(declaration, ds.chunk(time=length), given))
        if difference is None:
            continue
        name, most, frame = difference
        blocks = f"in blocks of {length} frame{'s' if length > 1 else ''}"
        said = f"{blocks} it gives something else than at once ({name}, first at frame {frame})"
        if most < ROUNDING:
            return [
                f"{said}, by {most:.1g} of its size: what the function makes of a frame depends on "
                "how many it is given (a matrix product, a vectorised function). Declare tile=..., "
                "so that it always gets the same ones."
            ]
        halo = declaration.halo
        looks = f"its halo of {halo} frames" if isinstance(halo, int) else "its halo"
        return [
            f"{said}: it needs more frames before or after than {looks}. Declare a longer "
            "halo=..., or halo='whole' where it needs all of the recording."
        ]
    return []


class _Pile(list[Any]):
    """Small results of stretches, in order, not merged yet."""


def _pile(one: Any, other: Any) -> _Pile:
    return _Pile([*_piled(one), *_piled(other)])


def _piled(small: Any) -> list[Any]:
    return small if isinstance(small, _Pile) else [small]


def _turned(merge: Merge, small: Sequence[Any]) -> Any:
    """Merged from the first on, the later one given first."""
    return reduce(lambda one, other: merge(other, one), small)


def _from_last(merge: Merge, small: Sequence[Any]) -> Any:
    """Merged from the last on, in the same order: a + (b + c) where it was (a + b) + c."""
    return reduce(lambda one, other: merge(other, one), reversed(small))


ORDERS: tuple[tuple[Fold, str], ...] = (
    (
        _turned,
        "merged the other way round it gives another {name}: its merge must give the same "
        "whichever of two comes first, as a sum does.",
    ),
    (
        _from_last,
        "merged in other groups it gives another {name}: its merge must give the same for a with "
        "b and c as for a and b with c, as a sum does. Merge sums and counts, and divide in "
        "finish=....",
    ),
)
"""Other ways to merge than from the first on, and what is said where one gives something else."""


def _merged(declaration: Declaration, ds: xr.Dataset, given: Given, whole: Arrays) -> list[str]:
    """Stretches may be merged in any order and groups: recordings are, by what they are.

    There are several, also where there is one animal and a stretch is longer than the recording.
    """
    if declaration.kind != "fit":
        return []
    merge, finish = declaration.merge, declaration.finish
    assert merge is not None
    assert finish is not None
    length = max(ds.sizes.get("time", 1) // STRETCHES, 1)
    tile = min(Request(ds).call(declaration, given).tile() or length, length)
    short = replace(declaration, tile=tile)
    expected = _run(short, ds, given)
    for fold, said in ORDERS:

        @wraps(finish)
        def end(small: Any, fold: Fold = fold, **parameters: Any) -> Mapping[str, Any]:
            ended: Mapping[str, Any] = finish(fold(merge, _piled(small)), **parameters)
            return ended

        difference = _differ(expected, _run(replace(short, merge=_pile, finish=end), ds, given))
        if difference is not None and difference[1] >= ROUNDING:
            return [said.format(name=difference[0])]
    return []


def _on_little(declaration: Declaration, ds: xr.Dataset, given: Given, whole: Arrays) -> list[str]:
    if declaration.kind == "fit":
        return []
    found = []
    trials = {"one frame": ds.isel(time=[0]).assign_coords(n_frames=1)}
    if "position" in ds:
        unseen = ds.assign(position=ds.position.where(False))
        trials["a recording in which nothing was seen"] = unseen
    if declaration.scope == "group" and ds.sizes.get("individual", 1) > 1:
        trials["a recording that lacks one of the animals"] = _without_one(ds)
    for what, little in trials.items():
        try:
            _run(declaration, little, given)
        except DataError as error:
            found.append(f"on {what}: {error}")
    return found


def _without_one(ds: xr.Dataset) -> xr.Dataset:
    """The same recording, in which the first animal is not there."""
    there = np.arange(ds.sizes["individual"]) > 0
    named = ds.animal if "animal" in ds.coords else ds.individual
    animals = np.where(there, named.values.astype(str), "")
    seen = xr.DataArray(there, dims="individual")
    own = {n: v for n, v in ds.data_vars.items() if "individual" in v.dims and v.dtype.kind == "f"}
    kept = {name: array.where(seen) for name, array in own.items()}
    return ds.assign(kept).assign_coords(animal=("individual", animals.astype(object)))


def _sent(declaration: Declaration, ds: xr.Dataset, given: Given, whole: Arrays) -> list[str]:
    import cloudpickle  # type: ignore[import-untyped]

    from ethoflow.engine.identity import identify

    identify(declaration)  # raises where it uses what cannot be told from another
    try:
        again = cloudpickle.loads(cloudpickle.dumps(declaration))
    except Exception as error:
        return [f"it cannot be sent to another process: {type(error).__name__}: {error}"]
    if _differ(whole, _run(again, ds, given)) is None:
        return []
    return ["sent to another process it gives something else: it uses what is set outside of it."]


def _enlarged(declaration: Declaration, ds: xr.Dataset, given: Given, whole: Arrays) -> list[str]:
    """Twice as large is twice the length, and the same angle, share or behaviour."""
    units = [output.units for output in declaration.outputs]
    learnt = any(isinstance(value, Model) for value in given.values())
    mixed = any(item.many for item in declaration.inputs)
    if declaration.kind == "fit" or learnt or mixed or any("mm" in unit for unit in units):
        return []
    if _has_lengths_below(Request(ds).call(declaration, given)):
        return []
    lengths = [n for n, v in ds.data_vars.items() if v.attrs.get("units") == "mm"]
    twice = ds.assign({name: ds[name].copy(data=ds[name].values * 2) for name in lengths})
    larger = {
        name: value * 2
        for name, value in {**declaration.defaults, **given}.items()
        if declaration.parameter_units.get(name) in LENGTHS and isinstance(value, int | float)
    }
    found = _run(declaration, twice, {**given, **larger})
    for output in declaration.outputs:
        power = _power(_unit_of(declaration, ds, given, output))
        expected = {output.name: whole[output.name] * 2.0**power}
        difference = _differ(expected, {output.name: found[output.name]})
        if difference is not None and difference[1] > ROUNDING:
            return [
                f"positions twice as large do not give {output.name} times {2.0**power:g}, as its "
                f"unit {output.units!r} says: correct units=..., or name the unit of each "
                "parameter that is a length."
            ]
    return []


def _unit_of(declaration: Declaration, ds: xr.Dataset, given: Given, output: Output) -> str:
    """The unit of a variable; of one that has that of an input, the input's."""
    if output.units not in [item.argument for item in declaration.inputs]:
        return output.units
    call = Request(ds).call(declaration, given)
    return next(one.units for one in call.siblings if one.name == output.name).replace(
        "mm", "position"
    )


def _has_lengths_below(call: Call) -> bool:
    """Whether what it rests on has thresholds that are lengths: those are not made larger here."""
    return any(
        _has_lengths_below(node)
        or any(
            unit in LENGTHS and node.parameters.get(name) is not None
            for name, unit in node.declaration.parameter_units.items()
        )
        for node in call.inputs
        if isinstance(node, Call)
    )


def _power(unit: str) -> int:
    """The power of a length in a unit: 1 for a speed."""
    return round(math.log10(factor(resolve(unit, "m"), resolve(unit, "mm"))) / 3)


def _in_parts(declaration: Declaration, ds: xr.Dataset, given: Given, whole: Arrays) -> list[str]:
    split = all("bodypart" in output.dims for output in declaration.outputs)
    if "bodypart" not in declaration.pointwise or "bodypart" in declaration.over or not split:
        return []  # it is given all of them
    places = [3, 5]
    found = _run(declaration, ds.isel(bodypart=places), given)
    for output in declaration.outputs:
        axis = (*declaration.lead, *output.dims).index("bodypart")
        part = {output.name: np.take(whole[output.name], places, axis=axis)}
        if _differ(part, {output.name: found[output.name]}) is not None:
            return [
                f"of two body parts alone it gives another {output.name} than of all: it does not "
                "compute each by itself, as pointwise=('bodypart',) says. Leave that out."
            ]
    return []
