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
from collections.abc import Iterator
from typing import Any

SMALL = 1 << 20
"""Bytes up to which the content of an array is read to see whether it can be."""
SMALL_OBJECTS = 1 << 24
"""The same of pointers to texts and other objects."""


Outside = list[tuple[str, str]]
"""Names of what lies in other files, and those files as they are named."""


def walk_hdf5(path: str) -> Outside:
    """Look at every name, attribute, index of chunks and small array of an HDF5 file.

    What cannot be read is passed over: whoever needs it will meet the same error. What lies in
    another file is not looked at, and given.
    """
    import h5py

    seen = set()
    outside: Outside = []

    def walk(item: Any) -> None:
        if item in seen:
            return
        seen.add(item)
        for attribute in _tried(item.attrs):
            with contextlib.suppress(Exception):
                item.attrs[attribute]
        if isinstance(item, h5py.Dataset):
            elsewhere = _elsewhere(item)
            outside.extend((item.name or "an array", file) for file in elsewhere)
            for other in () if elsewhere else _look(item):
                walk(other)
            return
        for name in _tried(item):
            with contextlib.suppress(Exception):
                link = item.get(name, getlink=True)
                if isinstance(link, h5py.ExternalLink):
                    outside.append((f"{item.name.rstrip('/')}/{name}", link.filename))
                if isinstance(link, h5py.HardLink):
                    walk(item[name])

    with contextlib.suppress(Exception), h5py.File(path, "r") as file:
        walk(file)
    return outside


def _elsewhere(array: Any) -> list[str]:
    """Files that the numbers of an array come from, where they are not its own."""
    found: list[str] = []
    with contextlib.suppress(Exception):
        if array.is_virtual:
            found += {source.file_name for source in array.virtual_sources()} or {"."}
    with contextlib.suppress(Exception):
        found += [os.fsdecode(name) for name, _, _ in array.external or ()]
    return found


def _look(array: Any) -> Iterator[Any]:
    """Meet in an array what a reader of it will meet; gives what it refers to."""
    import h5py

    with contextlib.suppress(Exception):
        if array.chunks is not None:
            array.id.get_num_chunks()
    with contextlib.suppress(Exception):
        most = SMALL_OBJECTS if array.dtype.kind == "O" else SMALL
        content = array[()] if array.nbytes <= most else None
        if content is not None and h5py.check_ref_dtype(array.dtype) is h5py.Reference:
            yield from (array.file[ref] for ref in content.ravel() if ref)


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
