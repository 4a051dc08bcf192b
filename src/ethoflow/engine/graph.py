"""The graph of what was asked for: declared functions and parameters become nodes.

A node is a `Source` (a variable of a dataset) or a `Call` (a declared function on other nodes).
Nodes are small and immutable; equal calls have equal keys, so nothing is computed twice.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Declaration, Input
from ethoflow.engine.identity import identify
from ethoflow.engine.registry import declarations
from ethoflow.engine.source import Source, source_of
from ethoflow.errors import DataError, Missing, WrongUse, did_you_mean, in_words, listed
from ethoflow.schema import COORDINATES, UNORDERED, VARIABLES, count_frames, position_units
from ethoflow.skeleton import ALIASES, SEGMENTS, place_roles
from ethoflow.units import UnitError, convert, factor, resolve, same_dimension, to_frames, unit_of

Recipe: TypeAlias = dict[str, Any]
Node: TypeAlias = "Source | Call"

NEEDS = {
    "arena": "Give one with ef.calibrate(ds, ef.circle(x, y, radius, size='38 cm')) or ef.polygon "
    "(arena in a project file, --arena).",
    "arena_radius": "Give an arena with ef.calibrate(ds, ef.circle(...)) or ef.polygon.",
    "arena_centre": "Give an arena with ef.calibrate(ds, ef.circle(...)) or ef.polygon.",
    "px_per_mm": "Give one with ef.calibrate(ds, px_per_mm=3.2).",
}
"""How to come by a variable that only the user can give."""


@dataclass(frozen=True, eq=False)
class Call:
    """A declared function applied to other nodes, its parameters as the kernel gets them."""

    declaration: Declaration
    inputs: tuple[Node, ...]
    parameters: Mapping[str, Any]
    sizes: Mapping[str, int]
    units: str
    recipe: Recipe
    given: Mapping[str, Any]
    places: tuple[tuple[int, ...] | None, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    key: str = ""

    @property
    def name(self) -> str:
        """Name of the variable the call gives."""
        return self.declaration.replaces or self.declaration.name

    @property
    def dims(self) -> tuple[str, ...]:
        """Dims of the result, without `recording`."""
        return self.declaration.output_dims

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result without `recording` and `time`."""
        return tuple(self.sizes[dim] for dim in self.dims if dim != "time")

    @property
    def is_label(self) -> bool:
        """Whether the result is 1, 0 or unknown."""
        return self.declaration.label

    def attrs(self) -> dict[str, str]:
        """Attributes of the result: what it is, its units, and the call that made it."""
        declaration = self.declaration
        name = declaration.replaces or declaration.name
        attrs = {"long_name": name.replace("_", " "), "units": self.units}
        if not declaration.replaces:
            attrs["description"] = declaration.summary
        attrs["source"] = write_source(self)
        if self.is_label:
            attrs["kind"] = "label"
        if declaration.scope == "pair" and declaration.symmetric:
            attrs |= UNORDERED
        if declaration.reference:
            attrs["reference"] = declaration.reference
        return attrs

    def halo(self) -> int:
        """Frames the call looks to either side, bout filters included."""
        halo = self.declaration.halo
        if callable(halo):
            wanted = halo.__code__.co_varnames[: halo.__code__.co_argcount]
            halo = halo(*(self.parameters[name] for name in wanted))
        if self.declaration.kind == "behaviour":
            halo += self.parameters["max_gap"] + max(self.parameters["min_bout"] - 1, 0)
        return int(halo)


