"""NumPy files, read when they are as large as they claim to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from ethoflow.io.limits import check_archive
from ethoflow.schema import DataError


def load_array(path: Path, *, allow_pickle: bool = False) -> npt.NDArray[Any]:
    """The array of a ``.npy`` file.

    Raises
    ------
    DataError
        It claims another size than the file has, is damaged, or is a pickle and none is allowed.
    """
    shape, dtype, start = _header(path)
    stored = path.stat().st_size - start
    claimed = dtype.itemsize * int(np.prod(shape, dtype=object))
    if not dtype.hasobject and claimed != stored:
        raise DataError(
            f"the array claims {claimed:,} bytes ({dtype} of the shape {shape}) and {stored:,} are "
            "stored: the file is damaged or cut off."
        )
    try:
        found: npt.NDArray[Any] = np.load(path, allow_pickle=allow_pickle)
    except ValueError as error:
        raise DataError(f"this NumPy file cannot be read ({error}).") from error
    return found


def header_of_array(path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of the array of a ``.npy`` file, as it states them."""
    return _header(path)[:2]


def _header(path: Path) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    with path.open("rb") as file:
        try:
            old = npy.read_magic(file) == (1, 0)
            read = npy.read_array_header_1_0 if old else npy.read_array_header_2_0
            shape, _, dtype = read(file)
        except ValueError as error:
            raise DataError(f"this NumPy file cannot be read ({error}).") from error
        return shape, dtype, file.tell()


def open_archive(path: Path) -> Any:
    """The arrays of a ``.npz`` file by name, each read when it is asked for; to be closed.

    Raises
    ------
    DataError
        They are far larger than the file.
    """
    check_archive(path)
    return np.load(path, allow_pickle=False)
