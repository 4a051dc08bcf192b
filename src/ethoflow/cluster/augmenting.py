"""Ways in which a behaviour may look different and be the same; random numbers are torch's own.

Signals are (window, component, frame), poses (window, bodypart, space, frame) in the frame of the
animal, ahead first and to the side second; NaN is not seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """How much windows are disturbed; 0 leaves something out.

    `noise` is the standard deviation of what is added to every number, `gain` that of the factor
    that each component of a window has, in units of the component. `drop` is the share of
    components (of body parts, for a pose) that are taken for not seen in a window, `shift` the
    frames that a window moves at most, `rotation` the degrees that a pose turns at most. `mirror`
    turns half of the poses over: it makes turns to the left and to the right one, and is for those
    who want that; `sides` are pairs of body parts that then change places.
    """

    noise: float = 0.2
    gain: float = 0.1
    drop: float = 0.1
    shift: int = 0
    rotation: float = 0.0
    mirror: bool = False
    sides: tuple[tuple[int, int], ...] = ()


def disturb(
    x: Tensor, by: Augmentation, *, n_parts: int = 0, scale: Tensor | None = None
) -> Tensor:
    """A signal disturbed, or the flattened pose of `n_parts` body parts.

    Rotation and mirror are for poses and do nothing to other signals. `scale` is the size of one
    unit of noise for each component, 1 where there is none.
    """
    if n_parts:
        pose = x.reshape(len(x), n_parts, -1, x.shape[-1])
        pose = rotate(pose, by.rotation) if by.rotation else pose
        pose = mirror(pose, by.sides) if by.mirror else pose
        x = drop(pose.flatten(2), by.drop).reshape(x.shape)
    else:
        x = drop(x, by.drop)
    x = x * (1 + by.gain * torch.randn(*x.shape[:2], 1, device=x.device))
    noise = by.noise * torch.randn_like(x)
    x = x + (noise if scale is None else noise * scale)
    return shift(x, by.shift) if by.shift else x


def drop(x: Tensor, share: float) -> Tensor:
    """Rows of a window not seen, (window, row, ...), each with the chance `share`."""
    gone = torch.rand(x.shape[:2], device=x.device) < share
    return x.masked_fill(gone.reshape(*gone.shape, *[1] * (x.ndim - 2)), torch.nan)


def shift(x: Tensor, most: int) -> Tensor:
    """Windows moved in time by up to `most` frames, each by its own; not seen where none was."""
    n_frames = x.shape[-1]
    moved = torch.randint(-most, most + 1, (len(x), 1), device=x.device)
    at = torch.arange(n_frames, device=x.device) - moved
    inside = (at >= 0) & (at < n_frames)
    at = at.clamp(0, n_frames - 1)[:, None].expand(-1, x.shape[1], -1)
    return x.gather(-1, at).masked_fill(~inside[:, None], torch.nan)


def rotate(pose: Tensor, most: float) -> Tensor:
    """Poses turned in the plane about their origin, each by up to `most` degrees either way."""
    angle = (2 * torch.rand(len(pose), 1, 1, device=pose.device) - 1) * math.radians(most)
    ahead, side = pose[:, :, 0], pose[:, :, 1]
    cos, sin = angle.cos(), angle.sin()
    turned = [cos * ahead - sin * side, sin * ahead + cos * side]
    return torch.cat([torch.stack(turned, dim=2), pose[:, :, 2:]], dim=2)


def mirror(pose: Tensor, sides: Sequence[tuple[int, int]], *, chance: float = 0.5) -> Tensor:
    """Poses turned over with the chance `chance`, and the body parts of either side exchanged."""
    order = list(range(pose.shape[1]))
    for left, right in sides:
        order[left], order[right] = right, left
    over = pose[:, order].clone()
    over[:, :, 1] *= -1
    turned = torch.rand(len(pose), 1, 1, 1, device=pose.device) < chance
    return torch.where(turned, over, pose)
