"""One file as a dataset: its arrays on a clock, with names, units and notes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from ethoflow.io.clock import check_resampling, contradict, set_clock
from ethoflow.io.loading import load
from ethoflow.io.options import Columns, Options, Repeats, TimeUnit, digest_of
from ethoflow.io.paths import PathLike, naming, one_path
from ethoflow.io.reader import TrackingNote
from ethoflow.io.stack import Header, Tracks, dataset_of, layout_of, pad, stack_tracks, with_notes
from ethoflow.io.time_lists import read_times
from ethoflow.io.times import check_unit
from ethoflow.io.video import compare, look_at, look_beside, video_of
from ethoflow.points import make_points
from ethoflow.schema import check_fps
from ethoflow.skeleton import Skeleton


def read(
    path: PathLike,
    *,
    fps: float | Literal["video"] | None = None,
    individuals: Sequence[str] | None = None,
    skeleton: Skeleton | None = None,
    timestamps: PathLike | None = None,
    resample_fps: float | None = None,
    anti_alias: bool = True,
    columns: Columns | None = None,
    repeats: Repeats = "error",
    allow_pickle: bool = False,
    time_unit: TimeUnit | None = None,
    allow_links: bool = False,
) -> xr.Dataset:
    r"""Tracks of one file: positions in px with dims (individual, bodypart, space, time).

    The format is recognised by the content. The recording is named after the file (its full stem)
    and begins at the first frame the file has a row for, whose time on the clock of the video (or
    camera) is the coordinate ``origin``; frames missing in between are NaN. A SLEAP
    file of several videos gives a cohort, with the dim ``recording``.

    Parameters
    ----------
    path
        A tracker's file.
    fps
        Frames per second, exactly (29.97, not 30); only needed where the file does not hold it.
        ``"video"`` takes that of the video beside the file.
    individuals
        The animals to take, in this order: names of animals in a file that names them, else
        prefixes of body parts (``["B", "W"]`` for ``B_Nose`` and ``W_Nose``).
    skeleton
        Roles the alias table does not know: ``{"centre": "Spine_2"}``, and points made of several,
        ``{"centre": ["left_ear", "right_ear", "tail_base"]}``, as for `assign_roles`.
    timestamps
        File with the time of every frame, as `ethoflow.io.time_lists.read_times` reads it:
        ``.npy``, or text with one number (or date and time) per line or in one column. Frames
        that a camera dropped become NaN; the frame rate is that of the times.
    resample_fps
        Frame rate to bring the tracks to; as they are by default.
    anti_alias
        Whether a lower `resample_fps` takes means over its frames (the default) or single points.
    columns
        What the columns of a plain CSV or Parquet table are, as `ethoflow.io.tidy` says.
    repeats
        Which row counts where a frame number occurs twice: ``"first"``, ``"last"``, or neither
        (``"error"``, the default).
    allow_pickle
        Open files that are Python pickles, which can run any code; default False.
    time_unit
        What `timestamps` and the times of plain tables are in, ``"s"``, ``"ms"``, ``"us"`` or
        ``"ns"``; what their heading says by default, else s.
    allow_links
        Read HDF5 files whose arrays lie in other files, which may be any of this machine; default
        False.

    Warns
    -----
    TrackingNote
        What the file contradicts itself in, and what was done about it.

    Raises
    ------
    DataError
        The file is missing, damaged or of no known format; the frame rate is not known.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "mouse_07.csv"
    >>> rows = ["scorer,DLC,DLC,DLC", "bodyparts,nose,nose,nose", "coords,x,y,likelihood"]
    >>> _ = path.write_text("\n".join([*rows, "0,10.5,20,0.9", "1,11.5,20,0.8", ""]))
    >>> read(path, fps=25).position.sel(bodypart="nose", space="x").values
    array([[10.5, 11.5]], dtype=float32)
    >>> folder.cleanup()
    """
    path = one_path(path)
    with naming(path):
        options = Options.of(individuals, columns, repeats, allow_pickle, time_unit, allow_links)
        parts = load(path, options)
        if resample_fps is not None:
            resample_fps = check_resampling(resample_fps)
        given = (str(timestamps or ""), resample_fps, anti_alias)
        clock = given if timestamps is not None or resample_fps is not None else ()
        rate = look_at(video_of(path)).fps if fps == "video" else fps
        parts = [with_notes(part, contradict(part.fps, rate)) for part in parts]
        video = look_beside(path) if len(parts) == 1 else None
        if video is not None:
            n_frames = parts[0].position.shape[-1]
            stated = parts[0].fps if rate is None else rate
            parts = [with_notes(parts[0], compare(n_frames, parts[0], video, stated))]
        times = None if timestamps is None else read_times(Path(timestamps), time_unit, rate)
    if times is None:
        rate = check_fps(rate if rate is not None else parts[0].fps, str(path))
    with naming(path):
        if times is None and fps is None:
            check_stated(rate, options)
        parts = [
            set_clock(part, rate, times=times, resample_fps=resample_fps, anti_alias=anti_alias)
            for part in parts
        ]
    for part in parts:
        for note in part.notes:
            warnings.warn(f"{path}: {note}", TrackingNote, stacklevel=2)
    ds = to_dataset(path, parts, options, skeleton=skeleton, clock=clock)
    return make_points(ds, skeleton)


def to_dataset(
    path: Path,
    parts: Sequence[Tracks],
    options: Options,
    *,
    fps: float | None = None,
    skeleton: Skeleton | None = None,
    clock: tuple[object, ...] = (),
) -> xr.Dataset:
    """Dataset of the recordings in a file: without the dim ``recording`` where there is one."""
    rate = check_fps(parts[0].fps if fps is None else fps, str(path))
    digest = digest_of(path, options, *clock)
    headers = [Header.of(part, path, i, digest) for i, part in enumerate(parts)]
    if len(parts) == 1:
        return dataset_of(parts[0], headers[0], rate, skeleton)
    with naming(path):
        layout = layout_of(headers)
    arrays = [pad(part, layout) for part in parts]
    stacked = {name: np.concatenate([array[name] for array in arrays]) for name in arrays[0]}
    return stack_tracks(headers, layout, stacked, fps=rate, skeleton=skeleton)


def check_stated(rate: float | None, options: Options) -> None:
    """Refuse a frame rate that only the times of a file give where no camera has it.

    Raises
    ------
    DataError
        It is below 1 or above 2,000 per second, and nobody said what the times are in.
    """
    if rate is not None and options.time_unit is None:
        check_unit(rate, None, "its times")
