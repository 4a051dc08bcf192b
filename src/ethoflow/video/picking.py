"""Bouts that stand for a behaviour or a cluster: whole ones, spread over recordings, by a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ethoflow.errors import UnknownName, no_such
from ethoflow.labels.categories import name_category
from ethoflow.labels.runs import Track, follow_tracks, label_names
from ethoflow.schema import DataError


@dataclass(frozen=True)
class Bout:
    """One bout: its recording (row) and animals (places), and its frames in the labels."""

    recording: int
    individual: int | None
    partner: int | None
    start: int
    stop: int


@dataclass(frozen=True)
class Picked:
    """The bouts that were picked, of how many, and how many were left out as cut."""

    bouts: list[Bout]
    n_whole: int
    n_cut: int
    behaviour: str
    category: str

    @property
    def name(self) -> str:
        """The behaviour, or the cluster with what it is one of."""
        return name_category(self.behaviour, self.category)


def pick_bouts(
    labels: xr.Dataset, behaviour: str, category: str | None, n: int, seed: int
) -> Picked:
    """Bouts of a behaviour: from each recording in turn one, in an order that the seed gives.

    Bouts that touch an unknown frame or an end of the recording are not shown, as nobody knows how
    long they were.

    Raises
    ------
    DataError
        There is no such behaviour or category, or none of its bouts is whole.
    """
    tracks = follow_tracks(labels)
    behaviour, category = resolve(tracks, label_names(labels), behaviour, category)
    found: dict[int, list[Bout]] = {}
    n_cut = 0
    for track in tracks:
        if track.behaviour != behaviour or track.category != category:
            continue
        n_cut += int(track.cut.sum())
        for start, stop in track.runs[~track.cut].tolist():
            bout = Bout(track.recording, track.individual, track.partner, start, stop)
            found.setdefault(track.recording, []).append(bout)
    n_whole = sum(map(len, found.values()))
    name = name_category(behaviour, category)
    if not n_whole:
        cut = f"; {n_cut} are cut by unknown frames or an end of the recording" if n_cut else ""
        raise DataError(f"there is no whole bout of {name}{cut}: nothing to show.")
    rng = np.random.default_rng(seed)
    piles = [[found[row][i] for i in rng.permutation(len(found[row]))] for row in sorted(found)]
    order = [piles[i] for i in rng.permutation(len(piles))]
    rounds = range(max(map(len, order)))
    bouts = [pile[turn] for turn in rounds for pile in order if turn < len(pile)]
    return Picked(bouts[:n], n_whole, n_cut, behaviour, category)


def resolve(
    tracks: list[Track], names: list[str], behaviour: str, category: str | None
) -> tuple[str, str]:
    """The variable and the category that are meant; a category alone where one variable has it.

    Raises
    ------
    DataError
        There is none, or it is not said which.
    """
    if behaviour not in names:
        having = sorted({track.behaviour for track in tracks if track.category == behaviour})
        if category is None and len(having) == 1:
            return having[0], behaviour
        raise UnknownName(no_such("behaviour", behaviour, names))
    known = {track.category for track in tracks if track.behaviour == behaviour} - {""}
    if not known:
        if category is not None:
            raise DataError(
                f"{behaviour} is a label and has no categories: leave {category!r} out."
            )
        return behaviour, ""
    if category is None or str(category) not in known:
        ordered = sorted(known, key=lambda name: (len(name), name))
        raise UnknownName(
            f"{behaviour} has categories, one of which is shown: "
            f"{no_such('category', category, ordered)}"
        )
    return behaviour, str(category)
