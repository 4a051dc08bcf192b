"""What a tracker makes of the animals: noise, bursts, gaps, swapped identities, missing animals.

Every fault is recorded in a mask, so tests can ask what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.schema import DataError

Flags: TypeAlias = npt.NDArray[np.bool_]
Single: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Faults:
    """How a tracker errs.

    Attributes
    ----------
    noise
        Standard deviation of each coordinate, in mm.
    bursts
        Bursts per animal and minute: several points jump away with low confidence.
    gaps
        Gaps per point and minute; one in ten is longer than 0.2 s.
    swaps
        Exchanges of two animals' identities per minute.
    absent
        Share of the recording for which an animal is not there: one number per animal, or one for
        the last animal; 1 is the whole recording.
    """

    noise: float = 0.3
    bursts: float = 2.0
    gaps: float = 1.0
    swaps: float = 0.0
    absent: float | Sequence[float] = 0.0

    def check(self, individuals: int) -> None:
        """Raise `DataError` for a negative rate or shares that do not fit the animals."""
        for name in ("noise", "bursts", "gaps", "swaps"):
            if not 0 <= getattr(self, name) < np.inf:
                raise DataError(f"{name} must be zero or more, found {getattr(self, name)}.")
        if not isinstance(self.absent, int | float) and len(self.absent) != individuals:
            raise DataError(
                f"absent needs one share for each of the {individuals} animals, "
                f"found {len(self.absent)}."
            )
        if not all(0 <= share <= 1 for share in self.shares(individuals)):
            raise DataError(f"absent must be a share between 0 and 1, found {self.absent}.")

    def shares(self, individuals: int) -> list[float]:
        """Share of the recording for which each animal is absent."""
        if isinstance(self.absent, int | float):
            return [0.0] * (individuals - 1) + [float(self.absent)]
        return [float(share) for share in self.absent]


@dataclass(frozen=True)
class Tracked:
    """What the tracker gives, and where it erred.

    Position (individual, bodypart, space, time) in px; confidence, `burst` and `gap` without
    space; `swapped` and `absent` (individual, time).
    """

    position: Single
    confidence: Single
    burst: Flags
    gap: Flags
    swapped: Flags
    absent: Flags


def track(
    clean: npt.NDArray[np.floating],
    faults: Faults,
    *,
    px_per_mm: float,
    fps: float,
    rng: np.random.Generator,
) -> Tracked:
    """Track animals whose true positions in mm are `clean` (individual, bodypart, space, time)."""
    individuals, parts, _, frames = clean.shape
    noise = rng.standard_normal(clean.shape, dtype=np.float32)
    position = (clean + np.float32(faults.noise) * noise).astype(np.float32)
    position *= np.float32(px_per_mm)
    shape = (individuals, parts, frames)
    confidence = 1 - np.float32(0.05) * rng.random(shape, dtype=np.float32) ** 2
    burst, gap = np.zeros(shape, bool), np.zeros(shape, bool)
    absent = _absences(faults.shares(individuals), frames, rng)
    minutes = frames / fps / 60
    for i in range(individuals):
        for _ in range(rng.poisson(faults.bursts * minutes)):
            _burst(position[i], confidence[i], burst[i], rng)
        for j in range(parts):
            _gaps(gap[i, j], rng.poisson(faults.gaps * minutes), fps, rng)
    missing = gap | absent[:, None]
    position[np.broadcast_to(missing[:, :, None], position.shape)] = np.nan
    confidence[missing] = np.nan
    swapped = np.zeros((individuals, frames), bool)
    if individuals > 1:
        for _ in range(rng.poisson(faults.swaps * minutes)):
            _swap(position, confidence, swapped, fps, rng)
    return Tracked(position, confidence, burst, gap, swapped, absent)


def _burst(
    position: Single, confidence: Single, burst: Flags, rng: np.random.Generator
) -> None:
    """Several points of one animal jump away by tens of px, each its own way."""
    parts, _, frames = position.shape
    length = int(rng.integers(2, 16))
    start = int(rng.integers(0, max(1, frames - length)))
    hit = np.flatnonzero(rng.random(parts) < 0.5)
    hit = hit if hit.size else np.array([int(rng.integers(parts))])
    where = slice(start, min(start + length, frames))
    length = where.stop - where.start
    angle = rng.uniform(0, 2 * np.pi, hit.size)
    size = rng.uniform(30, 90, hit.size)
    jump = size[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    shake = 5 * rng.standard_normal((hit.size, 2, length))
    fresh = ~burst[hit, where]
    position[hit, :, where] += (jump[..., None] + shake) * fresh[:, None]
    confidence[hit, where] = rng.uniform(0.01, 0.29, (hit.size, length))
    burst[hit, where] = True


def _gaps(gap: Flags, count: int, fps: float, rng: np.random.Generator) -> None:
    """Missing stretches of one point: nine in ten at most 0.2 s, the others up to 1 s."""
    short = max(1, int(0.2 * fps))
    for _ in range(count):
        length = int(rng.integers(1, short + 1))
        if rng.random() < 0.1:
            length = int(rng.integers(short + 1, max(short + 2, int(fps))))
        start = int(rng.integers(0, gap.size))
        gap[start : start + length] = True


def _absences(shares: Sequence[float], frames: int, rng: np.random.Generator) -> Flags:
    """One stretch of frames for each animal in which it is not there."""
    absent = np.zeros((len(shares), frames), bool)
    for i, share in enumerate(shares):
        length = round(share * frames)
        start = int(rng.integers(0, frames - length + 1))
        absent[i, start : start + length] = True
    return absent


def _swap(
    position: Single, confidence: Single, swapped: Flags, fps: float, rng: np.random.Generator
) -> None:
    """Two animals' tracks exchanged for 1 to 8 s."""
    frames = swapped.shape[-1]
    pair = rng.choice(len(swapped), 2, replace=False)
    start = int(rng.integers(0, frames))
    where = slice(start, start + int(rng.uniform(1, 8) * fps))
    position[pair, ..., where] = position[pair[::-1], ..., where]
    confidence[pair, ..., where] = confidence[pair[::-1], ..., where]
    swapped[pair, where] ^= True


def hide(labels: npt.NDArray[np.float32], absent: Flags) -> None:
    """Make labels (individual[, partner], time) unknown where an animal is not there."""
    if labels.ndim == 2:
        labels[absent] = np.nan
        return
    labels[absent[:, None] | absent[None]] = np.nan


