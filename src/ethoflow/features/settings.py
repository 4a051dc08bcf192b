"""What a column was made with, where it differs from what the functions take by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import xarray as xr

from ethoflow.engine import Declaration, declarations
from ethoflow.engine.parameters import LENGTHS, convert_parameters
from ethoflow.errors import Missing
from ethoflow.schema import position_units
from ethoflow.units import UnitError

if TYPE_CHECKING:
    from ethoflow.engine.calls import Node

MADE = ("feature", "behaviour", "summary")
"""Kinds of functions whose settings a column is of; how positions were cleaned is not."""
WINDOWS = "ethoflow.features.window_kernel.windowed"
SETTINGS = "settings"


def tell_settings(ds: xr.Dataset, node: Node) -> str:
    """Parameters of a node, and of what it rests on, that are not the usual ones.

    They are the same for what is computed and for what was stored, however they were written.

    Examples
    --------
    >>> from ethoflow import features, simulate
    >>> from ethoflow.engine import find
    >>> from ethoflow.engine.resolve import Request
    >>> ds = simulate.still_then_running()
    >>> tell_settings(ds, Request(ds).call(find("straightness"), {"window": "200 ms"}))
    ' (window 0.2 s)'
    >>> tell_settings(ds, Request(ds).call(find("straightness"), {}))
    ''
    """
    from ethoflow.engine.recorded import recorded_recipe  # Dask comes with it

    told = dict.fromkeys(_told(ds, recorded_recipe(ds, node), ""))
    settings = ", ".join(told) or str(node.attrs().get(SETTINGS, ""))
    return f" ({settings})" if settings else ""


def note_settings(ds: xr.Dataset, node: Node) -> dict[str, str]:
    """The attribute of what is not computed anew, in which its settings are kept; or nothing."""
    settings = tell_settings(ds, node).strip(" ()")
    return {SETTINGS: settings} if settings else {}


def _told(ds: xr.Dataset, recipe: Mapping[str, Any], above: str) -> Iterator[str]:
    function = str(recipe.get("function", ""))
    parameters = recipe.get("parameters", {})
    declaration = declarations().get(function.rpartition(".")[-1])
    if function == WINDOWS and parameters.get("min_seen", 0.5) != 0.5:
        yield f"min_seen {parameters['min_seen']:g}"
    elif declaration is not None:
        if declaration.kind not in MADE:
            return
        whose = f"{declaration.name} " if above else ""
        yield from (whose + one for one in _unusual(ds, declaration, parameters))
        above = declaration.name
    for item in recipe.get("inputs", {}).values():
        for one in item if isinstance(item, list) else [item]:
            yield from _told(ds, one, above)


def _unusual(
    ds: xr.Dataset, declaration: Declaration, parameters: Mapping[str, Any]
) -> Iterator[str]:
    """Parameters as the kernel gets them that differ from the usual ones, with their units."""
    from ethoflow.engine.recorded import as_json  # Dask comes with it

    try:
        usual = as_json(convert_parameters(ds, declaration, {}))
    except (Missing, UnitError):  # no scale: the usual thresholds cannot be taken
        usual = {}
    for name in declaration.defaults:
        value = parameters.get(name)
        if value != usual.get(name) and not isinstance(value, list):
            yield f"{name} {_written(ds, declaration.parameter_units.get(name, ''), value)}"


def _written(ds: xr.Dataset, unit: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{value['body_lengths']:g} {unit.replace('mm', 'body_length')}"
    if unit == "s" and value is not None:
        return f"{value / float(ds.fps):g} s"
    if unit in LENGTHS:
        unit = unit.replace("mm", position_units(ds))
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return number if unit in ("", "1") else f"{number} {unit}"
