"""Where the share of the observed time may be far from that of all time, as not all is known."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ethoflow.engine import declarations
from ethoflow.errors import listed
from ethoflow.labels.runs import follow_tracks
from ethoflow.schema import count_frames

OFTEN = 0.1
"""Share of frames that may be unknown without a word."""


def doubt_shares(labels: xr.Dataset) -> list[str]:
    """What is to be said of rules by which what is known decides, where much is unknown.

    Two animals that touch are known to as soon as two points near each other are seen; that they
    are apart takes all points. So presence and absence are not lost alike, and the share of the
    observed time is off. The true one lies between that of nobody doing it in unknown frames, and
    of everybody.
    """
    known = declarations()
    names = [n for n in map(str, labels.data_vars) if n in known and known[n].optional]
    if not names:
        return []
    lengths = count_frames(labels)
    sums = {name: np.zeros(3) for name in names}
    for track in follow_tracks(labels[names]):
        shown, seen = (int(np.diff(one).sum()) for one in (track.runs, track.seen))
        if seen:
            sums[track.behaviour] += (shown, seen, int(lengths[track.recording]))
    doubtful = {
        name: f"{name} {shown / seen:.0%} ({shown / total:.0%} to {1 - (seen - shown) / total:.0%})"
        for name, (shown, seen, total) in sums.items()
        if total and seen < (1 - OFTEN) * total
    }
    if not doubtful:
        return []
    return [
        f"often unknown: {listed(doubtful, 4)}. What is known decides there, so presence and "
        "absence are not lost alike, and shares of the observed time are off. In brackets what "
        f"they may be of all time: {listed(doubtful.values(), 4)}. Fill short gaps when cleaning."
    ]
