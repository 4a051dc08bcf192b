"""Columns of a feature matrix: a name, a unit, and where its numbers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import xarray as xr

from ethoflow.errors import DataError, WrongUse
from ethoflow.features.windows import BROUGHT, MIXED, goes_round, units_of

if TYPE_CHECKING:
    from ethoflow.engine.calls import Node

NEAREST, EACH = "nearest", "each"

Units: TypeAlias = tuple[str, Sequence[str]]


@dataclass(frozen=True)
class Columns:
    """Names, units, and whether they are angles, of the columns that one node gives."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    circular: tuple[bool, ...]


def columns_of(
    ds: xr.Dataset,
    node: Node,
    called: str,
    partners: str,
    units: Units | None,
    settings: str = "",
) -> Columns:
    """The columns of a node, in the order in which its numbers lie: the last dim runs first.

    Parameters
    ----------
    called
        What the columns are called.
    partners
        What becomes of partners: one column, or one for each.
    units
        A dim, and the units along it, where they differ.
    settings
        What is said behind the name, of settings that are not the usual ones.

    Raises
    ------
    DataError
        It has categories, or units that nobody knows.
    """
    if node.gives == "category":
        raise DataError(
            f"feature_matrix: {called} has categories, whose numbers mean nothing: make a flag of "
            "each, as in (x == 0).where(x.notnull())."
        )
    if "time" not in node.dims:
        raise WrongUse(f"feature_matrix: {called} is a number of a whole recording, without time.")
    if node.units == MIXED and units is None:
        raise DataError(
            f"feature_matrix: the parts of {called} have units of their own, and the coordinate "
            "'unit' that says them is gone: make it again."
        )
    inner = [dim for dim in node.dims if dim not in ("individual", "time")]
    if partners != EACH:
        inner = [dim for dim in inner if dim != "partner"]
    members = [_members(ds, node, dim) for dim in inner]
    names, own, circular = [], [], []
    for places in product(*(range(len(one)) for one in members)):
        found = {dim: one[place] for dim, one, place in zip(inner, members, places, strict=True)}
        place = dict(zip(inner, places, strict=True))
        one_of = "partner" in node.dims and partners == NEAREST
        names.append(_name(called + settings, found, one_of=one_of))
        unit = node.units if units is None else units[1][place[units[0]]]
        own.append(unit)
        circular.append(goes_round(unit, called) and found.get("statistic") != "sd")
    return Columns(tuple(names), tuple(own), tuple(circular))


def _members(ds: xr.Dataset, node: Node, dim: str) -> list[str]:
    names = node.named.get(dim)
    if names is not None:
        return list(names)
    other = "individual" if dim == "partner" else dim
    if other in ds.coords and ds.sizes[other] == node.sizes[dim]:
        return [str(name) for name in ds[other].values]
    return [str(place) for place in range(node.sizes[dim])]


def _name(called: str, found: dict[str, str], *, one_of: bool) -> str:
    """As people say it: ``speed nose, mean of 1 s``."""
    words = [] if "feature" in found else [called]
    words += [name for dim, name in found.items() if dim not in (*BROUGHT, "partner")]
    name = " ".join(words)
    if one_of:
        name += " of the nearest"
    if "partner" in found:
        name += f" with {found['partner']}"
    if "statistic" in found:
        name += f", {found['statistic']} of {found['window']}"
    return name


def units_along(ds: xr.Dataset, node: Node, given: xr.DataArray | None) -> Units | None:
    """The dim along which the parts of a node have units of their own, and these."""
    made: Any = node
    if "statistic" in getattr(node, "members", {}):
        return "statistic", units_of(made.members["statistic"], made.inputs[0].units)
    coords = ds.coords if given is None else given.coords
    if "unit" in coords and coords["unit"].ndim == 1 and coords["unit"].dims[0] in node.dims:
        return str(coords["unit"].dims[0]), [str(unit) for unit in coords["unit"].values]
    return None
