"""One pass over tracks, block by block: what is needed to say how good they are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.cleaning.scores import score_of
from ethoflow.engine.bouts import find_runs
from ethoflow.engine.declare import Array
from ethoflow.engine.gather import fold_blocks, gather_blocks

SLICE = 4096
"""Frames that are looked at in one go, so that what is reckoned with stays in the cache."""
SAMPLE = 2000
"""Frames of a recording, evenly spaced, from which its animals are measured."""
FINE = 6
"""Bits of a squared length's fraction that tell lengths apart: steps of 0.8 %."""
LEAST, MOST = np.float32(2.0**-20), np.float32(2.0**36)
"""Squared lengths below and above are not told apart."""
STANDS = 0.2
"""A point stands still that moves less than this share of what the others move."""

ENOUGH = 10
"""Pairs of moments that it takes to say so."""


@dataclass(frozen=True)
class Survey:
    """What one recording's tracks are like; A animals, P body parts.

    Counts of frames: `seen` (A, P), `scored` with a confidence, `low` with one below the threshold,
    `at_zero` at exactly (0, 0), `present` (A,) with any point, `same` (A, A) with all points at the
    same place. `first`, `last` (A,) are the frames in which an animal was first and last seen, -1
    where never; `absence` (A,) its longest absence. `still` (A, P): the point is always at one
    place; `apart` (A, P): it does not move with the others. `length` (A,) is the diagonal of the
    box around the points that do; `steps` are known steps and `jumps` those longer than it, -1
    where no length is known. `scores` are the least and the greatest confidence.
    """

    n_frames: int
    seen: Array
    scored: Array
    low: Array
    at_zero: Array
    present: Array
    same: Array
    first: Array
    last: Array
    absence: Array
    still: Array
    apart: Array
    length: Array
    steps: Array
    jumps: Array
    scores: tuple[float, float]


def survey(ds: xr.Dataset) -> dict[int, Survey]:
    """A survey of every recording that has frames, by its row."""
    names = [name for name in ("position", "confidence") if name in ds]
    reduce = partial(_look, low=score_of(ds).min_confidence)
    return fold_blocks(ds, names, reduce, _join, _finish)


def share_below(ds: xr.Dataset, threshold: float) -> float:
    """Share of the points seen with a confidence in which it is under `threshold`; NaN of none."""
    if "confidence" not in ds:
        return float("nan")
    reduce = partial(_count_below, threshold=threshold)
    found = gather_blocks(ds, ["position", "confidence"], reduce)
    below, scored = (sum(column) for column in zip(*(pair for *_, pair in found), strict=True))
    return below / scored if scored else float("nan")


def _count_below(values: Mapping[str, Array], *, threshold: float) -> tuple[int, int]:
    confidence = values["confidence"]
    scored = ~np.isnan(values["position"].sum(axis=2)) & ~np.isnan(confidence)
    with np.errstate(invalid="ignore"):
        below = scored & (confidence < np.float32(threshold))
    return int(below.sum()), int(scored.sum())