def resolve_call(
    ds: xr.Dataset,
    declaration: Declaration,
    given: Mapping[str, Any],
    memo: dict[str, Node] | None = None,
    asking: tuple[str, ...] = (),
) -> Call:
    """The node of `declaration` on `ds`, with all it needs.

    Parameters
    ----------
    ds
        Checked dataset.
    declaration
        What to compute.
    given
        Parameters by name, numbers or strings with units.
    memo
        Nodes resolved before, shared between the outputs of one request.
    asking
        Names of the functions that need this one, from the first on.

    Raises
    ------
    DataError
        A variable or a body part is missing.
    UnitError
        A parameter or an input has the wrong unit.
    TypeError
        An unknown parameter.
    """
    memo = {} if memo is None else memo
    asking = (*asking, declaration.name)
    inputs = tuple(
        _resolve_input(ds, declaration, item, memo, asking) for item in declaration.inputs
    )
    places, labels = _place_bodyparts(ds, declaration, inputs)
    parameters = _convert_parameters(ds, declaration, given)
    if declaration.names is not None:
        labels = {**labels, **declaration.names(ds, parameters)}
    sizes = _measure(ds, labels)
    recipe = _write_recipe(declaration, parameters, inputs, places, labels)
    return Call(
        declaration=declaration,
        inputs=inputs,
        parameters=parameters,
        sizes=sizes,
        units=resolve(declaration.units, position_units(ds)),
        recipe=recipe,
        given=dict(given),
        places=places,
        labels=labels,
        key=_digest([recipe, [node.key for node in inputs], sorted(sizes.items())]),
    )


def _resolve_input(
    ds: xr.Dataset,
    declaration: Declaration,
    item: Input,
    memo: dict[str, Node],
    asking: tuple[str, ...],
) -> Node:
    name = item.variable
    if name in memo:
        return memo[name]
    if _is_input(ds, name):
        _check_units(ds, declaration, name)
        memo[name] = lineage_of(ds[name]) or source_of(ds[name])
    elif name in asking:
        raise WrongUse(f"{name} needs itself: {' needs '.join([*asking, name])}.")
    elif name in declarations():
        memo[name] = resolve_call(ds, declarations()[name], {}, memo, asking)
    else:
        # What only the user can give is not looked for among what is there.
        has = "" if name in NEEDS else f"This dataset has: {listed(ds.data_vars)}."
        raise Missing(
            declaration.name, f"the variable {name!r}", has, _advice(ds, name, declaration)
        )
    if (
        "partner" in memo[name].dims
        and declaration.scope != "pair"
        and item.argument not in declaration.optional
    ):
        raise WrongUse(
            f"{declaration.name} reads {name}, a quantity of pairs: declare scope='pair', or "
            f"optional=({name!r},) to get it with the dims (partner, time), its own row missing."
        )
    return memo[name]


def _is_input(ds: xr.Dataset, name: str) -> bool:
    """Whether a computation may read `name` from `ds`: variables, series, what every dataset has.

    Other coordinates are what somebody noted about recordings and animals: a column ``speed`` of
    theirs is not the feature.
    """
    if name in ds.data_vars:
        return True
    return name in ds.coords and (name in COORDINATES or "time" in ds[name].dims)


def _advice(ds: xr.Dataset, name: str, declaration: Declaration) -> str:
    """How to come by an input that is not there."""
    if name in ds.coords:
        return (
            f"Its coordinate {name!r} is metadata, which no computation reads: make it a variable "
            f"with ds.reset_coords({name!r})."
        )
    known = {*declarations(), *VARIABLES, *map(str, ds.data_vars)} - {declaration.name}
    return NEEDS.get(name, did_you_mean(name, known).strip())


def _check_units(ds: xr.Dataset, declaration: Declaration, name: str) -> None:
    """Raise where a variable of the dataset is not in the unit its readers reckon in."""
    found, length = ds[name].attrs.get("units"), position_units(ds)
    if name in declarations():
        wanted = resolve(declarations()[name].units, length)
    elif name in VARIABLES and VARIABLES[name].units == "px or mm":
        wanted = length
    else:
        return
    if found is None or found == wanted:
        return
    if not same_dimension(found, wanted) or factor(found, wanted) != 1:
        raise UnitError(
            f"{declaration.name} needs {name} in {wanted}, as the positions are in {length}; "
            f"this dataset has it in {found}. Convert it, or drop it to have it computed."
        )


def lineage_of(array: xr.DataArray) -> Call | None:
    """The call that `array` is the unchanged lazy result of, if it is one.

    Following it back lets one task go from the stored tracks to the last label, however many
    functions were called on the way.
    """
    data = array.variable._data
    layers = getattr(getattr(data, "dask", None), "layers", {})
    call = getattr(layers.get(getattr(data, "name", None)), "call", None)
    return call if isinstance(call, Call) else None


