"""Pieces of a cohort on disk, in Zarr, for as long as somebody holds them.

A network reads the same pieces again and again, in an order of its own. They are computed once, in
the order in which the cohort lies, and put here in a layout that does not depend on its chunks.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
import zarr

from ethoflow.disk import writing_to
from ethoflow.engine.declare import Array

AT_ONCE = 32
"""Pieces that are read and written together."""
GOES_ON = " Temporary files go to the folder that the environment variable TMPDIR names."


class Folder:
    """A temporary folder with a Zarr group, gone when nobody holds it any more.

    Raises
    ------
    CannotWrite
        The disk has no room for `needed` bytes, or nobody may write there.
    """

    def __init__(self, needed: int = 0) -> None:
        with writing_to(tempfile.gettempdir(), needed=needed, goes_on=GOES_ON):
            self.path = Path(tempfile.mkdtemp(prefix="ethoflow-"))
        self.group = zarr.open_group(str(self.path), mode="w", zarr_format=3)
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def make(self, name: str, shape: Sequence[int], chunks: Sequence[int]) -> zarr.Array[Any]:
        """An array of float32, as it is on disk what it is in memory; NaN where nothing is put."""
        return self.group.create_array(
            name, shape=tuple(shape), chunks=tuple(chunks), dtype="float32", compressors=None,
            fill_value=float("nan"), config={"write_empty_chunks": True},
        )  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """An array on disk that reads like one in memory, and keeps its folder."""

    array: zarr.Array[Any]
    folder: Folder

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of its dims."""
        return self.array.shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Array:
        return np.asarray(self.array[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.array[...], dtype)


class Shelf:
    """Pieces on disk: float32 (piece, channel, frame) by name, missing past the end of each.

    Parameters
    ----------
    channels
        Channels of every array, by its name.
    longest
        Frames of the longest piece.
    most
        How many pieces there are at most.

    Examples
    --------
    >>> shelf = Shelf({"x": 2}, longest=4, most=10)
    >>> shelf.put({"x": np.ones((3, 2, 4))}, recording=[0, 0, 1], n_frames=[4, 4, 3])
    >>> len(shelf), shelf.recording, shelf.read(np.array([2, 0]))["x"].shape
    (3, array([0, 0, 1]), (2, 2, 4))
    """

    def __init__(self, channels: Mapping[str, int], longest: int, most: int) -> None:
        self.channels, self.longest = dict(channels), longest
        self._most = most
        self._recording: list[int] = []
        self._n_frames: list[int] = []
        self._content = xxhash.xxh3_128()
        self._folder = Folder(4 * sum(channels.values()) * longest * most)
        self._arrays = {name: self._make(name) for name in channels}

    def _make(self, name: str) -> zarr.Array[Any]:
        shape = (self.channels[name], self.longest)
        return self._folder.make(name, (self._most, *shape), (1, *shape))

    def __len__(self) -> int:
        return len(self._recording)

    @property
    def recording(self) -> Array:
        """The recording of every piece, (piece,)."""
        return np.array(self._recording, int)

    @property
    def n_frames(self) -> Array:
        """Frames of every piece, (piece,)."""
        return np.array(self._n_frames, int)

    @property
    def digest(self) -> str:
        """Of all that was put here."""
        return self._content.hexdigest()

    def put(
        self, arrays: Mapping[str, Array], recording: Sequence[int], n_frames: Sequence[int]
    ) -> None:
        """Further pieces, (piece, channel, frame), behind those that are there."""
        begin, end = len(self), len(self) + len(recording)
        with writing_to(self._folder.path, goes_on=GOES_ON):
            for name, array in arrays.items():
                self._arrays[name][begin:end] = array
        for name in sorted(arrays):
            self._content.update(f"{name} {list(recording)} {list(n_frames)}".encode())
            self._content.update(np.ascontiguousarray(arrays[name], np.float32).data)
        self._recording += map(int, recording)
        self._n_frames += map(int, n_frames)

    def read(self, pieces: Array) -> dict[str, Array]:
        """Some pieces of every array, (piece, channel, frame), in the order that is asked for."""
        where, back = np.unique(pieces, return_inverse=True)
        return {name: np.asarray(array.oindex[where])[back] for name, array in self._arrays.items()}

    def derive(self, name: str, channels: int, make: Callable[[Array], Array], of: str) -> None:
        """One array more, that `make` makes of pieces of the array `of`."""
        self.channels[name] = channels
        made = self._make(name)
        needed = 4 * channels * self.longest * len(self)
        with writing_to(self._folder.path, needed=needed, goes_on=GOES_ON):
            for begin in range(0, len(self), AT_ONCE):
                end = min(begin + AT_ONCE, len(self))
                made[begin:end] = make(np.asarray(self._arrays[of][begin:end]))
        self._arrays[name] = made
