"""Whether an array has room in the memory of this machine, before it is made.

A file may declare a million animals in a hundred bytes, and pairs of animals grow with the square
of their number: making such an array ends the process without a word.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ethoflow.errors import DataError

SHARE = 0.5
"""Of the memory that one array may take: what is made of it needs room as well."""


@functools.cache
def memory() -> int:
    """Bytes of memory this process may have: those of the machine, or of its container."""
    try:
        most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return 1 << 62
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        limit = ""
    return min(most, int(limit)) if limit.isdigit() else most


def check_room(shape: Sequence[int], what: str, way: str, itemsize: int = 4) -> None:
    """Refuse an array that does not fit.

    Raises
    ------
    DataError
        It would take more than half of the memory; `what` it is and the `way` out are in it.

    Examples
    --------
    >>> check_room((10**9, 10**9), "the distances of pairs", "Choose some of the animals.")
    Traceback (most recent call last):
    ethoflow.errors.DataError: the distances of pairs (1,000,000,000 x 1,000,000,000) would take ...
    """
    needed = math.prod(shape) * itemsize
    if needed > SHARE * memory():
        sizes = " x ".join(f"{size:,}" for size in shape)
        raise DataError(
            f"{what} ({sizes}) would take {needed / 1e9:,.1f} GB of memory; this machine has "
            f"{memory() / 1e9:,.1f} GB. {way}"
        )


def unseen(shape: Sequence[int]) -> npt.NDArray[np.float32]:
    """An array in which nothing was seen yet, dims (individual, bodypart, ..., time).

    Raises
    ------
    DataError
        It has no room.
    """
    check_room(
        shape,
        f"tracks of {shape[0]:,} animals, {shape[1]:,} body parts and {shape[-1]:,} frames",
        "Are these many animals one file's, or pieces of tracks that were never joined? Cut the "
        "file into shorter ones, or link its tracks in the tracker.",
    )
    return np.full(tuple(shape), np.nan, np.float32)
