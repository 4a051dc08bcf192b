"""What looks wrong in tracks: patterns that a real animal and a working tracker do not make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.bouts import find_runs
from ethoflow.engine.declare import Array
from ethoflow.engine.gather import gather_blocks
from ethoflow.schema import LOW_CONFIDENCE, Data, as_dataset
from ethoflow.stats.quality import track_quality
from ethoflow.stats.slips import find_slips

MANY_TRACKS = 8
"""Animals in one recording from which on they are probably pieces of fewer."""
RARE = 0.05
"""Share of frames under which an animal counts as rarely seen."""
LONG_ENOUGH = 10
"""Frames from which on a point that does not move is strange."""
MOST_NAMES = 8
"""Points that one sentence names."""


def find_suspicious(data: Data) -> list[str]:
    """Sentences on what looks wrong in the tracks; none where nothing does.

    Looked for: points that are never seen, do not move, lie at exactly (0, 0), jump or mostly have
    a low confidence; a confidence that is none; animals that are rarely seen; two animals at the
    same place all the time; more animals than live in one arena; scales and arenas that no animal
    fits, as `find_slips` says.

    Parameters
    ----------
    data
        Tracks.

    Examples
    --------
    >>> import numpy as np
    >>> from ethoflow import from_arrays
    >>> find_suspicious(from_arrays(np.ones((1, 1, 2, 50)), fps=25, bodyparts=["nose"]))
    ['nose: does not move at all.']
    """
    ds = as_dataset(data, needs=["position"])
    names = [name for name in ("position", "confidence") if name in ds]
    parts: dict[int, list[dict[str, Array]]] = {}
    for row, _, found in gather_blocks(ds, names, _summarise):
        parts.setdefault(row, []).append(found)
    quality = track_quality(ds)
    sentences: list[str] = []
    recordings = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else [""]
    for row, recording in enumerate(recordings):
        if row not in parts:
            continue
        where = f"{recording}: " if "recording" in ds.dims and len(recordings) > 1 else ""
        found = _join(parts[row])
        of_row = quality[quality.recording == str(recording)]
        sentences += [f"{where}{text}" for text in _describe(ds, row, found, of_row)]
    return [*sentences, *find_slips(ds)]


def count_seen(data: Data) -> dict[int, tuple[int, Array, Array]]:
    """Frames, frames in which each animal was seen, and its longest absence, by recording's row."""
    ds = as_dataset(data, needs=["position"])
    rows: dict[int, list[Array]] = {}
    for row, _, seen in gather_blocks(ds, ["position"], _seen):
        rows.setdefault(row, []).append(seen)
    counted = {}
    for row, parts in rows.items():
        whole: Array = np.concatenate(parts, axis=-1)
        longest = [
            max((b - a for a, b in find_runs((~track).astype(np.int8)).tolist()), default=0)
            for track in whole
        ]
        counted[row] = whole.shape[-1], whole.sum(axis=-1), np.array(longest)
    return counted


def _seen(values: Mapping[str, Array]) -> Array:
    """Whether any point of each animal was seen, by frame."""
    missing: Array = np.isnan(values["position"].sum(axis=2))
    seen: Array = np.logical_not(missing.all(axis=1))
    return seen


def _summarise(values: Mapping[str, Array]) -> dict[str, Array]:
    """Of one block: range of every coordinate, points at zero, range of confidence, distances."""
    position = values["position"]
    with np.errstate(invalid="ignore"):
        at_zero = (position == 0).all(axis=-2).sum(axis=-1)
        gone = np.isnan(position)
        alike = (position[:, None] == position[None]) | (gone[:, None] & gone[None])
        seen: Array = np.logical_not(gone.all(axis=(1, 2)))
        same = (alike.all(axis=(2, 3)) & seen[:, None]).sum(axis=-1)
    return {
        "low": _least(position),
        "high": -_least(-position),
        "at_zero": at_zero,
        "seen": (~np.isnan(position).any(axis=-2)).sum(axis=-1),
        "seen_any": (~np.isnan(position).all(axis=(1, 2))).sum(axis=-1),
        "same": same,
        "worst": _least(values["confidence"]) if "confidence" in values else np.full(1, np.nan),
        "best": -_least(-values["confidence"]) if "confidence" in values else np.full(1, np.nan),
    }


