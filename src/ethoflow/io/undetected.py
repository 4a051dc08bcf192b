"""Points that a tracker did not detect and wrote as numbers: they are missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ethoflow.io.stack import Float32, Tracks

_SAID = re.compile(r"(\d+) points are at \(-1, -1\)")

_LEAST_PERCENT, _MOST_PERCENT = 10, 100


def hide_undetected(position: Float32, confidence: Float32) -> int:
    """Make points at (-1, -1) with a score of -1 or 0 missing, in place; gives how many there are.

    DeepLabCut 3 fills what a detector did not find so. A score of -1 is none, so it is NaN; at
    (-1, -1) with any other score a point is where it is.

    Parameters
    ----------
    position
        Dims (individual, bodypart, space, time).
    confidence
        The same without space.
    """
    unscored = (confidence == -1) | (confidence == 0)
    if not unscored.any():
        return 0
    hidden = unscored & (position == -1).all(axis=2)
    np.copyto(position, np.nan, where=hidden[:, :, None, :])
    np.copyto(confidence, np.nan, where=hidden & (confidence == -1))
    return int(np.count_nonzero(hidden))


def note_undetected(count: int) -> list[str]:
    """The note on that many points; none where there are none."""
    if not count:
        return []
    return [f"{count} points are at (-1, -1) with a score of -1 or 0, not detected: missing."]


def without_undetected(tracks: Tracks) -> Tracks:
    """`tracks` in which points written so are missing, with a note on how many.

    Without scores nothing tells whether a point at (0, 0) or (-1, -1) was detected: it stays, and a
    note says so.
    """
    confidence = tracks.confidence
    if confidence is None:
        return replace(tracks, notes=(*tracks.notes, *_note_doubtful(tracks.position)))
    tracks = replace(tracks, notes=(*tracks.notes, *_note_percent(confidence)))
    if not (confidence == -1).any():
        return tracks
    position, confidence = tracks.position.copy(), confidence.copy()
    notes = note_undetected(hide_undetected(position, confidence))
    return replace(tracks, position=position, confidence=confidence, notes=(*tracks.notes, *notes))


def _note_doubtful(position: Float32) -> list[str]:
    """Notes on the points that many programs write where they found nothing."""
    counts = {value: int((position == value).all(axis=2).sum()) for value in (0, -1)}
    places = ", ".join("xyz"[: position.shape[2]])
    return [
        f"{count} points have {value:g} in {places}, as some programs write what they did not "
        "detect; the file has no scores that tell: they are kept as positions."
        for value, count in counts.items()
        if count > 1
    ]


def _note_percent(confidence: Float32) -> list[str]:
    """A note on confidences that seem to be written in percent.

    Peaks of some networks are a little above 1.
    """
    most = float(np.fmax.reduce(confidence, axis=None))
    if not _LEAST_PERCENT < most <= _MOST_PERCENT:
        return []
    return [
        f"its confidences go up to {most:.4g}, as if they were in percent; they are kept as they "
        "are, and a min_confidence is held against them: 80 for 80 %."
    ]


def sum_undetected(notes: Sequence[str], more: Sequence[str]) -> list[str]:
    """`notes` on a part of a recording, where the note on these points counts `more` of them.

    Examples
    --------
    >>> sum_undetected(note_undetected(2), note_undetected(3)) == note_undetected(5)
    True
    """
    counts = [int(found[1]) for note in (*notes, *more) if (found := _SAID.match(note))]
    return [*(n for n in notes if not _SAID.match(n)), *note_undetected(sum(counts))]
