"""Suspected swaps of identities, over whole recordings, with their evidence."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.cleaning.scores import choose_min_confidence
from ethoflow.engine.declare import Array
from ethoflow.errors import listed
from ethoflow.geometry.own_frame import check_room
from ethoflow.identities.deciding import Decision, decide
from ethoflow.identities.exchanges import Exchange, circles_of, hold
from ethoflow.identities.jumps import learn_tail
from ethoflow.identities.links import learn_usual
from ethoflow.identities.made_of import made_of
from ethoflow.identities.moments import find_moments
from ethoflow.identities.parts import Episode, Event, find_episodes, find_events, without_parts
from ethoflow.identities.proportions import take_lengths
from ethoflow.identities.table import APPLIED, DETECTED, PARTS, TRACKS, UNDECIDED, tabulate
from ethoflow.identities.tracks import Tracks, make_tracks
from ethoflow.schema import Data, as_dataset, count_frames, first_frame

SURE = 5.0
"""Odds, in natural logarithms, from which on a swap is repaired."""

DOUBTFUL = 3.0
"""Odds against a swap below which it is shown as undecided."""

FEWEST = 50
"""Frames in which an animal is seen without which it is not looked at."""

MOST_NAMES = 3
EVIDENCE = ("odds", "motion", "heading", "proportions")


class NotLookedAt(UserWarning):
    """Animals that are seen too rarely to tell whether they were swapped."""


def find_swaps(data: Data) -> pd.DataFrame:
    """Moments at which identities were probably swapped, and how long each swap lasted.

    Over the whole recording, every animal's way is held against its motion and heading before and
    after, and what is in each slot against each animal's own proportions. A swap that is clear is
    ``accepted``: `swap_identities` repairs it. One that is not is ``undecided`` and stays for you
    to look at. Identities are those of the first frame.

    Parameters
    ----------
    data
        Tracks of two animals or more, in any unit, before smoothing or filling.

    Returns
    -------
    pandas.DataFrame
        A row for each swap: `recording`; `start` and `stop`, s of the recording's own clock, and
        `start_frame` and `stop_frame` (exclusive); `a`, `b`, ...; `status`; `source`; the
        evidence in natural logarithms of odds for the swap: `odds` in all, and the shares of
        `motion`, `heading` and `proportions`; `unseen`: s for which an animal was not seen there;
        `bodyparts`: where only some change places, which is never repaired; `tracks`: by which
        `swap_identities` sees that it is given the same ones.

    Warns
    -----
    NotLookedAt
        Animals are seen in fewer than 50 frames of a recording.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> tracks = simulate.simulate_cohort(1, duration="20 s", seed=1).tracks
    >>> len(find_swaps(tracks))
    0
    """
    ds = as_dataset(data, needs=["position"])
    check_room(ds, "find_swaps")
    found, rare = {}, []
    counts, first = count_frames(ds), first_frame(ds)
    for row, count in enumerate(counts.tolist()):
        one = ds.isel(recording=row) if "recording" in ds.dims else ds
        one = one.isel(time=slice(count))
        tracks = make_tracks(_believed(one), float(ds.fps))
        found[row] = list(_find(one, tracks, first))
        rare += [f"{_name(ds, row)}{animal}" for animal in _rarely_seen(one, tracks)]
    if rare and ds.sizes["individual"] > 1:
        warnings.warn(
            f"{listed(rare, MOST_NAMES)}: seen in fewer than {FEWEST} frames, and not looked at "
            "for swaps.",
            NotLookedAt,
            stacklevel=2,
        )
    return tabulate(found, ds)


def _name(ds: xr.Dataset, row: int) -> str:
    """A recording as it stands before what is said of it."""
    return f"{np.atleast_1d(ds.recording.values)[row]}: " if "recording" in ds.dims else ""


def _rarely_seen(ds: xr.Dataset, tracks: Tracks) -> list[str]:
    """Slots of one recording that are seen, and too rarely to be looked at."""
    counts = tracks.seen.sum(axis=1).tolist()
    slots = map(str, ds.individual.values)
    return [f"{slot} ({n} frames)" for slot, n in zip(slots, counts, strict=True) if 0 < n < FEWEST]


def _find(
    ds: xr.Dataset, tracks: Tracks, first: int
) -> Iterator[tuple[Exchange, Mapping[str, Any]]]:
    """Swaps of one recording, by slots of the dataset."""
    n_frames, fps = tracks.position.shape[1], float(ds.fps)
    there = np.flatnonzero(tracks.seen.sum(axis=1) >= FEWEST)
    if there.size < 2:
        return
    tracks = tracks.only(there)
    events = find_events(tracks, fps)
    decisions = decide_all(tracks, events, fps)
    whole = exchanges_from(decisions, len(there), n_frames)
    names = [str(name) for name in ds.bodypart.values]
    some = [_of_parts(one, names) for one in find_episodes(events, fps, n_frames)]
    for exchange, known in sorted([*whole, *some], key=lambda one: one[0]):
        seats = tuple(int(there[seat]) for seat in exchange.seats)
        shifted = Exchange(exchange.start + first, exchange.stop + first, seats)
        yield shifted, {**known, TRACKS: made_of(ds, shifted.start)}


def _believed(ds: xr.Dataset) -> Array:
    """Positions, without those that the tracker does not believe in."""
    position = np.asarray(ds.position.transpose("individual", "bodypart", "space", "time").values)
    least = choose_min_confidence(ds, "auto") if "confidence" in ds else None
    if least is None:
        return position
    confidence = ds.confidence.transpose("individual", "bodypart", "time").values
    return np.where((confidence < least)[:, :, np.newaxis], np.float32(np.nan), position)


def decide_all(tracks: Tracks, events: Sequence[Event], fps: float) -> list[Decision]:
    """What happened at every moment of doubt."""
    moments = find_moments(tracks, learn_tail(tracks, learn_usual(tracks, fps)), fps)
    whole = without_parts(moments, events)
    return decide(whole, take_lengths(tracks, fps), len(tracks.position))


def _of_parts(episode: Episode, names: Sequence[str]) -> tuple[Exchange, dict[str, Any]]:
    """An exchange of body parts, which is never repaired: only whole animals are."""
    parts = " ".join(names[part] for part in episode.parts)
    evidence = dict.fromkeys(EVIDENCE, np.nan)
    known = {"status": UNDECIDED, "source": DETECTED, **evidence, "unseen": 0.0, PARTS: parts}
    return Exchange(episode.start, episode.stop, episode.animals), known


def exchanges_from(
    decisions: Sequence[Decision], n_animals: int, stop: int
) -> list[tuple[Exchange, dict[str, Any]]]:
    """Decisions as exchanges: one that takes back another ends it."""
    none = tuple(range(n_animals))
    running: list[tuple[Exchange, dict[str, Any]]] = []
    done: list[tuple[Exchange, dict[str, Any]]] = []
    for decision in sorted(decisions, key=lambda d: d.moment.frame):
        is_none = decision.option == none
        if is_none and decision.odds >= DOUBTFUL:
            continue
        sure = not is_none and decision.odds >= SURE
        option = decision.other if is_none else decision.option
        known: dict[str, Any] = {"status": APPLIED if sure else UNDECIDED, "source": DETECTED}
        known |= _evidence(decision, option)
        frame = decision.moment.frame
        for circle in circles_of(np.asarray(option)):
            back = set(circles_of(np.argsort(hold(circle, n_animals))))
            ended = [k for k, (one, _) in enumerate(running) if sure and one.seats in back]
            if ended:
                exchange, before = running.pop(ended[-1])
                done.append((exchange._replace(stop=frame), before))
            elif sure:
                running.append((Exchange(frame, stop, circle), known))
            else:
                done.append((Exchange(frame, stop, circle), known))
    found = [one for one in [*done, *running] if one[0].start < one[0].stop]
    return sorted(found, key=lambda one: one[0])


def _evidence(decision: Decision, option: tuple[int, ...]) -> dict[str, Any]:
    """What speaks for the exchange, and for how long nobody of it was seen, s."""
    parts = {name: getattr(decision, name) for name in EVIDENCE[1:]}
    unseen = decision.moment.lost(option) / decision.moment.fps
    rounded = {name: round(value, 2) for name, value in parts.items()}
    return {"odds": round(sum(parts.values()), 2), **rounded, "unseen": unseen, PARTS: ""}
