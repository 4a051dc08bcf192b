"""What labels of people may not mean: said before it is learnt."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import listed
from ethoflow.identities.swapping import CHANGE, count_applied
from ethoflow.schema import count_frames

LATE, LONGER = 0.25, 3.0
"""Share of what is labelled that may be empty at its end, and times the longest gap before."""


def doubts_of(data: xr.Dataset, flags: xr.Dataset) -> Iterator[str]:
    """Sentences on labels, all behaviours that are in them, and on the data they are of.

    That the end of recordings was not watched, where no behaviour is there for much longer than
    ever before; and that points changed hands after people may have labelled by them.
    """
    fps, empty = float(data.fps), []
    for row, name in enumerate(map(str, data.recording.values)):
        own = flags.isel(recording=row, time=slice(int(count_frames(data)[row])))
        last = _empty_from(own)
        if last is not None:
            empty.append(f"{name} (after {last / fps:.3g} s)")
    if empty:
        yield (
            f"no behaviour is labelled at the end of {listed(empty, 4)}, for longer than ever "
            "before: it is learnt as absent there. If nobody watched it, leave these frames out: "
            "labels.where(labels.time < ...)."
        )
    if CHANGE in data:
        yield (
            f"identities were corrected ({count_applied(data)}): labels stay with the name of an "
            "animal. That is right if people watched the animals, and wrong where they went by "
            "the tracks as they were drawn before: label these again, or leave them out."
        )


def _empty_from(flags: xr.Dataset) -> int | None:
    """The frame from which on nothing is there, where that is long."""
    arrays = [one.transpose(..., "time").values for one in flags.data_vars.values()]
    known = np.any([_over(~np.isnan(one)) for one in arrays], axis=0)
    there = np.flatnonzero(np.any([_over(one == 1) for one in arrays], axis=0) & known)
    if not len(there):
        return None
    last = int(there[-1]) + 1
    tail = int(known[last:].sum())
    gaps = np.diff(np.concatenate([[-1], there])) - 1
    is_long = tail > LATE * known.sum() and tail > LONGER * gaps.max()
    return last if is_long else None


def _over(values: Array) -> Array:
    """Whether it is so for any animal or pair."""
    found: Array = np.asarray(values.reshape(-1, values.shape[-1]).any(axis=0))
    return found
