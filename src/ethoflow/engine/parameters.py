"""Parameters as a kernel gets them: in frames, and in the units of the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import xarray as xr

from ethoflow.engine.declare import Declaration
from ethoflow.engine.relative import BodyLengths, check_relative
from ethoflow.errors import DataError, Missing, WrongUse, did_you_mean
from ethoflow.schema import count_frames, position_units
from ethoflow.units import UnitError, convert, factor, same_dimension, to_frames, unit_of


def convert_parameters(
    ds: xr.Dataset, declaration: Declaration, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Parameters of a call, by name.

    Raises
    ------
    WrongUse
        The function has no such parameter.
    UnitError
        One is in the wrong unit.
    """
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
            # A count stays one; a threshold that is written as 1 is a threshold all the same.
            whole = isinstance(value, int) and isinstance(default, int)
            parameters[name] = int(number) if whole else number
        elif unit == "s":
            parameters[name] = to_frames(value, float(ds.variables["fps"].values), name=full)
            if name in given:
                _check_duration(ds, parameters[name], full, value)
        else:
            parameters[name] = _convert_length(value, unit, position_units(ds), declaration, name)
    _check_share(declaration, parameters)
    if declaration.needs_fps:
        parameters["fps"] = float(ds.variables["fps"].values)
    return parameters


def _check_share(declaration: Declaration, parameters: Mapping[str, Any]) -> None:
    share = parameters["hysteresis"] if declaration.kind == "behaviour" else 0
    if not 0 <= share <= 1:
        raise UnitError(
            f"{declaration.name}(hysteresis) must be a share of the thresholds, 0 to 1, found "
            f"{share!r}."
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_duration(ds: xr.Dataset, frames: int, name: str, value: Any) -> None:
    """Refuse a duration that no recording has: kernels reckon with that many frames."""
    longest = int(count_frames(ds).max(initial=0)) if "time" in ds.dims else frames
    if frames > max(longest, LONG * float(ds.variables["fps"].values)):
        raise DataError(
            f"{name} = {value!r} is {frames:,.6g} frames; the longest recording has {longest:,} "
            f"({longest / float(ds.fps):,.3g} s). Give a shorter time, as in '2 s'."
        )


LONG = 60.0
"""Seconds that a window may have however short the recordings are."""


LENGTHS = ("mm", "mm/s", "mm/s2")
"""Units of thresholds that go with the unit of the positions."""


def _convert_length(
    value: Any, unit: str, length: str, declaration: Declaration, name: str
) -> float | BodyLengths:
    """A threshold in the unit of the data: declared in mm, it may be given in px for px data.

    It may be in body lengths too.
    """
    full = f"{declaration.name}({name})"
    wanted = unit.replace("mm", length) if unit in LENGTHS else unit
    written = unit_of(value, name=full, unit=unit) or unit
    number = convert(value, written, name=full)
    if not math.isfinite(number):
        raise UnitError(f"{full} must be a number in {wanted}, found {value!r}.")
    if same_dimension(written, wanted):
        return number * factor(written, wanted)
    in_bodies = unit.replace("mm", "body_length")
    if unit in LENGTHS and same_dimension(written, in_bodies):
        check_relative(declaration, full)
        return BodyLengths(number * factor(written, in_bodies))
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
