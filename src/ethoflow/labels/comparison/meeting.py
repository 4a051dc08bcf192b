"""Two sources on the same frames: their labels met by behaviour, animal and clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ethoflow.errors import DataError, did_you_mean, listed
from ethoflow.io.scoring.labels import WATCHED_ALL
from ethoflow.labels.comparison.frames import Array
from ethoflow.labels.comparison.notes import Notes
from ethoflow.labels.comparison.reading import Reading, any_of
from ethoflow.labels.comparison.seats import lone, match, seats_of
from ethoflow.origin import clock_frame
from ethoflow.schema import first_frame, is_symmetric


class NothingShared(DataError):
    """Two sources speak of no behaviour of one name."""


@dataclass(frozen=True)
class Item:
    """What is compared: a label of both, a category of a variable, or all of its categories.

    `of_a` and `of_b` are the label of each, or the variable that has the `category`; `names` are
    all categories, where they are compared together.
    """

    behaviour: str
    category: str
    is_kind_a: bool
    is_kind_b: bool
    of_a: str
    of_b: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Track:
    """States of one item of one animal or pair in both sources, over the same frames."""

    recording: str
    individual: str
    partner: str
    x: Array
    y: Array


def items_of(
    a: Reading, b: Reading, behaviours: Sequence[str] | None
) -> tuple[list[Item], list[str]]:
    """What two sources both speak of, and what only one of them does.

    Raises
    ------
    NothingShared
        Nothing.
    DataError
        Not what was asked for.
    """
    of_kind = [
        (kind, name) for kind, (_, m) in a.kinds.items() for name in dict.fromkeys(m.values())
    ]
    of_kind_b = [
        (kind, name) for kind, (_, m) in b.kinds.items() for name in dict.fromkeys(m.values())
    ]
    items = [Item(n, "", False, False, n, n) for n in a.flags if n in b.flags]
    for kind in (kind for kind in a.kinds if kind in b.kinds):
        both = [*a.kinds[kind][1].values(), *b.kinds[kind][1].values()]
        names = tuple(dict.fromkeys(both))
        items.append(Item(kind, "", True, True, kind, kind, names))
        items += [Item(kind, name, True, True, kind, kind) for name in names]
    items += [Item(n, n, True, False, kind, n) for kind, n in of_kind if n in b.flags]
    items += [Item(n, n, False, True, n, kind) for kind, n in of_kind_b if n in a.flags]
    met = {one.of_a for one in items} | {one.behaviour for one in items}
    met_b = {one.of_b for one in items} | {one.behaviour for one in items}
    if behaviours is not None:
        known = {one.behaviour for one in items}
        for name in behaviours:
            if name not in known:
                raise DataError(_not_in_both(name, a, b))
        return [one for one in items if one.behaviour in behaviours], []
    if not items:
        old, new = b.names()[0], a.names()[0]
        raise NothingShared(
            f"{a.source.name} and {b.source.name} have no behaviour in common: the one has "
            f"{listed(a.names(), 12)}, the other {listed(b.names(), 12)}. Say which is which, as "
            f"in rename={{{old!r}: {new!r}}} (--rename {old}={new})."
        )
    alone = [
        f"{one.source.name} alone has {listed(lost, 12)}{_near(lost, other)}"
        for one, other, seen in ((a, b, met), (b, a, met_b))
        if (lost := [name for name in one.names() if name not in seen])
    ]
    return items, alone


def _near(names: Sequence[str], other: Reading) -> str:
    """Which name of the other source may be meant by one that it lacks."""
    asked = next((s for n in names if (s := did_you_mean(n, other.names()))), "")
    return f" ({asked.strip()} Then give rename.)" if asked else ""


def _not_in_both(name: str, a: Reading, b: Reading) -> str:
    lacking = [one for one in (a, b) if name not in one.names()]
    who = " and ".join(one.source.name for one in lacking) or "one of them"
    known = lacking[0].names() if lacking else []
    return f"{who} has no {name!r}; it has {listed(known, 12)}.{did_you_mean(name, known)}"


def meet(
    a: Reading,
    b: Reading,
    recordings: tuple[str, str],
    items: Sequence[Item],
    *,
    late: int,
    individuals: Mapping[str, str],
    together: bool,
    notes: Notes,
) -> Iterator[tuple[Item, list[Track]]]:
    """Tracks of every item in one recording, which may be called otherwise in the two.

    Parameters
    ----------
    late
        Frames by which b is late on the clock of a.
    individuals
        New names of animals.
    together
        Whether to compare what any animal does.
    notes
        Gets what is to be said.

    Raises
    ------
    DataError
        Animals do not fit.
    """
    here = [one.source.load(name) for one, name in zip((a, b), recordings, strict=True)]
    names = a.source.name, b.source.name
    start = clock_frame(here[0]), clock_frame(here[1]) - late
    watched = tuple(_is_watched_on(ds) for ds in here)
    seats = [seats_of(ds, individuals) for ds in here]
    if not together and all("individual" in ds.dims for ds in here):
        slots = match(seats[0], seats[1], names, recordings[0])
        if lost := lone(seats[0], seats[1], slots):
            said = f"{recordings[0]}: only one of them has {listed(lost)}, who is left out."
            notes.add("alone", f"{recordings[0]} ({listed(lost)}; {' and '.join(names)})", said)
    else:
        slots = []
    ends = [begin + ds.sizes["time"] for begin, ds in zip(start, here, strict=True)]
    for name, end, is_on in zip(names, ends, watched, strict=True):
        if is_on and not all(watched) and end < max(ends):
            notes.add(
                "watched",
                name,
                f"{name} does not say how long was watched: after its last bout all is taken as "
                "absent. Read it on the frames of the tracks (like=) where that is wrong.",
            )
    if all(watched):
        notes.add(
            "neither watched",
            " and ".join(names),
            f"neither {names[0]} nor {names[1]} says how long was watched: recordings are taken to "
            "end with the last bout of either, so frames after it do not count. Read both on the "
            "frames of the tracks (like=).",
        )
    for item in items:
        x = _state(a, here[0], item, item.of_a, item.is_kind_a)
        y = _state(b, here[1], item, item.of_b, item.is_kind_b)
        if x is None or y is None:
            yield item, []
            continue
        once = is_symmetric(x) and is_symmetric(y)
        tracks = []
        if together:
            found = [("", "", _any(x, seats[0].slots, item), _any(y, seats[1].slots, item))]
        else:
            found = list(_places(x, y, slots, item, names, once, notes))
        for individual, partner, one, other in found:
            one, other = _on_one_clock(one, other, start, () if item.names else watched)
            tracks.append(Track(recordings[0], individual, partner, one, other))
        yield item, tracks


def _state(
    reading: Reading, ds: xr.Dataset, item: Item, of: str, is_kind: bool
) -> xr.DataArray | None:
    if item.names:
        codes = reading.codes(ds, of, list(item.names))
        return None if codes is None else codes.where(codes >= 0, -1)
    return reading.category(ds, of, item.category) if is_kind else reading.flag(ds, of)


def _places(
    x: xr.DataArray,
    y: xr.DataArray,
    slots: Sequence[tuple[int, int, str]],
    item: Item,
    names: tuple[str, str],
    once: bool,
    notes: Notes,
) -> Iterator[tuple[str, str, Array, Array]]:
    """Animals or pairs, and the states of each in both."""
    if ("individual" in x.dims) != ("individual" in y.dims):
        group = names["individual" in x.dims]
        raise DataError(
            f"{item.behaviour} is of all animals together in {group}, and of each in the other: "
            "compare what any of them does, with animals='any' (--animals any), or leave it out "
            "with behaviours=[...]."
        )
    if "individual" not in x.dims:
        yield "", "", x.values, y.values
        return
    pairs = "partner" in x.dims, "partner" in y.dims
    if not any(pairs):
        for i, j, name in slots:
            yield name, "", _take(x, i), _take(y, j)
    elif all(pairs):
        for p, (i, j, name) in enumerate(slots):
            for q, (other_i, other_j, partner) in enumerate(slots):
                if p != q and not (once and q < p):
                    yield name, partner, _take(x, i, other_i), _take(y, j, other_j)
    else:
        having = names[pairs.index(True)]
        notes.add(
            "pairs",
            f"{item.behaviour} ({having})",
            f"{item.behaviour} is of pairs in {having} alone: it is compared as that of each "
            "animal, with any partner.",
        )
        for i, j, name in slots:
            of_x = _with_any(x, i, [s for s, _, _ in slots]) if pairs[0] else _take(x, i)
            of_y = _with_any(y, j, [s for _, s, _ in slots]) if pairs[1] else _take(y, j)
            yield name, "", of_x, of_y


def _take(state: xr.DataArray, individual: int, partner: int | None = None) -> Array:
    at = (
        {"individual": individual}
        if partner is None
        else {"individual": individual, "partner": partner}
    )
    found: Array = state.isel(at).values
    return found


def _with_any(state: xr.DataArray, individual: int, slots: Sequence[int]) -> Array:
    """What an animal does with any other of the recording."""
    others = [slot for slot in slots if slot != individual]
    if not others:
        raise DataError("a behaviour of pairs needs two animals, and the sources share one.")
    return any_of(state.isel(individual=individual, partner=others), ("partner",)).values


def _any(state: xr.DataArray, seated: Sequence[int], item: Item) -> Array:
    """What any animal of a recording does, alone or with any other."""
    if item.names:
        raise DataError(
            f"{item.behaviour} has categories, of which one animal has one at a time: "
            "animals='any' is for labels. Name those to compare with behaviours=[...]."
        )
    if "individual" not in state.dims:
        return state.values
    slots = list(seated)
    if "partner" not in state.dims:
        return any_of(state.isel(individual=slots), ("individual",)).values
    pairs = [(i, j) for i in slots for j in slots if i != j and j < state.sizes["partner"]]
    told = [state.isel(individual=i, partner=j, drop=True) for i, j in pairs]
    if not told:
        return np.full(state.sizes["time"], -1, np.int8)
    return any_of(xr.concat(told, "pair", coords="minimal", compat="override"), ("pair",)).values


def _is_watched_on(ds: xr.Dataset) -> bool:
    """Whether labels that end with their last bout are absent after it; a slice may end before."""
    return WATCHED_ALL.items() <= ds.attrs.items() and (
        first_frame(ds) + ds.sizes["time"] == int(ds.n_frames)
    )


def _on_one_clock(
    x: Array, y: Array, start: tuple[int, int], watched: tuple[bool, ...]
) -> tuple[Array, Array]:
    """Both over all frames that either has; where one has none it is unknown, or absent."""
    first = min(start)
    last = max(start[0] + len(x), start[1] + len(y))
    found = []
    for place, (state, begin) in enumerate(zip((x, y), start, strict=True)):
        whole = np.full(last - first, -1, state.dtype)
        end = begin - first + len(state)
        whole[begin - first : end] = state
        if place < len(watched) and watched[place] and state[-1:] >= 0:
            whole[end:] = 0
        found.append(whole)
    return found[0], found[1]
