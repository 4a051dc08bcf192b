"""What C libraries are asked of a file that may be damaged, for a process apart.

They can hang or crash on such a file, where no limit of Python reaches. `ethoflow.io.apart` runs
the functions here in a process that can be ended; this module is all that process imports.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import signal
import sys
from typing import Any

SMALL = 1 << 20
"""Bytes up to which the content of an array is read to see whether it can be."""


def walk_hdf5(path: str) -> bool:
    """Look at every name, attribute, index of chunks and small array of an HDF5 file.

    What cannot be read is passed over: whoever needs it will meet the same error. Gives whether
    anything in the file lies in another one.
    """
    import h5py

    seen = set()
    outside = False

    def walk(item: Any) -> None:
        nonlocal outside
        for attribute in _tried(item.attrs):
            with contextlib.suppress(Exception):
                item.attrs[attribute]
        if isinstance(item, h5py.Dataset):
            _look(item)
            with contextlib.suppress(Exception):
                outside |= bool(item.is_virtual or item.external)
            return
        for name in _tried(item):
            with contextlib.suppress(Exception):
                link = item.get(name, getlink=True)
                outside |= isinstance(link, h5py.ExternalLink)
                if isinstance(link, h5py.HardLink):
                    inner = item[name]
                    if inner not in seen:
                        seen.add(inner)
                        walk(inner)

    with contextlib.suppress(Exception), h5py.File(path, "r") as file:
        walk(file)
    return outside


def _look(array: Any) -> None:
    """Meet in an array what a reader of it will meet."""
    with contextlib.suppress(Exception):
        if array.chunks is not None:
            array.id.get_num_chunks()
    with contextlib.suppress(Exception):
        if array.nbytes <= SMALL or array.dtype.kind == "O":
            array[()]


def _tried(names: Any) -> list[str]:
    """Names in a group or of attributes, as far as they can be listed."""
    found = []
    with contextlib.suppress(Exception):
        found.extend(names)
    return found


def list_matlab(path: str) -> list[str]:
    """Names of the variables of a MATLAB 5 file."""
    from scipy.io import whosmat

    return [str(name) for name, *_ in whosmat(path)]


def read_matlab(path: str, *, nested: bool) -> dict[str, Any]:
    """Variables of a MATLAB 5 file; structs as dicts where `nested`."""
    from scipy.io import loadmat

    return dict(loadmat(path, squeeze_me=True, simplify_cells=nested))


def serve() -> None:
    """Answer calls that come in at standard input, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # what a library prints is no answer
        os.dup2(nowhere, stream)
    while True:
        try:
            name, path, options, seconds = pickle.load(calls)
        except EOFError:
            return
        _end_after(seconds)
        try:
            answer = pickle.dumps((True, globals()[name](path, **options)))
        except Exception as error:  # libraries raise anything when they meet a damaged file
            answer = pickle.dumps((False, (type(error).__name__, str(error))))
        _end_after(0)
        answers.write(answer)
        answers.flush()


def _end_after(seconds: float) -> None:
    """Let the system end this process, also where nobody is left to do it; 0 for no more."""
    if hasattr(signal, "alarm"):
        signal.alarm(math.ceil(seconds))
