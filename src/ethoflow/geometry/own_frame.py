"""Positions in frames that go with animals: nobody moves there, and all are at one place."""

from __future__ import annotations

import xarray as xr

from ethoflow.errors import DataError

CENTRE, GOES_WITH = "frame_centre", "goes_with"
"""Where the frame of aligned positions is, and its attribute that says what it goes with."""

ANIMALS, ROOM = "animals", "room"


def check_room(ds: xr.Dataset, what: str) -> None:
    """Refuse positions in frames that go with animals, for what asks how they go in the room.

    Raises
    ------
    DataError
        They are.

    Examples
    --------
    >>> from ethoflow import align, simulate
    >>> ds = simulate.still_then_running()
    >>> check_room(ds, "moving")
    >>> check_room(align(ds, (50.0, 50.0)), "moving")
    >>> check_room(align(ds, "centre"), "moving")
    Traceback (most recent call last):
    ethoflow.errors.DataError: moving: these positions are in frames that go with the animals...
    """
    if CENTRE in ds and ds[CENTRE].attrs.get(GOES_WITH) != ROOM:
        raise DataError(
            f"{what}: these positions are in frames that go with the animals (ef.align), in which "
            "nobody moves and distances between animals are lost. Give the poses as they were, or "
            "ef.unalign(poses)."
        )
