"""What data hold, in plain terms: arrays, tables, labelled arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from dask.base import is_dask_collection, tokenize


def contents(value: Any) -> tuple[Any, ...] | None:
    r"""The type of `value` and what it holds; None where it is not a known sort of data.

    Examples
    --------
    >>> contents(np.zeros(2, np.uint8))
    (<class 'numpy.ndarray'>, '|u1', (2,), b'\x00\x00')
    """
    if isinstance(value, xr.Variable | xr.DataArray | xr.Dataset | xr.DataTree):
        return type(value), *_labelled(value)
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        return _table(value)
    if is_dask_collection(value):
        return type(value), tokenize(value, ensure_deterministic=True)
    if type(value) is np.ma.MaskedArray:
        return type(value), value.data, np.ma.getmaskarray(value)
    if type(value) is np.ndarray or isinstance(value, np.generic):
        return type(value), *_array(np.asarray(value))
    return None


def _array(values: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    kind: Any = values.dtype.descr if values.dtype.names else values.dtype.str
    if values.dtype.hasobject or values.dtype.kind == "T":
        return repr(kind), values.shape, values.ravel().tolist()
    return kind, values.shape, values.tobytes()


def _table(value: Any) -> tuple[Any, ...]:
    if isinstance(value, pd.Index):  # a range and a list of numbers index alike
        levels = [value.get_level_values(place) for place in range(value.nlevels)]
        return pd.Index, list(value.names), [_column(level) for level in levels]
    if isinstance(value, pd.Series):
        return type(value), value.name, value.index, _column(value), dict(value.attrs)
    columns = [_column(value.iloc[:, place]) for place in range(value.shape[1])]
    return type(value), value.columns, value.index, columns, dict(value.attrs)


def _column(values: Any) -> tuple[Any, ...]:
    if isinstance(values.dtype, np.dtype):
        return (values.to_numpy(),)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.dtype.categories, values.dtype.ordered, values.array.codes
    return str(values.dtype), list(values.array)


def _labelled(value: Any) -> tuple[Any, ...]:
    if isinstance(value, xr.Variable):
        data = value.data if value.chunks is not None else value.values
        return value.dims, data, dict(value.attrs)
    if isinstance(value, xr.DataTree):
        return tuple(sorted(value.to_dict().items()))
    coords = {str(name): value.coords[name].variable for name in sorted(value.coords, key=str)}
    if isinstance(value, xr.DataArray):
        return value.name, value.variable, coords
    variables = {str(n): value.data_vars[n].variable for n in sorted(value.data_vars, key=str)}
    return variables, coords, dict(value.attrs)
