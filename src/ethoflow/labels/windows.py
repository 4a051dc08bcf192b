"""Windows of time that labels are counted in: bins of a recording, or all of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.origin import on_clock, origins
from ethoflow.schema import count_frames, first_frame
from ethoflow.units import Quantity, convert, same_dimension, to_frames, unit_of

ROUNDING = 1e-6
"""Frames by which a time may miss the middle of a frame, for the digits it is written with."""

MOST_BINS = 1_000_000
"""Bins of one recording that anybody means."""

BIN = ("bin", "start", "stop")
"""Columns of a table by bins."""


@dataclass(frozen=True)
class OfRecording:
    """Windows of one recording: frames, dims (window, 2), and what the columns say of each."""

    frames: Array
    cells: Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Windows:
    """Windows by the row of their recording, and the columns that tell them apart."""

    columns: tuple[str, ...]
    by_row: Mapping[int, OfRecording]


Edges: TypeAlias = Array
"""Frames at which bins begin, and the one after the last."""


def frame_at(time: Array | float, rate: float) -> Array:
    """The first frame whose middle is not before a time, s since the beginning of frame 0.

    Examples
    --------
    >>> frame_at(np.array([0.0, 0.5, 0.52, 1.0]), 25.0).tolist()
    [0, 12, 13, 25]
    """
    return np.ceil(np.asarray(time) * rate - 0.5 - ROUNDING).astype(np.int64)


def whole_recordings(ds: xr.Dataset) -> Windows:
    """One window for each recording: all of it."""
    counts = count_frames(ds).tolist()
    return Windows((), {row: OfRecording(np.array([[0, n]]), [()]) for row, n in enumerate(counts)})


def bins_of(ds: xr.Dataset, bin: Quantity, *, name: str = "bin") -> Windows:
    """Bins of every recording, from its first frame on; a recording without frames has one.

    A frame is in the bin in which its middle lies, so that bins keep their length whatever the
    frame rate. The last one ends with the recording. Columns: number from 0; start and stop, s of
    the recording's own clock.

    Raises
    ------
    DataError
        A bin is shorter than a frame, or there are more bins than anybody means.
    UnitError
        It is no duration.
    """
    fps, first = float(ds.fps), first_frame(ds)
    width = _width(bin, fps, name)
    counts = count_frames(ds)
    if counts.max(initial=0) > MOST_BINS * width * fps:
        raise DataError(
            f"{name}={bin!r} divides a recording into more than {MOST_BINS} bins: take a longer "
            "one, as in '1 min'."
        )
    found = {}
    for row, (n_frames, origin) in enumerate(
        zip(counts.tolist(), origins(ds).tolist(), strict=True)
    ):
        begins, end = on_clock(origin, np.array([first, first + n_frames]), fps).tolist()
        edges = _edges(width, fps, n_frames)
        frames = np.stack([edges[:-1], edges[1:]], axis=-1)
        starts = [begins + place * width for place in range(len(frames))]
        stops = [*starts[1:], end]
        cells = list(zip(range(len(frames)), starts, stops, strict=True))
        found[row] = OfRecording(frames, cells)
    return Windows(BIN, found)


def _width(bin: Quantity, fps: float, name: str) -> float:
    """Length of a bin, s; not rounded to frames where it was given as a time."""
    to_frames(bin, fps, name=name)  # refuses what is no duration
    unit = unit_of(bin, name=name, unit="s") or "s"
    in_frames = same_dimension(unit, "frame")
    width = convert(bin, "frame", name=name) / fps if in_frames else convert(bin, "s", name=name)
    if width * fps < 1 - ROUNDING:
        raise DataError(
            f"{name} must be a frame (1/{fps:g} s) or longer, found {bin!r}; '1 min' is a minute."
        )
    return width


def _edges(width: float, fps: float, n_frames: int) -> Edges:
    """Frames at which the bins of a recording begin; the end is that of the recording."""
    most = math.ceil(n_frames / (width * fps)) + 1
    begins = frame_at(width * np.arange(most), fps)
    begins = begins[begins < n_frames] if n_frames else begins[:1]
    return np.append(begins, n_frames)