def _look(values: Mapping[str, Array], start: int, n_frames: int, *, low: float) -> dict[str, Any]:
    """Counts of one block, and what its neighbours have to know of it."""
    position, confidence = values["position"], values.get("confidence")
    n = position.shape[-1]
    found: dict[str, Any] = {}
    anybody = np.empty((len(position), n), bool)
    for a in range(0, n, SLICE):
        b = min(a + SLICE, n)
        scores = None if confidence is None else confidence[..., a:b]
        part, anybody[:, a:b] = _count(position[..., a:b], scores, low)
        part["steps"] = _bin_steps(position[..., max(a - 1, 0) : b])
        if found:
            _join(found, part)
        else:
            found = part
    stride = max(n_frames // SAMPLE, 1)
    frames = slice(-start % stride, None, stride)
    sample = position[..., frames].copy()
    if confidence is not None:
        with np.errstate(invalid="ignore"):
            sample[np.broadcast_to((confidence[..., frames] < low)[:, :, None], sample.shape)] = (
                np.nan
            )
    return {
        **found,
        "ends": {start: (position[..., 0].copy(), position[..., -1].copy(), n)},
        "absent": {start: _find_absent(anybody)},
        "sample": {start: sample},
    }


def _count(position: Array, confidence: Array | None, low: float) -> tuple[dict[str, Any], Array]:
    total = position.sum(axis=2)
    seen: Array = np.logical_not(np.isnan(total))
    anybody: Array = np.asarray(seen.any(axis=1))
    zero: Array = np.asarray((position == 0).all(axis=2))
    shape = seen.shape[:2]
    part = {
        "seen": seen.sum(axis=-1),
        "present": anybody.sum(axis=-1),
        "at_zero": zero.sum(axis=-1),
        "least": np.fmin.reduce(position, axis=-1),
        "most": np.fmax.reduce(position, axis=-1),
        "same": _count_same(position, total, anybody),
        "scored": np.zeros(shape, int),
        "low": np.zeros(shape, int),
        "worst": np.array(np.inf, np.float32),
        "best": np.array(-np.inf, np.float32),
    }
    if confidence is not None:
        with np.errstate(invalid="ignore"):
            part["low"] = ((confidence < np.float32(low)) & seen).sum(axis=-1)
        part["scored"] = (~np.isnan(confidence) & seen).sum(axis=-1)
        part["worst"] = np.fmin(np.fmin.reduce(confidence, axis=None), part["worst"])
        part["best"] = np.fmax(np.fmax.reduce(confidence, axis=None), part["best"])
    return part, anybody


def _count_same(position: Array, total: Array, anybody: Array) -> Array:
    """Frames in which all points of two animals are at the same place, to the digit."""
    n = len(position)
    same = np.zeros((n, n), int)
    sums = np.nansum(total, axis=1) if n > 1 else total
    for i in range(n):
        for j in range(i + 1, n):
            frames = np.flatnonzero((sums[i] == sums[j]) & anybody[i])
            if frames.size:
                one, other = position[i][..., frames], position[j][..., frames]
                alike = (one == other) | (np.isnan(one) & np.isnan(other))
                same[i, j] = same[j, i] = alike.all(axis=(0, 1)).sum()
    return same


def _bin(squares: Array) -> Array:
    """Bins of squared lengths without a logarithm: the bits of a positive float grow as it does."""
    bits = np.clip(squares.astype(np.float32, copy=False), LEAST, MOST).view(np.int32)
    bins: Array = (bits - LEAST.view(np.int32)) >> (23 - FINE)
    return bins


N_BINS = int(_bin(np.array([MOST]))[0]) + 1


def _bin_steps(position: Array) -> Array:
    """How often each length of step occurs, dims (animal, part, bin)."""
    steps = np.square(np.diff(position)).sum(axis=2)
    n_points = steps.shape[0] * steps.shape[1]
    known = ~np.isnan(steps)
    rows = np.repeat(np.arange(n_points), known.reshape(n_points, -1).sum(axis=1))
    places = rows * N_BINS + _bin(steps[known])
    counts: Array = np.bincount(places, minlength=n_points * N_BINS)
    return counts.reshape(*steps.shape[:2], N_BINS)


def _find_absent(anybody: Array) -> Array:
    """For each animal: frames before the first seen, after the last, longest absence between."""
    rows = []
    for track in anybody:
        frames = np.flatnonzero(track)
        if not frames.size:
            rows.append((track.size, track.size, 0, track.size))
            continue
        runs = find_runs((~track[frames[0] : frames[-1] + 1]).astype(np.int8))
        longest = int((runs[:, 1] - runs[:, 0]).max()) if len(runs) else 0
        rows.append((int(frames[0]), track.size - 1 - int(frames[-1]), longest, track.size))
    return np.array(rows, np.int64).reshape(-1, 4)


_JOIN = {"least": np.fmin, "worst": np.fmin, "most": np.fmax, "best": np.fmax}


def _join(whole: dict[str, Any], part: dict[str, Any]) -> None:
    """Add a part, wherever it is from; what needs order is kept by its first frame."""
    for name, values in part.items():
        if isinstance(values, dict):
            whole[name].update(values)
        else:
            whole[name] = _JOIN.get(name, np.add)(whole[name], values)


def _finish(_: int, found: dict[str, Any]) -> Survey:
    ends = [found["ends"][start] for start in sorted(found["ends"])]
    for (_, before, _), (after, _, _) in itertools.pairwise(ends):
        found["steps"] += _bin_steps(np.stack([before, after], axis=-1))
    n_frames = sum(n for *_, n in ends)
    pieces = found["sample"]
    sample = np.concatenate([pieces[start] for start in sorted(pieces)], axis=-1)
    apart = find_apart(sample)
    length = measure_length(sample, apart)
    steps = found["steps"]
    first, last, absence = _join_absences(found["absent"], n_frames)
    return Survey(
        n_frames=n_frames,
        **{name: found[name] for name in ("seen", "scored", "low", "at_zero", "present", "same")},
        first=first,
        last=last,
        absence=absence,
        still=(found["least"] == found["most"]).all(axis=-1),
        apart=apart,
        length=length,
        steps=steps.sum(axis=-1),
        jumps=_count_jumps(steps, length),
        scores=(float(found["worst"]), float(found["best"])),
    )


def _join_absences(pieces: Mapping[int, Array], n_frames: int) -> tuple[Array, Array, Array]:
    """First and last frame with the animal, and its longest absence, over all blocks."""
    rows = [pieces[start] for start in sorted(pieces)]
    n_animals = len(rows[0])
    first, last = np.full(n_animals, -1), np.full(n_animals, -1)
    longest = np.zeros(n_animals, int)
    for i in range(n_animals):
        absent = start = 0
        for lead, trail, inside, size in (row[i].tolist() for row in rows):
            if lead == size:
                absent += size
            else:
                longest[i] = max(longest[i], absent + lead, inside)
                first[i] = start + lead if first[i] < 0 else first[i]
                last[i] = start + size - 1 - trail
                absent = trail
            start += size
        longest[i] = max(longest[i], absent)
    return first, last, longest


def _count_jumps(steps: Array, length: Array) -> Array:
    """Steps longer than the animal; -1 where its length is not known."""
    jumps = np.full(steps.shape[:2], -1)
    for i in np.flatnonzero(length > 0):
        jumps[i] = steps[i, :, int(_bin(np.square(length[i : i + 1]))[0]) + 1 :].sum(axis=-1)
    return jumps


def find_apart(sample: Array) -> Array:
    """Points that do not move with the others: corners and objects tracked as body parts.

    Each point's move between two far moments is held against those of the others, over the quarter
    of the pairs of moments in which most moved. An animal that does not go as far as it is long
    tells nothing.

    Parameters
    ----------
    sample
        Positions of some frames in order, dims (animal, part, space, frame).

    Examples
    --------
    >>> x = np.arange(400.0) * np.array([1, 1, 1, 0.001])[:, None]
    >>> find_apart(np.stack([x, x], axis=1)[None]).tolist()
    [[False, False, False, True]]
    """
    half = sample.shape[-1] // 2
    apart = np.zeros(sample.shape[:2], bool)
    if not half:
        return apart
    moved = np.sqrt(np.square(sample[..., half : 2 * half] - sample[..., :half]).sum(axis=2))
    for i, of_animal in enumerate(moved):
        both = of_animal[:, ~np.isnan(of_animal).all(axis=0)]
        if not both.size:
            continue
        busy = _upper(both)
        chosen = both[:, busy >= np.quantile(busy, 0.75)]
        known = (~np.isnan(chosen)).sum(axis=1) >= ENOUGH
        if not known.any():
            continue
        usual = np.nanmedian(chosen[known], axis=1)
        still = np.zeros(len(chosen), bool)
        still[known] = usual < STANDS * _upper(usual)
        if _upper(usual) > measure_length(sample[i : i + 1], still[np.newaxis])[0]:
            apart[i] = still
    return apart


def _upper(values: Array) -> Array:
    """What a tenth of the known values along the first axis reach; never one wild point alone.

    So much is moved by the animal even where most points are corners.
    """
    ordered = np.sort(values, axis=0)
    places = (0.9 * ((~np.isnan(ordered)).sum(axis=0) - 1)).astype(int)
    found: Array = np.take_along_axis(ordered, places[np.newaxis], axis=0)[0]
    return found


def measure_length(sample: Array, apart: Array) -> Array:
    """Median diagonal of the box around the points that move together, dims (animal,).

    Of the frames those count in which most of the points were seen (the best quarter); NaN with
    fewer than two points.
    """
    lengths = np.full(len(sample), np.nan, np.float32)
    for i, of_animal in enumerate(sample):
        own = of_animal[~apart[i]]
        n_seen = (~np.isnan(own).any(axis=1)).sum(axis=0)
        frames = n_seen >= max(np.quantile(n_seen, 0.75), 2) if n_seen.size else n_seen > 0
        if frames.any():
            chosen = own[..., frames]
            boxes = np.fmax.reduce(chosen, axis=0) - np.fmin.reduce(chosen, axis=0)
            lengths[i] = np.median(np.sqrt(np.square(boxes).sum(axis=0)))
    return lengths


def each(surveys: Mapping[int, Survey], ds: xr.Dataset) -> Iterator[tuple[str, Survey | None]]:
    """Name and survey of every recording of `ds`; None for one without frames."""
    names = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else [""]
    for row, name in enumerate(names):
        yield str(name), surveys.get(row)
