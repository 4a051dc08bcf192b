"""Scales of recordings, as people give them: numbers, texts with a unit, tables, metadata."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ethoflow.errors import did_you_mean, listed
from ethoflow.geometry.by_name import for_each
from ethoflow.names import ASIDE, plain
from ethoflow.schema import DataError
from ethoflow.units import UnitError, convert, factor, same_dimension, unit_of

Scale: TypeAlias = (
    float
    | str
    | Mapping[str, float | str]
    | Sequence[float | str]
    | npt.NDArray[Any]
    | pd.Series
    | xr.DataArray
)
"""Pixels per millimetre: one for all recordings, one for each, or where the metadata have it."""

_WORDS = {
    "pixel": "px",
    "px": "px",
    "millimeter": "mm",
    "millimetre": "mm",
    "centimeter": "cm",
    "centimetre": "cm",
    "µm": "um",
}
_SINGULAR = re.compile(r"(?<![\da-zµ])([a-zµ]+?)s?(?![\da-zµ])")
_LENGTHS = {"mm", "cm", "m", "um"}
_FORMS = "a number, a text such as '3.2 px/mm', or one for each recording"


def scales_of(given: Scale, ds: xr.Dataset, names: Sequence[str]) -> npt.NDArray[np.float64]:
    """The scale of each recording in px/mm.

    A text is a number with a unit (``"2 px/mm"``, ``"0.5 mm/px"``, ``"25 px/cm"``), or the name of
    a column of the metadata, whose unit is that in its name, else px/mm; so are columns themselves,
    as in ``ds["mm/px"]``. A mapping, a Series with
    names and a DataArray along ``recording`` are joined by name, others by their order.

    Parameters
    ----------
    given
        What was given as ``px_per_mm``.
    ds
        Dataset whose metadata may have it.
    names
        The recordings.

    Raises
    ------
    DataError
        There is none for a recording, or their number, unit or value is wrong.
    """
    values = _one_each(given, ds, names)
    scales = [_number(value, name) for value, name in zip(values, names, strict=True)]
    wrong = [name for name, scale in zip(names, scales, strict=True) if not 0 < scale < np.inf]
    if wrong:
        raise DataError(f"px_per_mm must be a positive number; it is not for: {listed(wrong, 3)}.")
    return np.asarray(scales, np.float64)


def _one_each(given: Scale, ds: xr.Dataset, names: Sequence[str]) -> list[Any]:
    """A value for each recording, in order."""
    if isinstance(given, str):
        return [given] * len(names) if is_quantity(given) else _column(given, ds, len(names))
    if isinstance(given, xr.DataArray):
        return _of_array(given, names)
    if isinstance(given, pd.Series):
        unit = _unit_in(str(given.name))
        given = pd.Series([_with_unit(value, unit) for value in given], given.index)
    if isinstance(given, pd.Series) and _is_named(given, names):
        given = dict(zip(map(str, given.index), given.tolist(), strict=True))
    if isinstance(given, Mapping):
        return for_each(given, names, "px_per_mm")
    if np.ndim(given) == 0:
        return [_plain_number(given)] * len(names)
    values = np.asarray(given, dtype=object)
    if values.ndim != 1 or len(values) != len(names):
        raise DataError(
            f"px_per_mm has the shape {values.shape}; needed one for each of the "
            f"{len(names)} recordings, in their order, or a mapping by name."
        )
    return [_plain_number(value) for value in values]


def _is_named(given: pd.Series, names: Sequence[str]) -> bool:
    """Whether a Series has the names of recordings, and no numbers of rows, beside its values."""
    numbers = pd.api.types.is_integer_dtype(given.index)
    return not numbers or {plain(name) for name in names} <= set(map(str, given.index))


def _plain_number(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic | np.ndarray) else value


def _of_array(given: xr.DataArray, names: Sequence[str]) -> list[Any]:
    unit = str(given.attrs.get("units", "")) or _unit_in(str(given.name))
    if given.ndim == 0:
        values = [given.item()] * len(names)
    elif given.dims != ("recording",):
        dims = ", ".join(map(str, given.dims))
        raise DataError(f"px_per_mm has the dims ({dims}); needed one number per recording.")
    elif "recording" in given.coords:
        by_name = dict(zip(map(str, given.recording.values), given.values.tolist(), strict=True))
        values = for_each(by_name, names, "px_per_mm")
    else:
        values = _one_each(given.values, xr.Dataset(), names)
    return [_with_unit(value, unit) for value in values]


def _column(name: str, ds: xr.Dataset, n_recordings: int) -> list[Any]:
    """Values of a column of the metadata, in the unit its name has."""
    columns = {
        str(n): c for n, c in ds.coords.items() if c.dims in ((), ("recording",)) and n not in _OURS
    }
    found = next((n for n in (name, f"{ASIDE}{name}") if n in columns), None)
    if found is None:
        alike = [
            n for n in columns if column_key(n) in (column_key(name), column_key(f"{ASIDE}{name}"))
        ]
        found = alike[0] if len(alike) == 1 else None
    if found is None:
        raise DataError(
            f"px_per_mm={name!r} is neither a scale such as '3.2 px/mm' nor a column of the "
            f"metadata; the columns are: {listed(map(repr, columns)) or 'none'}."
            f"{did_you_mean(name, columns)}"
        )
    values = np.broadcast_to(columns[found].values, n_recordings).tolist()
    unit = _unit_in(name)
    return [_with_unit(value, unit) for value in values]


_OURS = {"recording", "fps", "n_frames", "digest", "source_file", "origin"}


def column_key(name: str) -> str:
    """A name as a store and a table may both have it."""
    return re.sub(r"[\W_]+", "_", name).strip("_").lower()


def _unit_in(name: str) -> str:
    """The unit that the name of a column has, empty where it has none: mm/px in ``mm_per_pixel``.

    A store writes ``mm/px`` as ``mm_px``, so the two words alone are enough.

    Examples
    --------
    >>> _unit_in("pixels/mm"), _unit_in("mm_per_pixel"), _unit_in("mm_px"), _unit_in("scale")
    ('px/mm', 'mm/px', 'mm/px', '')
    """
    words = [_WORDS.get(word, word) for word in _SINGULAR.findall(name.lower()) if word != "per"]
    for above, below in itertools.pairwise(words):
        if "px" in (above, below) and {above, below} & _LENGTHS:
            return f"{above}/{below}"
    return ""


def _with_unit(value: Any, unit: str) -> Any:
    """A number with the unit that its column has; texts have their own."""
    value = _plain_number(value)
    return f"{value!r} {unit}" if unit and _is_number(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def is_quantity(text: str) -> bool:
    """Whether a text is a number with or without a unit, and no name of a column."""
    try:
        unit_of(text)
    except UnitError:
        return False
    return True


def _number(value: Any, name: str) -> float:
    """A scale in px/mm."""
    of = f" of {name}" if name else ""
    if isinstance(value, str):
        try:
            return _convert(value)
        except UnitError as error:
            raise DataError(f"px_per_mm{of} is {value!r}; needed {_FORMS}. {error}") from error
    if not _is_number(value):
        raise DataError(f"px_per_mm{of} is {value!r}; needed {_FORMS}.")
    return float(value)


def _convert(text: str) -> float:
    spelled = re.sub(r"\bpixels?\b", "px", text.strip())
    unit = unit_of(spelled, name="px_per_mm", unit="px/mm")
    if unit and same_dimension(unit, "mm/px"):
        number = convert(spelled, unit, name="px_per_mm") * factor(unit, "mm/px")
        return 1 / number if number else np.nan
    return convert(spelled, "px/mm", name="px_per_mm")
