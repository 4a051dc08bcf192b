"""Swaps of identities with known truth: in contact, behind something, after an absence."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.schema import DataError
from ethoflow.simulate.arena import Array
from ethoflow.simulate.body import CENTRE, NOSE, TAIL_BASE
from ethoflow.simulate.cohort import Simulation

CONTACT, MEETING = 30.0, 60.0
"""Distance of animals that touch, and of those that go into a shelter together, mm."""

ALL, SOME, ONE = "all", "some", "one"
"""What is hidden of the animals: all points; of some animals some; all points of one animal."""


class _Kind(NamedTuple):
    """A way in which animals are swapped; times in s, `lasting` 0 where it stays so."""

    near: float = CONTACT
    hidden: tuple[float, float] = (0.0, 0.0)
    what: str = ""
    lasting: tuple[float, float] = (0.0, 0.0)
    n_animals: int = 2
    part: bool = False


WAYS = {
    "contact": _Kind(),
    "occlusion": _Kind(hidden=(0.1, 1.0), what=SOME),
    "short": _Kind(lasting=(0.12, 0.6)),
    "shelter": _Kind(near=MEETING, hidden=(5.0, 30.0), what=ALL),
    "three": _Kind(hidden=(0.1, 0.6), what=SOME, n_animals=3),
    "hidden": _Kind(hidden=(1.0, 3.0), what=ALL),
    "refuge": _Kind(near=np.inf, hidden=(10.0, 120.0), what=ONE),
    "back": _Kind(lasting=(0.6, 4.0)),
    "part": _Kind(lasting=(0.2, 3.0), part=True),
}
"""Ways in which animals are swapped: while both are seen; while points of both are hidden for up to
a second; for 3 to 15 frames; after 5 to 30 s in which nobody is seen; three of them in a circle;
while nothing of both is seen for 1 to 3 s; while one of them is out of sight for 10 to 120 s; for
0.6 to 4 s; some body parts only, for 0.2 to 3 s."""

KINDS = ("contact", "occlusion", "short", "shelter", "three")
"""Those that are drawn where nothing is said."""

APART = 3.0
"""Time between two swaps, s."""

MARGIN = 10.0
"""Time at the beginning and the end without swaps, s."""


class Swapped(NamedTuple):
    """Tracks with swaps, the same tracks with the same gaps but none, and the swaps as a list.

    The list has a row for each swap (recording, start_frame, stop_frame, a, b, c, kind), and beside
    it from `hidden_from` to `hidden_to` the frames within which it cannot be told when it was; the
    `bodyparts` of those that exchange some only.
    """

    tracks: xr.Dataset
    unswapped: xr.Dataset
    edits: pd.DataFrame


class _Swap(NamedTuple):
    frame: int
    stop: int
    first: int
    last: int
    animals: tuple[int, ...]
    kind: str
    parts: tuple[int, ...]


def swap_animals(
    simulation: Simulation, n_swaps: int = 8, *, kinds: Sequence[str] = KINDS, seed: int = 0
) -> Swapped:
    """Simulated tracks in which animals that come close are taken for each other.

    A swap lasts to the end, or to the next of the same animals, but for short ones. Where fewer
    chances are found there are fewer swaps.

    Parameters
    ----------
    simulation
        One recording of two animals or more.
    n_swaps
        How many swaps.
    kinds
        Which kinds take turns: see `WAYS`.
    seed
        The same seed gives the same swaps.

    Raises
    ------
    DataError
        Several recordings, or one animal.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> simulation = simulate.simulate_cohort(1, duration="1 min", seed=1)
    >>> len(swap_animals(simulation, 1, kinds=["contact"]).edits)
    1
    """
    ds = simulation.tracks
    if ds.sizes["recording"] != 1 or ds.sizes["individual"] < 2:
        raise DataError("swaps are simulated in one recording of two animals or more.")
    rng = np.random.default_rng([seed, 4])
    apart = _distances(simulation.clean.values[0])
    fps = float(ds.fps)
    swaps: list[_Swap] = []
    for number in range(n_swaps):
        found = _draw(rng, apart, fps, kinds[number % len(kinds)], swaps, ds.sizes["bodypart"])
        swaps += [] if found is None else [found]
    hidden = _hide(rng, ds, swaps)
    return Swapped(_exchange(hidden, swaps), hidden, _tabulate(ds, swaps))


def _distances(position: Array) -> Array:
    """Nearest distance of the spines of every two animals, dims (individual, individual, time)."""
    spine = position[:, [NOSE, CENTRE, TAIL_BASE]]
    n = len(spine)
    found = np.full((n, n, position.shape[-1]), np.inf)
    for i in range(n):
        for j in range(n):
            if i != j:
                ways = spine[i][:, np.newaxis] - spine[j][np.newaxis]
                found[i, j] = np.sqrt(np.square(ways).sum(axis=2)).min(axis=(0, 1))
    return found


def _draw(
    rng: np.random.Generator,
    apart: Array,
    fps: float,
    kind: str,
    before: Sequence[_Swap],
    n_parts: int,
) -> _Swap | None:
    """A swap of one kind, clear of those before; None where there is no chance for one."""
    n, frames = len(apart), apart.shape[-1]
    way = WAYS[kind]
    margin, free = round(MARGIN * fps), round(APART * fps)
    length = round(rng.uniform(*way.hidden) * fps)
    lasting = max(round(rng.uniform(*way.lasting) * fps), 3) if any(way.lasting) else 0
    pairs = list(itertools.combinations(range(n), 2))
    for i, j in rng.permutation(pairs).tolist():
        most = frames - margin - length - lasting
        chances = np.flatnonzero(apart[i, j, margin : max(most, margin)] < way.near)
        for start in (rng.permutation(chances)[:50] + margin).tolist():
            last = start + max(length, lasting)
            if any(start < b.last + free and last > b.first - free for b in before):
                continue
            animals = [i, j]
            if way.n_animals > 2 and n > 2:
                others = [k for k in range(n) if k not in animals]
                animals.append(min(others, key=lambda k: float(apart[i, k, start])))
            frame = int(rng.integers(start + 1, start + length + 1)) if length else start
            stop = frame + lasting if lasting else frames
            who = tuple(int(k) for k in rng.permutation(animals))
            some = rng.permutation(n_parts)[: int(rng.integers(2, n_parts - 1))]
            parts = tuple(int(k) for k in np.sort(some)) if way.part else ()
            return _Swap(frame, stop, start, last, who, kind, parts)
    return None


def _hide(rng: np.random.Generator, ds: xr.Dataset, swaps: Sequence[_Swap]) -> xr.Dataset:
    """Tracks without the points that are hidden around swaps."""
    arrays = {name: ds[name].values.copy() for name in ("position", "confidence")}
    n_parts = ds.sizes["bodypart"]
    for swap in swaps:
        what = WAYS[swap.kind].what
        for animal in swap.animals[: {"": 0, ONE: 1}.get(what)]:
            some = int(rng.integers(4, n_parts)) if rng.random() < 0.4 else n_parts
            count = some if what == SOME else n_parts
            for part in rng.permutation(n_parts)[:count]:
                for values in arrays.values():
                    values[0, animal, part, ..., swap.first : swap.last] = np.nan
    return ds.assign({name: ds[name].copy(data=values) for name, values in arrays.items()})


def _exchange(ds: xr.Dataset, swaps: Sequence[_Swap]) -> xr.Dataset:
    """Tracks in which the animals of every swap change slots."""
    arrays = {name: ds[name].values.copy() for name in ("position", "confidence")}
    changes = [(swap.frame, list(swap.animals), swap.parts) for swap in swaps]
    changes += [
        (swap.stop, list(swap.animals)[::-1], swap.parts)
        for swap in swaps
        if swap.stop < ds.sizes["time"]
    ]
    every = tuple(range(ds.sizes["bodypart"]))
    for frame, animals, parts in sorted(changes):
        onwards = [*animals[1:], animals[0]]
        some = np.array(parts or every)
        for values in arrays.values():
            there = values[0, ..., frame:]
            there[np.array(onwards)[:, np.newaxis], some] = there[
                np.array(animals)[:, np.newaxis], some
            ]
    return ds.assign({name: ds[name].copy(data=values) for name, values in arrays.items()})


def _tabulate(ds: xr.Dataset, swaps: Sequence[_Swap]) -> pd.DataFrame:
    slots = [str(slot) for slot in ds.individual.values]
    rows = [
        {
            "recording": str(ds.recording.values[0]),
            "start_frame": swap.frame,
            "stop_frame": swap.stop,
            **dict(zip("abc", [*(slots[k] for k in swap.animals), ""], strict=False)),
            "kind": swap.kind,
            "hidden_from": swap.first,
            "hidden_to": swap.last if any(WAYS[swap.kind].hidden) else swap.first,
            "bodyparts": " ".join(str(ds.bodypart.values[k]) for k in swap.parts),
        }
        for swap in sorted(swaps)
    ]
    return pd.DataFrame(rows)
