"""Arrays of HDF5 files, read only when the file can hold what they claim."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ethoflow.io.apart import call_apart
from ethoflow.schema import DataError

if TYPE_CHECKING:
    import h5py

LARGE = 2**30
"""Bytes from which on an array has to be backed by stored bytes."""
SIGNATURE = b"\x89HDF\r\n\x1a\n"
MOST_COMPRESSED = 2000
"""Times that the best codec makes an array smaller."""


def check_sound(path: Path) -> None:
    """Refuse a file on which libhdf5 hangs or crashes, before it does so in this process.

    Raises
    ------
    DataError
        It does, or cannot list what is in the file.
    """
    _walk(path)


def reaches_out(path: Path) -> bool:
    """Whether an HDF5 file takes numbers from other files, by links or by where its arrays lie."""
    return _is_hdf5(path) and _walk(path)


def _is_hdf5(path: Path) -> bool:
    """Whether the signature of HDF5 stands at the start of a file, or behind a user's block."""
    with path.open("rb") as file:
        head = file.read(4096 + len(SIGNATURE))
    return any(head.startswith(SIGNATURE, at) for at in (0, 512, 1024, 2048, 4096))


def _walk(path: Path) -> bool:
    found = path.stat()
    return _walk_once(path.absolute(), found.st_size, found.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _walk_once(path: Path, size: int, changed: int) -> bool:
    return bool(call_apart("walk_hdf5", path))


def read_array(dataset: h5py.Dataset) -> Any:
    """All numbers of a stored array.

    A damaged file may claim an array of any size; reading it would take the memory of the machine.

    Raises
    ------
    DataError
        It is no array, or the array is far larger than what is stored of it.
    """
    return check_stored(dataset)[()]


def check_stored(dataset: h5py.Dataset) -> h5py.Dataset:
    """The same array, unread, when the file can hold it."""
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise DataError(f"{dataset.name!r} is a group where an array is needed.")
    stored = max(dataset.id.get_storage_size(), 1)
    if dataset.nbytes > LARGE and dataset.nbytes > MOST_COMPRESSED * stored:
        raise DataError(
            f"{dataset.name!r} claims {dataset.nbytes / 1e9:.3g} GB and {stored} bytes of it are "
            "stored: the file is damaged or cut off."
        )
    return dataset
