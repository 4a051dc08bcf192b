"""Which video belongs to a recording: given by hand, found by name, or known from the metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import TypeAlias

import xarray as xr

from ethoflow.errors import listed, near_file
from ethoflow.geometry.by_name import for_each
from ethoflow.io.video import SUFFIXES, find_video
from ethoflow.schema import DataError

GivenVideo: TypeAlias = str | Path | Mapping[str, str | Path] | None
"""A video, a folder of videos, one for each recording by name, ``"none"``, or the metadata's."""

NONE = "none"
"""Says that skeletons are drawn on an empty floor."""


def video_of_recording(given: GivenVideo, ds: xr.Dataset) -> Path | None:
    """The video of one recording; None where there is none and nobody named one.

    Raises
    ------
    DataError
        The one that was named is not there.
    """
    name = str(ds.recording.values) if "recording" in ds.coords else "recording"
    known = str(ds.video.values) if "video" in ds.coords and not ds.video.ndim else ""
    if isinstance(given, Mapping):
        (given,) = for_each(given, [name], "video")
    if given is None:
        if known in ("", "nan", "None"):
            return None
        if not Path(known).is_file():
            raise DataError(
                f"the metadata say that {known} is the video of {name}, and it is not there."
                f"{near_file(known)} Give it as video= (--video), a file or the folder it lies in; "
                "'none' draws on an empty floor."
            )
        return Path(known)
    if str(given) == NONE:
        return None
    path = Path(given)
    if not path.is_dir():
        return path  # whoever opens it says so where it is not there
    found = find_video(path / PureWindowsPath(known).name) if known else None
    found = found or find_video(path / f"{name}.")
    if found is None:
        there = sorted(file.name for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        raise DataError(
            f"no video of the recording {name} in {path}: needed one of that name, or of the part "
            f"before DLC; there {f'is {listed(there, 5)}' if there else 'are none'}. Name the file "
            "itself."
        )
    return found
