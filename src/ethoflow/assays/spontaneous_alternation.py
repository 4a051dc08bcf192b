"""Y and T maze: whether an animal goes into the arm it was in least lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ethoflow.assays.places import inside
from ethoflow.assays.tables import MIN_VISIT, Animal, assay_table, share, windows_of
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.labels.counting import covered
from ethoflow.schema import Data
from ethoflow.units import Quantity


def spontaneous_alternation(
    poses: Data,
    *,
    arms: Sequence[str] = ("a", "b", "c"),
    bin: Quantity | None = None,
    min_visit: Quantity = MIN_VISIT,
) -> pd.DataFrame:
    """Entries of each arm, and spontaneous alternation; a row per animal and bin.

    Of the body's centre. Entries are visits of an arm whose frame before was seen outside it; the
    arm in which the recording begins was not entered. Every three entries one after another are a
    triad, and an alternation where they are of three arms; going back into the same arm is an
    entry. A triad in which a frame is unknown is none: an entry may have been missed there.
    Triads belong to the bin of their last entry.

    Parameters
    ----------
    poses
        With regions, as `ef.mark_regions` gives them.
    arms
        The regions of the three arms.
    bin, min_visit
        As for `open_field`.

    Returns
    -------
    DataFrame
        observed, entries (all), and for each arm entries and time (s); triads (entries less two,
        where all was seen), alternations, and alternation: their share of the triads, missing where
        there are none; same_arm_returns: entries of the arm that was entered last.

    Raises
    ------
    DataError
        There is no region of that name, or there are not three arms.

    Warns
    -----
    AssayNote
        Arms overlap, and an animal was in both at once.

    References
    ----------
    Hughes 2004, Neurosci. Biobehav. Rev. 28:497; Miedel et al. 2017, J. Vis. Exp. 55023.
    """
    names = list(arms)
    if len(names) != 3 or len(set(names)) != 3:
        raise DataError(f"a Y or T maze has three arms, found: {', '.join(names) or 'none'}.")
    labels = inside(poses, {f"arm_{i}": name for i, name in enumerate(names)})

    def measure(animal: Animal) -> Mapping[str, Array]:
        return _measure(animal, names)

    apart = {f"arm_{i}": name for i, name in enumerate(names)}
    return assay_table(labels, measure, windows_of(labels, bin), min_visit, apart)


def _measure(animal: Animal, names: Sequence[str]) -> Mapping[str, Array]:
    arms = [f"arm_{i}" for i in range(len(names))]
    starts, which = _entries(animal, arms)
    seen = animal.tracks[arms[0]].seen
    triads = _are_seen(seen, starts, 3)
    returns = _are_seen(seen, starts, 2) & (which[1:] == which[:-1])
    apart = (which[2:] != which[1:-1]) & (which[1:-1] != which[:-2]) & (which[2:] != which[:-2])

    def in_windows(at: Array) -> Array:
        start, stop = animal.windows.T
        return animal.known(arms[0], np.searchsorted(at, stop) - np.searchsorted(at, start))

    n_triads, n_apart = in_windows(starts[2:][triads]), in_windows(starts[2:][triads & apart])
    return {
        "observed": animal.observed(arms[0]),
        "entries": in_windows(starts),
        **{f"entries_{name}": animal.entries(arm) for name, arm in zip(names, arms, strict=True)},
        **{f"time_{name}": animal.time(arm) for name, arm in zip(names, arms, strict=True)},
        "triads": n_triads,
        "alternations": n_apart,
        "alternation": share(n_apart, n_triads),
        "same_arm_returns": in_windows(starts[1:][returns]),
    }


def _entries(animal: Animal, arms: Sequence[str]) -> tuple[Array, Array]:
    """First frames of all entries in order, and which arm each is of."""
    tracks = [animal.tracks[arm] for arm in arms]
    starts = np.concatenate([track.runs[track.begun, 0] for track in tracks])
    which = np.repeat(np.arange(len(arms)), [int(track.begun.sum()) for track in tracks])
    order = np.argsort(starts, kind="stable")
    return starts[order], which[order]


def _are_seen(seen: Array, starts: Array, n: int) -> Array:
    """Whether every frame from the first to the last of each `n` entries in a row is known."""
    first, last = starts[: max(len(starts) - n + 1, 0)], starts[n - 1 :]
    found: Array = covered(seen, last) - covered(seen, first) == last - first
    return found
