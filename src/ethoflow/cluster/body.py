"""Loops that bring an animal's points into its own frame, and measure how it moves."""

from __future__ import annotations

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit

LOWEST = 3
"""Points that have to be seen for a frame of the body."""

MOTION = (
    "speed ahead",
    "speed to the side",
    "turning",
    "log speed",
    "turning either way",
    "root of speed",
)
FLOOR = 0.05
"""Body lengths per second that are added before a logarithm is taken."""


@jit
def into_body(
    position: Array,
    usual: Array,
    length: float,
    lowest: int,
    pose: Array,
    place: Array,
    angle: Array,
) -> None:
    """Points less the usual pose in the animal's frame, and where that frame is.

    `pose` has x and y of every point one after the other, in body lengths.
    """
    parts, _, frames = position.shape
    for t in range(frames):
        n = 0
        mx, my, ux, uy = 0.0, 0.0, 0.0, 0.0
        for p in range(parts):
            x, y = position[p, 0, t], position[p, 1, t]
            if x == x and y == y and usual[p, 0] == usual[p, 0]:
                n += 1
                mx += x
                my += y
                ux += usual[p, 0]
                uy += usual[p, 1]
        cross, dot = 0.0, 0.0
        if n >= lowest and 2 * n >= parts:
            mx, my, ux, uy = mx / n, my / n, ux / n, uy / n
            for p in range(parts):
                x, y = position[p, 0, t] - mx, position[p, 1, t] - my
                if x == x and y == y and usual[p, 0] == usual[p, 0]:
                    a, b = usual[p, 0] - ux, usual[p, 1] - uy
                    cross += a * y - b * x
                    dot += a * x + b * y
        if cross == 0.0 and dot == 0.0:
            angle[t] = np.nan
            place[0, t] = np.nan
            place[1, t] = np.nan
            pose[:, t] = np.nan
            continue
        turned = np.arctan2(cross, dot)
        cos, sin = np.cos(turned), np.sin(turned)
        angle[t] = turned
        place[0, t] = mx / length - (cos * ux - sin * uy)
        place[1, t] = my / length - (sin * ux + cos * uy)
        for p in range(parts):
            x, y = (position[p, 0, t] - mx) / length, (position[p, 1, t] - my) / length
            pose[2 * p, t] = cos * x + sin * y + ux - usual[p, 0]
            pose[2 * p + 1, t] = cos * y - sin * x + uy - usual[p, 1]


@jit
def slopes(row: Array, reach: int, fps: float, out: Array) -> None:
    """Slope per second of the line of least squares through the frames within reach."""
    n = row.size
    for t in range(n):
        count, st, stt, sx, stx = 0.0, 0.0, 0.0, 0.0, 0.0
        for d in range(-min(reach, t), min(reach, n - 1 - t) + 1):
            x = row[t + d]
            if x == x:
                count += 1.0
                st += d
                stt += d * d
                sx += x
                stx += d * x
        spread = count * stt - st * st
        out[t] = (count * stx - st * sx) / spread * fps if spread > 0 else np.nan


@jit
def motion_of(place: Array, angle: Array, reach: int, fps: float, out: Array) -> None:
    """Speeds along and across the body, and turning, as `MOTION` names them."""
    n = angle.size
    vx, vy = np.empty(n), np.empty(n)
    slopes(place[0], reach, fps, vx)
    slopes(place[1], reach, fps, vy)
    around = np.empty(2 * reach + 1)
    turn = np.empty(2 * reach + 1)
    for t in range(n):
        if angle[t] != angle[t]:
            out[:, t] = np.nan
            continue
        cos, sin = np.cos(angle[t]), np.sin(angle[t])
        for k in range(2 * reach + 1):
            at = t + k - reach
            there = 0 <= at < n
            # The shorter way round from the angle in the middle.
            apart = angle[at] - angle[t] if there else np.nan
            around[k] = np.arctan2(np.sin(apart), np.cos(apart))
        slopes(around, reach, fps, turn)
        speed = np.sqrt(vx[t] * vx[t] + vy[t] * vy[t])
        out[0, t] = cos * vx[t] + sin * vy[t]
        out[1, t] = cos * vy[t] - sin * vx[t]
        out[2, t] = turn[reach]
        out[3, t] = np.log(speed + FLOOR)
        out[4, t] = np.abs(turn[reach])
        out[5, t] = np.sqrt(speed)