def _convert_parameters(
    ds: xr.Dataset, declaration: Declaration, given: Mapping[str, Any]
) -> dict[str, Any]:
    unknown = set(given) - set(declaration.defaults)
    if unknown:
        name = min(unknown)
        asked = did_you_mean(name, declaration.defaults)
        raise WrongUse(
            f"{declaration.name} has no parameter {name}.{asked} "
            f"It has: {', '.join(declaration.defaults) or 'none'}."
        )
    parameters = {}
    for name, default in declaration.defaults.items():
        value = given.get(name, default)
        unit = declaration.parameter_units.get(name)
        full = f"{declaration.name}({name})"
        if value is None or (unit is None and not _is_number(default)):
            parameters[name] = value
        elif unit is None:
            number = convert(value, "1", name=full)
            parameters[name] = int(number) if isinstance(value, int) else number
        elif unit == "s":
            parameters[name] = to_frames(value, float(ds.fps), name=full)
            if name in given:
                _check_duration(ds, parameters[name], full, value)
        else:
            parameters[name] = _convert_length(value, unit, position_units(ds), declaration, name)
    if declaration.needs_fps:
        parameters["fps"] = float(ds.fps)
    return parameters


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_duration(ds: xr.Dataset, frames: int, name: str, value: Any) -> None:
    """Refuse a duration that no recording has: kernels reckon with that many frames."""
    longest = int(count_frames(ds).max(initial=0)) if "time" in ds.dims else frames
    if frames > max(longest, LONG * float(ds.fps)):
        raise DataError(
            f"{name} = {value!r} is {frames:,.6g} frames; the longest recording has {longest:,} "
            f"({longest / float(ds.fps):,.3g} s). Give a shorter time, as in '2 s'."
        )


LONG = 60.0
"""Seconds that a window may have however short the recordings are."""


def _convert_length(
    value: Any, unit: str, length: str, declaration: Declaration, name: str
) -> float:
    """A threshold in the unit of the data: declared in mm, it may be given in px for px data."""
    full = f"{declaration.name}({name})"
    wanted = unit.replace("mm", length) if unit in ("mm", "mm/s", "mm/s2") else unit
    written = unit_of(value, name=full, unit=unit) or unit
    number = convert(value, written, name=full)
    if not math.isfinite(number):
        raise UnitError(f"{full} must be a number in {wanted}, found {value!r}.")
    if same_dimension(written, wanted):
        return number * factor(written, wanted)
    if length == "px" and same_dimension(written, unit):
        raise Uncalibrated(
            declaration.name,
            "positions in mm",
            "These are in px.",
            "Calibrate them (ef.calibrate; arena or px_per_mm in a project file, --arena or "
            "--px-per-mm), or give thresholds in pixels, as in parameters: "
            f"{{{declaration.name}: {{{name}: 30 {wanted}}}}}.",
        )
    raise UnitError(f"{full} = {value!r} is in {written}; it must be in {wanted}.")


class Uncalibrated(Missing, UnitError):
    """Positions in px where a threshold is a length."""


def _place_bodyparts(
    ds: xr.Dataset, declaration: Declaration, inputs: tuple[Node, ...]
) -> tuple[tuple[tuple[int, ...] | None, ...], dict[str, tuple[str, ...]]]:
    """For each input, the places of the body parts its kernel gets (None: all there are)."""
    pairs = _segments(ds) if "segment" in declaration.dims else []
    places: list[tuple[int, ...] | None] = []
    for item, node in zip(declaration.inputs, inputs, strict=True):
        roles = declaration.roles.get(item.argument)
        if "bodypart" not in node.dims:
            places.append(None)
        elif item.view in ("start_", "end_"):
            places.append(tuple(pair[item.view == "end_"] for pair in pairs))
        elif roles:
            places.append(_find_places(ds, declaration, roles))
        else:
            places.append(None)
    names = [str(part) for part in ds.bodypart.values] if pairs else []
    labels = tuple(f"{names[a]}-{names[b]}" for a, b in pairs)
    return tuple(places), {"segment": labels} if "segment" in declaration.dims else {}


