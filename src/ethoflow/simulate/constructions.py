"""Small recordings whose numbers are known by construction, for examples and tests."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.schema import make_tracks
from ethoflow.simulate.body import Mouse, bodyparts, make_points


def _mouse(x: Array, y: Array, heading: Array, *, half: float = 40.0) -> Array:
    poses = np.zeros((len(x), 6))
    poses[:, 0], poses[:, 1], poses[:, 2] = x, y, heading
    return make_points(poses, Mouse(half))


def _tracks(animals: list[Array], fps: float, name: str) -> xr.Dataset:
    return make_tracks(
        np.stack(animals), fps=fps, bodyparts=bodyparts(11), recording=name, units="mm"
    )


def still_then_running(fps: float = 25.0) -> xr.Dataset:
    """One mouse, in mm: still for 4 s, then running along x at 200 mm/s for 4 s.

    Examples
    --------
    >>> still_then_running().sizes["time"]
    200
    """
    frame = np.arange(round(8 * fps))
    x = 200 / fps * np.clip(frame - round(4 * fps) + 0.5, 0, None)
    zero = np.zeros(len(frame))
    return _tracks([_mouse(x, zero, zero)], fps, "still_then_running")


def approach(fps: float = 25.0) -> xr.Dataset:
    """Two mice, in mm, head on: noses 410 mm apart at first, 10 mm apart after 8 s.

    Examples
    --------
    >>> approach().sizes["individual"]
    2
    """
    gap = np.linspace(410, 10, round(8 * fps))
    zero = np.zeros(len(gap))
    left = _mouse(zero, zero, zero)
    right = _mouse(80 + gap, zero, zero + np.pi)
    return _tracks([left, right], fps, "approach")


def running_in_circle(
    radius: float = 100.0, speed: float = 200.0, *, seconds: float = 10.0, fps: float = 100.0
) -> xr.Dataset:
    """One mouse, in mm, whose centre runs along a circle at constant speed.

    Parameters
    ----------
    radius
        mm, default 100 mm.
    speed
        mm/s, default 200 mm/s.
    seconds, fps
        Length and frame rate, default 10 s at 100 frames per second.

    Examples
    --------
    >>> ds = running_in_circle(radius=50)
    >>> float(np.hypot(*ds.position.sel(bodypart="Center")[0]).max().round(3))
    50.0
    """
    angle = speed / radius * np.arange(round(seconds * fps)) / fps
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    return _tracks([_mouse(x, y, angle + np.pi / 2)], fps, "running_in_circle")
