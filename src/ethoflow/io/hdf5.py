"""Arrays of HDF5 files, read only when the file can hold what they claim."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ethoflow.errors import listed
from ethoflow.io.apart import call_apart
from ethoflow.io.limits import check_unpacked
from ethoflow.native import Outside
from ethoflow.real import check_real
from ethoflow.schema import DataError

if TYPE_CHECKING:
    import h5py

MOST_SHOWN = 3
"""Links that a message lists."""


def check_sound(path: Path, *, allow_links: bool = False) -> None:
    """Refuse a file on which libhdf5 hangs or crashes, before it does so in this process.

    Raises
    ------
    DataError
        It does, or cannot list what is in the file; or numbers of it lie in other files and
        nobody said that these may be read.
    """
    outside = _walk(path)
    if outside and not allow_links:
        shown = listed((f"{name} in {file!r}" for name, file in outside), MOST_SHOWN)
        raise DataError(
            f"parts of it lie in other files ({shown}), and a link can lead to any file of "
            "this machine. If you trust where it comes from, give allow_links=True "
            "(--allow-links); or copy it into one file, which h5repack does."
        )


def reaches_out(path: Path) -> bool:
    """Whether an HDF5 file takes numbers from other files, by links or by where its arrays lie."""
    return bool(files_outside(path))


def files_outside(path: Path) -> list[Path]:
    """Files that an HDF5 file takes numbers from, wherever libhdf5 may look for them."""
    import h5py

    if not h5py.is_hdf5(path):
        return []
    names = sorted({name for _, name in _walk(path)})
    return [place / name for name in names for place in (path.absolute().parent, Path.cwd())]


def _walk(path: Path) -> Outside:
    found = path.stat()
    return _walk_once(path.absolute(), found.st_size, found.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _walk_once(path: Path, size: int, changed: int) -> Outside:
    outside: Outside = call_apart("walk_hdf5", path)
    return outside


def read_array(dataset: h5py.Dataset) -> Any:
    """All numbers of a stored array.

    A damaged file may claim an array of any size; reading it would take the memory of the machine.

    Raises
    ------
    DataError
        It is no array, or the array is far larger than what is stored of it.
    """
    return check_stored(dataset)[()]


def read_numbers(dataset: h5py.Dataset, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
    """The same of an array of positions, scores or times.

    Raises
    ------
    DataError
        As `read_array`, or it holds complex numbers, records or text.
    """
    found = check_stored(dataset)
    check_real(found.dtype, f"numbers in {found.name!r}")
    return np.asarray(found[()], dtype)


def check_arrays(path: Path) -> None:
    """Refuse a file that a library is to read by itself where an array at its top claims too much.

    Raises
    ------
    DataError
        It does.
    """
    import h5py

    with h5py.File(path, "r") as file:
        for item in file.values():
            if isinstance(item, h5py.Dataset):
                check_stored(item)


def check_stored(dataset: h5py.Dataset) -> h5py.Dataset:
    """The same array, unread, when the file can hold it."""
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise DataError(f"{dataset.name!r} is a group where an array is needed.")
    if not (dataset.is_virtual or dataset.external):  # those lie in other files
        stored = dataset.file.id.get_filesize()
        check_unpacked(dataset.nbytes, stored, f"{dataset.name!r}")
    return dataset
