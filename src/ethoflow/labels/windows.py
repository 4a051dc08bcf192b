"""Windows of time that labels are counted in: bins of a recording, or all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.bins import bin_edges, bin_width
from ethoflow.engine.declare import Array
from ethoflow.origin import on_clock, origins
from ethoflow.schema import count_frames, first_frame
from ethoflow.units import Quantity

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
    counts = count_frames(ds)
    width = bin_width(bin, fps, int(counts.max(initial=0)), name=name)
    found = {}
    for row, (n_frames, origin) in enumerate(
        zip(counts.tolist(), origins(ds).tolist(), strict=True)
    ):
        begins, end = on_clock(origin, np.array([first, first + n_frames]), fps).tolist()
        edges = bin_edges(width, fps, n_frames)
        frames = np.stack([edges[:-1], edges[1:]], axis=-1)
        starts = [begins + place * width for place in range(len(frames))]
        stops = [*starts[1:], end]
        cells = list(zip(range(len(frames)), starts, stops, strict=True))
        found[row] = OfRecording(frames, cells)
    return Windows(BIN, found)
