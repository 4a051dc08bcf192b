"""What is counted of every animal in every recording, and the rows that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ethoflow.labels.comparison import bouts, frames, totals
from ethoflow.labels.comparison.frames import Array, Sums
from ethoflow.labels.comparison.measures import Measure
from ethoflow.labels.comparison.meeting import Item, Track
from ethoflow.labels.comparison.resampling import FEW, draw, interval, weigh


@dataclass(frozen=True)
class Settings:
    """Thresholds in frames, and how intervals are made.

    Attributes
    ----------
    ious
        Overlaps from which on two bouts match.
    tolerance
        Frames within which two bouts begin together.
    bin
        Frames of a bin.
    block
        Frames of a block that is drawn where there is one recording.
    n_draws
        How often is drawn; 0 for no intervals.
    confidence
        Share of the draws within an interval.
    seed
        Of the random numbers.
    block_text
        How the block is called in the table.
    """

    ious: tuple[float, ...]
    tolerance: int
    bin: int
    block: int
    n_draws: int
    confidence: float
    seed: int
    block_text: str


@dataclass(frozen=True)
class Tally:
    """Sums of one item of one animal (or pair) by block, and its moments as one of many."""

    recording: str
    individual: str
    partner: str
    by_block: Sums
    of_all: Sums


def tally(track: Track, item: Item, settings: Settings, *, in_blocks: bool) -> Tally | None:
    """What is counted of a track; None where no frame is known to both."""
    x, y = track.x, track.y
    if not frames.known_to_both(x, y).any():
        return None
    width = settings.block if in_blocks else len(x)
    of_all: Sums = {}
    if item.names:
        by_block = frames.sum_cells(x, y, len(item.names), width)
    else:
        by_block = {
            **frames.sum_frames(x, y, width),
            **bouts.sum_bouts(x, y, width, settings.ious, settings.tolerance),
            **totals.sum_bins(x, y, width, settings.bin),
        }
        of_all = totals.sum_shares(x, y)
    return Tally(track.recording, track.individual, track.partner, by_block, of_all)


def rows_of(
    tallies: Sequence[Tally], measures: Sequence[Measure], settings: Settings
) -> list[dict[str, Any]]:
    """A row for each measure of all tallies together, with its interval.

    Recordings are drawn, with all their animals; of one recording blocks of time, in which again
    all animals stay together.
    """
    recordings = list(dict.fromkeys(one.recording for one in tallies))
    in_blocks = len(recordings) < 2
    if in_blocks:
        n_units = max(len(values) for one in tallies for values in one.by_block.values())
        what = f"blocks of {settings.block_text}"
    else:
        n_units, what = len(recordings), "recordings"
    weights = draw(n_units, settings.n_draws, settings.seed)
    if in_blocks:
        sums = _in_blocks(tallies, weights)
    else:
        sums = _in_recordings(tallies, recordings, weights)
    first = {name: values[0] for name, values in sums.items()}
    return [
        {
            "kind": one.kind,
            "measure": one.name,
            "at": one.at,
            "at_unit": one.at_unit,
            **_estimate(one, sums, first, settings, n_units, in_blocks=in_blocks),
            "unit": one.unit,
            "n": float(one.count(first)),
            "n_of": one.counted,
            "n_units": n_units,
            "resampled": what,
        }
        for one in measures
    ]


def _in_recordings(
    tallies: Sequence[Tally], recordings: Sequence[str], weights: Array
) -> dict[str, Array]:
    """Sums over the recordings of every draw."""
    unit = np.array([recordings.index(one.recording) for one in tallies])
    own = [{name: values.sum(axis=0) for name, values in one.by_block.items()} for one in tallies]
    every = [
        {**sums, **_whole(one), **_banos(sums)} for one, sums in zip(tallies, own, strict=True)
    ]
    stacked = {name: np.stack([one[name] for one in every]) for name in every[0]}
    units = {}
    for name, values in stacked.items():
        units[name] = np.zeros((len(recordings), *values.shape[1:]))
        np.add.at(units[name], unit, values)
    return weigh(weights, units)


def _in_blocks(tallies: Sequence[Tally], weights: Array) -> dict[str, Array]:
    """Sums over the blocks of every draw; what is of whole recordings is the same in all."""
    sums: dict[str, Array] = {}
    for one in tallies:
        drawn = weigh(
            weights, {name: _padded(v, weights.shape[1]) for name, v in one.by_block.items()}
        )
        whole = {name: np.full(len(weights), value) for name, value in _whole(one).items()}
        for name, values in {**drawn, **whole, **_banos(drawn)}.items():
            sums[name] = sums.get(name, 0) + values
    return sums


def _padded(values: Array, n_blocks: int) -> Array:
    return np.pad(values, [(0, n_blocks - len(values)), *[(0, 0)] * (values.ndim - 1)])


def _whole(one: Tally) -> dict[str, Array]:
    return {name: values[0] for name, values in one.of_all.items()}


def _banos(sums: Sums) -> dict[str, Array]:
    """The measures of BANOS of one recording, as sums for their mean over those that have one."""
    if "pairs" not in sums:
        return {}
    found = {"without": np.where(sums["bouts_a"] == 0, 1.0, 0.0)}
    for name, value in bouts.banos(sums).items():
        found |= {name: np.nan_to_num(value), f"{name}_n": np.where(np.isnan(value), 0.0, 1.0)}
    return found


def _estimate(
    measure: Measure, sums: Sums, first: Sums, settings: Settings, n_units: int, *, in_blocks: bool
) -> dict[str, Any]:
    """Value and interval of a measure, and what is to be said of them."""
    values = np.atleast_1d(measure.value(sums))
    value, low, high = float(values[0]), np.nan, np.nan
    if np.isnan(value):
        return {"value": value, "low": low, "high": high, "note": measure.why(first, measure.name)}
    notes = []
    if measure.name in bouts.BANOS and float(first["without"]):
        notes.append(
            f"in {float(first['without']):g} of {float(first['total_n']):g} a has no bout: there "
            "it is 1 if b has none either, else 0, as BANOS defines it"
        )
    is_fixed = measure.is_count or (in_blocks and measure.name == "icc")
    if settings.n_draws and not is_fixed:
        if n_units < 2:
            notes.append("one block alone has no interval: give a shorter block")
        else:
            low, high, said = interval(values, settings.confidence)
            notes += [said] if said else []
            if n_units < FEW:
                notes.append(
                    f"an interval that rests on {n_units} {_units(in_blocks)} is too narrow"
                )
    return {"value": value, "low": low, "high": high, "note": "; ".join(notes)}


def _units(in_blocks: bool) -> str:
    return "blocks" if in_blocks else "recordings"
