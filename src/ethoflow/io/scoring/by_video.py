"""Observations under the names of their videos, where the tracks are called after those."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan

import numpy as np
import xarray as xr

from ethoflow.io.metadata_rows import fitter
from ethoflow.io.scoring.scored import Event, Events, Scored, Video
from ethoflow.schema import DataError


def by_video(scored: list[Scored], tracks: xr.Dataset) -> list[Scored]:
    """The same, with each observation that names its videos under those the tracks have.

    An observation of several videos is parted: each gets its own times. One whose videos have no
    tracks keeps its name.

    Raises
    ------
    DataError
        Videos follow each other, and the file does not say how long they are.
    """
    names, files = names_and_files(tracks)
    find = fitter(names, files)
    found: list[Scored] = []
    seen: set[str] = set()
    for one in scored:
        videos = one.videos if isinstance(one, Events) else ()
        known = [(hit[0], video) for video in videos if len(hit := find(video.name)) == 1]
        if not isinstance(one, Events) or not known:
            found.append(_warned(one) if isinstance(one, Events) else one)
            continue
        for row, video in known:
            part = _part(one, video, names[row])
            if part.name in seen:
                part = replace(part, notes=(*part.notes, _TOGETHER))
            seen.add(part.name)
            found.append(part)
    return found


_TOGETHER = "several observations are of this video; they are taken together."


def names_and_files(tracks: xr.Dataset) -> tuple[list[str], list[str]]:
    """Names of the recordings of tracks, and of their files."""
    n_recordings = tracks.sizes.get("recording", 1)
    names, files = (
        [str(name) for name in np.atleast_1d(tracks[coord].values)]
        if coord in tracks.coords
        else [without] * n_recordings
        for coord, without in (("recording", "recording"), ("source_file", ""))
    )
    return names, files


def _warned(one: Events) -> Events:
    """Say it where the times of several videos go on tracks that are called after none."""
    if len({video.start for video in one.videos}) < 2:
        return one
    note = (
        f"it was scored from {len(one.videos)} videos, of which no tracks are named: its times are "
        "those of all of them one after the other."
    )
    return replace(one, notes=(*one.notes, note))


def _part(one: Events, video: Video, name: str) -> Events:
    """What was scored of one video, in its own time."""
    if len(one.videos) == 1:
        return replace(one, name=name)
    if isnan(video.start) or (isnan(video.stop) and video.start != one.videos[-1].start):
        raise DataError(
            f"{one.name}: {len(one.videos)} videos follow each other in it, and the file does not "
            "say how long they are: export it again from the project, or read the project itself."
        )
    stop = inf if isnan(video.stop) else video.stop
    rate = 1.0 if video.fps is None else video.fps
    span = (-inf, inf) if one.span is None else one.span
    own = (max(span[0], video.start), min(span[1], stop))
    within = [moved for event in one.events if (moved := _moved(event, video.start, stop, rate))]
    return replace(
        one,
        name=name,
        events=tuple(within),
        unit="s" if video.fps is None else "frame",
        span=((own[0] - video.start) * rate, max(own[1] - video.start, 0.0) * rate),
        fps=video.fps or one.fps,
        videos=(video,),
    )


def _moved(event: Event, start: float, stop: float, rate: float) -> Event | None:
    """A bout as far as it lies within a video; None where it does not."""
    begin, end = event.start, event.start if event.stop is None else event.stop
    if (begin >= stop or end <= start) and not (event.stop is None and start <= begin < stop):
        return None
    return replace(
        event,
        start=(max(begin, start) - start) * rate,
        stop=None if event.stop is None else (min(end, stop) - start) * rate,
    )
