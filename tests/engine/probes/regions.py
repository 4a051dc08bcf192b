"""Named regions: where an animal is, and for how long it has been there."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

import ethoflow as ef

SQUARES = {"left": (-200, -200, 0, 200), "right": (0, -200, 200, 200), "middle": (-60, -60, 60, 60)}


@ef.feature(dims=("region", "time"), gives="flag", roles={"position": ("centre",)})
def in_rectangle(position: Any, rectangle: Any) -> Any:
    """Whether the centre is in a region: dims of `rectangle` (region, corner)."""
    x, y = position[0]
    low_x, low_y, high_x, high_y = rectangle.T[..., np.newaxis]
    return (x >= low_x) & (x < high_x) & (y >= low_y) & (y < high_y)


@ef.feature(dims=("region", "time"), units="s", halo="whole", optional=("in_rectangle",))
def seconds_inside(in_rectangle: Any, *, fps: float) -> Any:
    """Seconds since the animal came into a region; missing outside and where it is not known."""
    frames = np.full(in_rectangle.shape, np.nan)
    for region, states in enumerate(in_rectangle):
        known = np.nan
        for t, state in enumerate(states):
            entered = t > 0 and states[t - 1] == 0
            known = 0 if state == 1 and entered else known + 1 if state == 1 else np.nan
            frames[region, t] = known
    return frames / fps


def given(ds: xr.Dataset) -> xr.Dataset:
    """A dataset with regions."""
    lead = ("recording",) if "recording" in ds.dims else ()
    corners = np.array(list(SQUARES.values()), np.float32)
    if lead:
        corners = np.broadcast_to(corners, (ds.sizes["recording"], *corners.shape))
    found = (*lead, "region", "corner"), corners.copy(), {"units": "mm"}
    return ds.assign(rectangle=found).assign_coords(region=list(SQUARES))


def run(ds: xr.Dataset) -> xr.Dataset:
    """What the probe gives."""
    ds = given(ds)
    inside = in_rectangle(ds)
    return xr.Dataset({"in_rectangle": inside, "seconds_inside": seconds_inside(ds)})
