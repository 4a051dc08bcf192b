"""Nodes of a request: a variable of a dataset, or a declared function applied to other nodes.

Nodes are small and immutable; equal calls have equal keys, so nothing is computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.engine.bouts import reach_of
from ethoflow.engine.declare import Declaration, Input, Output, Taken
from ethoflow.engine.sources import Source
from ethoflow.engine.windows import Grid, seats_of
from ethoflow.errors import WrongUse
from ethoflow.schema import OF_ALL, UNORDERED, count_frames
from ethoflow.units import resolve

Recipe: TypeAlias = dict[str, Any]
Node: TypeAlias = "Source | Call"


@dataclass(frozen=True, eq=False)
class Call:
    """One variable of a declared function applied to other nodes.

    Calls of one `job` differ in the `index` of the variable alone: what one kernel gives.
    `arguments` and `taken` run along the inputs: what each is for the kernel, and the places it
    takes. Parameters are as the kernel gets them, in frames and in the units of the data. `names`
    are those along derived dims, its own `members` and what the calls it reads have.
    """

    declaration: Declaration
    arguments: tuple[Input, ...]
    inputs: tuple[Node, ...]
    parameters: Mapping[str, Any]
    sizes: Mapping[str, int]
    length: str
    recipe: Recipe
    given: Mapping[str, Any]
    taken: tuple[Taken | None, ...]
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    job: str = ""
    index: int = 0

    @property
    def key(self) -> str:
        """What tells the variable from every other."""
        return f"{self.job}/{self.index}"

    @property
    def output(self) -> Output:
        """The variable it gives."""
        return self.declaration.outputs[self.index]

    @property
    def name(self) -> str:
        """Name of the variable."""
        return self.output.name

    @property
    def results(self) -> tuple[tuple[str, tuple[str, ...], Output], ...]:
        """Key, dims and declaration of every variable of the job."""
        lead = self.declaration.lead
        return tuple(
            (f"{self.job}/{place}", lead + output.dims, output)
            for place, output in enumerate(self.declaration.outputs)
        )

    @property
    def siblings(self) -> tuple[Call, ...]:
        """All variables of the job."""
        others = range(len(self.declaration.outputs))
        return tuple(self if i == self.index else replace(self, index=i) for i in others)

    @property
    def dims(self) -> tuple[str, ...]:
        """Dims of the result, without `recording`."""
        return self.declaration.lead + self.output.dims

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """Names along the dims of the result whose members the dataset does not name."""
        return {dim: names for dim, names in self.names.items() if dim in self.dims}

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result without `recording` and `time`."""
        return tuple(self.sizes[dim] for dim in self.dims if dim != "time")

    @property
    def units(self) -> str:
        """Units of the result, which may be those of an input."""
        for item, node in zip(self.arguments, self.inputs, strict=True):
            if item.argument == self.output.units:
                return node.units
        return resolve(self.output.units, self.length)

    @property
    def gives(self) -> str:
        """Kind of the result."""
        return self.output.gives

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type in which blocks and the store hold it."""
        return self.output.dtype

    @property
    def is_stage(self) -> bool:
        """Whether it is computed apart, from the whole recording."""
        return self.declaration.is_stage

    def attrs(self) -> dict[str, Any]:
        """Attributes of the result: what it is, its units, and the call that made it."""
        declaration = self.declaration
        attrs: dict[str, Any] = {"long_name": self.name.replace("_", " "), "units": self.units}
        if not declaration.replaces:
            attrs["description"] = declaration.summary
        attrs["source"] = write_source(self)
        if self.gives != "number":
            attrs["kind"] = self.gives
        if self.gives == "category":
            names = ["_".join(name.split()) for name in self.categories()]
            if not all(names) or len(set(names)) < len(names):
                raise WrongUse(
                    f"{self.name}: each category needs a name of its own, without regard to "
                    f"blanks and underscores; found {', '.join(map(repr, self.categories()))}."
                )
            attrs["flag_values"] = list(range(len(names)))
            attrs["flag_meanings"] = " ".join(names)
        if declaration.scope == "pair" and declaration.symmetric:
            attrs |= UNORDERED
        if declaration.scope == "group" and "individual" not in self.dims:
            attrs |= OF_ALL
        if declaration.reference:
            attrs["reference"] = declaration.reference
        return attrs

    def categories(self, output: Output | None = None) -> tuple[str, ...]:
        """Names of the numbers of a category."""
        found = (output or self.output).categories
        return tuple(found(self.parameters) if callable(found) else found)

    def halo(self) -> int:
        """Frames the call looks to either side, tiles and bout filters included."""
        if self.is_stage:
            return 0
        tile = self.tile()
        halo = self.look() + (tile - 1 if tile else 0)
        if self.declaration.kind == "behaviour":
            halo += reach_of(self.parameters)
        return int(halo)

    def look(self) -> int:
        """Frames the kernel looks to either side."""
        halo = self.declaration.halo
        return 0 if isinstance(halo, str) else self._frames(halo)

    def tile(self) -> int:
        """Frames the kernel is given at a time; 0 for all there are."""
        return self._frames(self.declaration.tile)

    def _frames(self, frames: int | Callable[..., int]) -> int:
        if not callable(frames):
            return frames
        wanted = frames.__code__.co_varnames[: frames.__code__.co_argcount]
        return int(frames(*(self.parameters[name] for name in wanted)))


def lineage_of(ds: xr.Dataset, name: str) -> Call | None:
    """The call that a variable is the unchanged lazy result of, if it is one.

    Following it back lets one task go from the stored tracks to the last label, however many
    functions were called on the way.
    """
    data = ds[name].variable._data
    layers = getattr(getattr(data, "dask", None), "layers", {})
    layer: Any = layers.get(getattr(data, "name", None))
    call = getattr(layer, "call", None)
    if not isinstance(call, Call) or not _is_unchanged(ds[name], call):
        return None
    return call if _has_recordings_of(ds, layer.grid) else None


def _has_recordings_of(ds: xr.Dataset, grid: Grid) -> bool:
    """Whether recordings end where they did, and the same animals are there."""
    same = "time" not in ds.dims or tuple(map(int, count_frames(ds))) == tuple(grid.n_frames)
    return same and seats_of(ds) == grid.seats


def _is_unchanged(array: xr.DataArray, call: Call) -> bool:
    """Whether nobody renamed the dims or set another unit or kind: the numbers do not show it."""
    dims = tuple(str(dim) for dim in array.dims if dim != "recording")
    attrs = array.attrs
    same = attrs.get("units", call.units) == call.units
    return dims == call.dims and same and attrs.get("kind", call.gives) == call.gives


def write_source(call: Call) -> str:
    """The call as it may be written again: ``climbing(min_outside=0.15)``."""
    shown = {**call.declaration.defaults, **call.given}
    return f"{call.declaration.name}({', '.join(f'{n}={v!r}' for n, v in shown.items())})"
