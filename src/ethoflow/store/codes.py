"""Labels and categories as a store keeps them: whole numbers, of which -1 is unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ethoflow.schema import DataError
from ethoflow.store.documents import UNKNOWN


def decode(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Stored labels (1, 0, -1) as 1, 0, NaN."""
    decoded = values.astype(np.float32)
    decoded[values == UNKNOWN] = np.nan
    return decoded


def encode(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Labels and categories as they are stored, -1 for unknown."""
    if values.dtype == dtype:
        return values
    known = np.where(np.isnan(values), UNKNOWN, values) if values.dtype.kind == "f" else values
    return known.astype(dtype)


def check_states(name: str, values: npt.NDArray[Any], kind: object) -> None:
    """Refuse what is no label and no category any more: attributes survive arithmetic.

    Raises
    ------
    DataError
        There are shares, sums or other numbers.
    """
    most = np.iinfo(np.int16).max if kind == "category" else 1
    if values.dtype.kind in "iub":
        if not values.size or (int(values.min()) >= UNKNOWN and int(values.max()) <= most):
            return
        known = values.ravel()
    else:
        known = values[~np.isnan(values)]
    strange = known[(known != np.rint(known)) | (known > most) | (known < UNKNOWN)]
    if strange.size:
        raise DataError(
            f"{name} is marked as a {kind}, and has the value {strange[0]:g}: where it was "
            f"computed from one, take the mark off it, with {name}.attrs.pop('kind')."
        )


def missing_of(dtype: np.dtype[Any]) -> object:
    """How a missing value is kept: empty text, NaN, or 0 where neither can be."""
    return "" if dtype.kind in "OTU" else np.nan if dtype.kind == "f" else 0