def _least(values: Array) -> Array:
    """Smallest number along time; infinity where there is none."""
    least: Array = np.where(np.isnan(values), np.inf, values).min(axis=-1)
    return least


_JOIN = {"low": np.minimum, "worst": np.minimum, "high": np.maximum, "best": np.maximum}


def _join(parts: list[dict[str, Array]]) -> dict[str, Array]:
    whole = dict(parts[0])
    for part in parts[1:]:
        for name, values in part.items():
            whole[name] = _JOIN.get(name, np.add)(whole[name], values)
    return whole


def _describe(
    ds: xr.Dataset, row: int, found: Mapping[str, Array], quality: pd.DataFrame
) -> Iterator[str]:
    animals = np.atleast_2d(ds.animal.values)[row] if "animal" in ds.coords else None
    slots = [str(name) for name in ds.individual.values]
    seated = [i for i, _ in enumerate(slots) if animals is None or animals[i] != ""]
    worst, best = float(np.min(found["worst"])), float(np.max(found["best"]))
    if np.isfinite(worst) and (worst < 0 or best > 1):
        yield f"confidence runs from {worst:.3g} to {best:.3g}, not between 0 and 1."
    n_frames = int(quality.n_frames.max()) if len(quality) else 0
    rare = [i for i in seated if found["seen_any"][i] < RARE * n_frames]
    if len(seated) >= MANY_TRACKS and rare:
        yield (
            f"{len(seated)} animals, {len(rare)} of them seen in less than {RARE:.0%} of the "
            "frames: where fewer lived together these are pieces of tracks; identities are not "
            "joined."
        )
    else:
        for i in rare:
            share = found["seen_any"][i] / max(n_frames, 1)
            yield (
                f"{slots[i]}: seen in {share:.1%} of the frames."
                if share
                else (f"{slots[i]}: never seen.")
            )
    present = [i for i in seated if i not in rare]
    yield from _describe_points(ds, present, found, quality)
    for i in present:
        for j in present:
            if j > i and found["same"][i, j] > 0.5 * found["seen_any"][i]:
                yield f"{slots[i]} and {slots[j]}: at the same place, to the digit."


def _describe_points(
    ds: xr.Dataset, present: list[int], found: Mapping[str, Array], quality: pd.DataFrame
) -> Iterator[str]:
    """Faults of body parts, each once, with the points that have it."""
    shares: dict[Any, Any] = quality.set_index(["individual", "bodypart"]).to_dict("index")
    faults: dict[str, list[str]] = {}
    for i in present:
        slot = str(ds.individual.values[i])
        for b, part in enumerate(map(str, ds.bodypart.values)):
            name = part if len(present) == 1 else f"{part} of {slot}"
            of_part = shares[(slot, part)]
            for fault in _faults_of(found, i, b, of_part["low_confidence"], of_part["jumps"]):
                faults.setdefault(fault, []).append(name)
    for fault, names in faults.items():
        shown = ", ".join(names[:MOST_NAMES])
        more = len(names) - MOST_NAMES
        yield f"{shown}{f' and {more} more points' if more > 0 else ''}: {fault}."


def _faults_of(
    found: Mapping[str, Array], i: int, b: int, low_confidence: float, jumps: float
) -> Iterator[str]:
    seen = found["seen"][i, b]
    if seen == 0:
        yield "never seen"
        return
    if seen > LONG_ENOUGH and (found["low"][i, b] == found["high"][i, b]).all():
        yield "does not move at all"
    if found["at_zero"][i, b] > 0.01 * seen:
        yield "often at exactly (0, 0), where trackers put missing points"
    if low_confidence > 0.5:
        yield f"has a confidence under {LOW_CONFIDENCE} most of the time"
    if jumps > 0.01:
        yield "jumps by more than the animal's length in over 1 % of its steps"
