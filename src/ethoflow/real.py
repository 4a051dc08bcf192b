"""Real numbers: what NumPy would make numbers of silently is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ethoflow.errors import DataError


def real_numbers(
    values: npt.ArrayLike, what: str, dtype: npt.DTypeLike = np.float32
) -> npt.NDArray[Any]:
    """`values` as numbers of `dtype`; `what` they are is what an error calls them.

    Raises
    ------
    DataError
        They are complex, records, truths, times or text.

    Examples
    --------
    >>> real_numbers([1, 2], "positions")
    array([1., 2.], dtype=float32)
    >>> real_numbers([1j], "positions")
    Traceback (most recent call last):
    ethoflow.errors.DataError: the positions are complex numbers; needed one real number each.
    """
    found = np.asarray(values)
    if found.dtype.kind == "O":  # of a pickle, or cells of MATLAB
        found = np.asarray(found.tolist())
    check_real(found.dtype, what)
    return np.asarray(found, dtype=dtype)


_UNREAL = {
    "c": "complex numbers",
    "b": "truths",
    "M": "times",
    "m": "times",
    "S": "text",
    "T": "text",
    "U": "text",
}


def check_real(dtype: np.dtype[Any], what: str) -> None:
    """Refuse what NumPy would make numbers of silently: a real part, the field of a record.

    Raises
    ------
    DataError
        An array of this dtype holds other things than real numbers.
    """
    if dtype.kind in "fiu":
        return
    found = _UNREAL.get(dtype.kind, f"of the type {dtype}")
    if dtype.names is not None:
        found = f"records of {', '.join(dtype.names[:8])}"
    raise DataError(f"the {what} are {found}; needed one real number each.")
