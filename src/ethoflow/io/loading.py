"""The arrays in a file: read by its format, and checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ethoflow.io.individuals import choose_individuals
from ethoflow.io.options import DEFAULTS, Options
from ethoflow.io.reader import Reader
from ethoflow.io.recognition import recognise
from ethoflow.io.registry import in_words
from ethoflow.io.stack import Tracks, with_notes
from ethoflow.io.times import begin
from ethoflow.io.undetected import without_undetected
from ethoflow.schema import DataError


def load(path: Path, options: Options = DEFAULTS, found: Reader | None = None) -> list[Tracks]:
    """Arrays of every recording in a file, checked; `found` is its format where that is known.

    Raises
    ------
    DataError
        The file cannot be read; the message says why and does not name the file (`naming` does).
    """
    found = found or recognise(path, options)
    if found.pickle and not options.allow_pickle:
        raise DataError(
            f"recognised as {found.name}, a Python pickle: opening it can run any code. If you "
            "trust where it comes from, give allow_pickle=True (--allow-pickle)."
        )
    with in_words(found.name, found.extra):
        parts = found.load(path, options) if found.takes_options else found.load(path)  # type: ignore[call-arg]
    if options.individuals is not None:
        parts = [choose_individuals(part, options.individuals) for part in parts]
    return [check(part) for part in parts]


def check(tracks: Tracks) -> Tracks:
    """`tracks`, which have frames, names and finite positions.

    Raises
    ------
    DataError
        They do not.
    """
    shape = tracks.position.shape
    if len(shape) != 4 or 0 in shape:
        raise DataError(
            "no frames: needed at least one animal, one body part and one frame, found the shape "
            f"{shape} of (individual, bodypart, space, time)."
        )
    repeated = sorted({part for part in tracks.bodyparts if tracks.bodyparts.count(part) > 1})
    if repeated:
        raise DataError(f"body part named twice: {', '.join(repeated)}.")
    # A sum is finite only where all is, and quick; NaN hides infinity from it, so look then.
    with np.errstate(invalid="ignore", over="ignore"):
        suspect = not np.isfinite(tracks.position.sum())
    infinite = np.argwhere(np.isinf(tracks.position)) if suspect else np.empty((0, 4), np.int64)
    if len(infinite):
        _, part, _, frame = infinite[0]
        raise DataError(f"the position of {tracks.bodyparts[part]!r} at frame {frame} is infinite.")
    if tracks.start is not None:
        start, notes = begin(np.array([tracks.start]))
        tracks = replace(with_notes(tracks, notes), start=start)
    tracks = without_undetected(tracks)
    if np.isnan(tracks.position).all():
        return with_notes(tracks, ["no point was seen in any frame."])
    return tracks
