"""What a tracker makes of animals: noise, bursts of bad points, gaps, swaps, absent animals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ethoflow.simulate.arena import Array, Mask


@dataclass(frozen=True)
class Tracker:
    """How a tracker errs.

    Attributes
    ----------
    noise
        Standard deviation of each coordinate, mm.
    bursts
        Bursts of low confidence per animal and minute: some points jump away for 2 to 15 frames.
    gaps
        Gaps per body part and minute: the point is missing, mostly for 0.2 s or less.
    swaps
        Identity swaps per minute: two animals change slots for half a second to three.
    absent
        Share of the recording at whose end the last animal is not in the arena.
    """

    noise: float = 0.3
    bursts: float = 3.0
    gaps: float = 3.0
    swaps: float = 0.0
    absent: float = 0.0


@dataclass(frozen=True)
class Tracked:
    """Positions (mm) and confidence as tracked, and which points were touched by what."""

    position: Array
    confidence: Array
    burst: Mask
    gap: Mask
    swap: Mask
    absent: Mask


def track(clean: Array, tracker: Tracker, fps: float, rng: np.random.Generator) -> Tracked:
    """Clean positions (individual, bodypart, space, time) as a tracker would give them."""
    n, parts, _, frames = clean.shape
    position = clean + rng.normal(0, tracker.noise, clean.shape)
    confidence = 1 - 0.05 * rng.random((n, parts, frames)) ** 2
    burst = _draw_bursts(position, confidence, tracker, fps, rng)
    gap = _draw_gaps((n, parts, frames), tracker, fps, rng)
    swap = _draw_swaps(position, confidence, tracker, fps, rng)
    absent = np.zeros((n, frames), bool)
    if tracker.absent > 0:
        absent[-1, frames - round(tracker.absent * frames) :] = True
    gone = gap | absent[:, None]
    position[np.broadcast_to(gone[:, :, None], position.shape)] = np.nan
    confidence[gone] = np.nan
    return Tracked(position, confidence, burst, gap, swap, absent)


def _count(rate: float, frames: int, fps: float, rng: np.random.Generator) -> int:
    return int(rng.poisson(rate * frames / fps / 60))


def _draw_bursts(
    position: Array, confidence: Array, tracker: Tracker, fps: float, rng: np.random.Generator
) -> Mask:
    n, parts, space, frames = position.shape
    mask = np.zeros((n, parts, frames), bool)
    for animal in range(n):
        for _ in range(_count(tracker.bursts, frames, fps, rng)):
            start, length = int(rng.integers(frames)), int(rng.integers(2, 16))
            for part in rng.permutation(parts)[: int(rng.integers(1, 5))]:
                where = slice(start, min(start + length, frames))
                size = where.stop - start
                away = rng.normal(0, 30, (space, 1)) + rng.normal(0, 8, (space, size))
                position[animal, part, :, where] += away
                confidence[animal, part, where] = 0.3 * rng.random(size)
                mask[animal, part, where] = True
    return mask


def _draw_gaps(
    shape: tuple[int, int, int], tracker: Tracker, fps: float, rng: np.random.Generator
) -> Mask:
    mask = np.zeros(shape, bool)
    n, parts, frames = shape
    for animal in range(n):
        for part in range(parts):
            for _ in range(_count(tracker.gaps, frames, fps, rng)):
                most = 0.2 if rng.random() < 0.9 else 0.8
                length = max(int(rng.uniform(0, most) * fps), 1)
                start = int(rng.integers(frames))
                mask[animal, part, start : start + length] = True
    return mask


def _draw_swaps(
    position: Array, confidence: Array, tracker: Tracker, fps: float, rng: np.random.Generator
) -> Mask:
    frames = position.shape[-1]
    mask = np.zeros(frames, bool)
    if len(position) > 1:
        for _ in range(_count(tracker.swaps, frames, fps, rng)):
            start = int(rng.integers(frames))
            where = slice(start, start + int(rng.uniform(0.5, 3) * fps))
            one, two = rng.permutation(len(position))[:2]
            position[[one, two], ..., where] = position[[two, one], ..., where]
            confidence[[one, two], ..., where] = confidence[[two, one], ..., where]
            mask[where] ^= True
    return mask
