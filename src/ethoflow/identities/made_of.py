"""What tracks a suspected swap was found in: a short text that other tracks do not give."""

from __future__ import annotations

import hashlib

import numpy as np
import xarray as xr

from ethoflow.schema import count_frames, first_frame, position_units


def made_of(ds: xr.Dataset, frame: int) -> str:
    """A text of the points around a frame of one recording, counted from the recording's first.

    It begins with what may differ though the tracks are the same: the unit, the number of body
    parts, and the frame. Of tracks in another unit, or of which body parts were left out, nothing
    can be said.
    """
    here = frame - first_frame(ds)
    frames = [max(here - 1, 0), here]
    position = ds.position.transpose("individual", "bodypart", "space", "time").isel(time=frames)
    values = np.asarray(position.values, np.float32)
    values = values[np.isfinite(values).any(axis=(1, 2, 3))]  # slots of other recordings are empty
    values = np.where(np.isnan(values), np.float32(np.nan), values)
    digest = hashlib.blake2b(values.tobytes(), digest_size=4).hexdigest()
    return f"{position_units(ds)} {ds.sizes['bodypart']} {frame} {digest}"


def is_of_other_tracks(text: str, ds: xr.Dataset, place: int) -> bool:
    """Whether what `made_of` gave is certainly not of a recording of these tracks."""
    said = text.rsplit(" ", 2)
    if len(said) != 3 or not said[1].isdecimal():
        return False
    one = ds.isel(recording=place) if "recording" in ds.dims else ds
    frame = int(said[1])
    if said[0] != f"{position_units(ds)} {ds.sizes['bodypart']}":
        return False
    here = frame - first_frame(ds)
    if not 0 < here < int(count_frames(ds)[place]):
        return first_frame(ds) == 0 and here > 0
    return made_of(one, frame) != text