def _find_places(
    ds: xr.Dataset, declaration: Declaration, wanted: tuple[str, ...]
) -> tuple[int, ...]:
    roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
    places = place_roles(roles, wanted)
    twice = [role for role in wanted if roles.count(role) > 1]
    if twice:
        raise Missing(
            declaration.name,
            f"one body part in the role {twice[0]!r}, not {roles.count(twice[0])}",
            way=f"Choose one with ef.assign_roles(ds, {{{twice[0]!r}: ...}}).",
        )
    missing = [role for role, place in zip(wanted, places, strict=True) if place is None]
    if missing:
        one = "a body part in the role" if len(missing) == 1 else "body parts in the roles"
        strange = [role for role in missing if role not in ALIASES]
        asked = did_you_mean(strange[0], ALIASES) if strange else ""
        raise Missing(
            declaration.name,
            f"{one} {in_words([repr(role) for role in missing])}",
            f"This recording has: {', '.join(list_parts(ds))}.",
            f"Name one with skeleton={{{missing[0]!r}: 'its name here'}} (--skeleton "
            f"{missing[0]}=NAME), or make one of several: "
            f"skeleton={{{missing[0]!r}: ['one', 'another']}}.{asked}",
        )
    return tuple(place for place in places if place is not None)


def list_parts(ds: xr.Dataset) -> list[str]:
    """Body parts, each with its role where it has one."""
    roles = ds.role.values if "role" in ds.coords else [""] * ds.sizes["bodypart"]
    return [
        f"{part} ({role})" if role else str(part)
        for part, role in zip(ds.bodypart.values, roles, strict=True)
    ]


def _segments(ds: xr.Dataset) -> list[tuple[int, int]]:
    roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
    pairs = [place_roles(roles, pair) for pair in SEGMENTS]
    return [(a, b) for a, b in pairs if a is not None and b is not None]


def _measure(ds: xr.Dataset, labels: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    sizes = {str(dim): size for dim, size in ds.sizes.items()}
    sizes.setdefault("individual", 1)
    sizes["partner"] = sizes["individual"]
    return {**sizes, **{dim: len(names) for dim, names in labels.items()}}


def _write_recipe(
    declaration: Declaration,
    parameters: Mapping[str, Any],
    inputs: tuple[Node, ...],
    places: tuple[tuple[int, ...] | None, ...],
    labels: Mapping[str, tuple[str, ...]],
) -> Recipe:
    recipe: Recipe = {
        "function": f"{declaration.function.__module__}.{declaration.name}",
        "version": declaration.version,
        "parameters": dict(sorted(parameters.items())),
        "inputs": {
            item.argument: node.recipe
            for item, node in zip(declaration.inputs, inputs, strict=bool(inputs))
        },
    }
    if any(place is not None for place in places):
        recipe["bodyparts"] = [None if place is None else list(place) for place in places]
    if labels:
        recipe["labels"] = {dim: list(names) for dim, names in labels.items()}
    code = identify(declaration)
    if code:
        recipe["function"] = declaration.name
        recipe["code"] = code
    return recipe


def own_recipe(call: Call) -> Recipe:
    """The recipe of a call alone, its function's code as it is now; inputs by their arguments.

    A user may have edited what the function uses since the call was made.
    """
    return _write_recipe(call.declaration, call.parameters, (), call.places, call.labels)


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=_plain)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a parameter of the type {type(value).__name__} cannot be recorded: {value!r}")


def write_source(call: Call) -> str:
    """The call as it may be written again: ``climbing(min_outside=0.15)``."""
    shown = {**call.declaration.defaults, **call.given}
    return f"{call.declaration.name}({', '.join(f'{n}={v!r}' for n, v in shown.items())})"


def recipe_text(recipe: Recipe) -> str:
    """A recipe as one line of JSON."""
    return json.dumps(recipe, sort_keys=True, default=_plain, separators=(",", ":"))
