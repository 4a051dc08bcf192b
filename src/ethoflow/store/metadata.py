"""Whether metadata of recordings and animals are the same in a group and those it is made of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ethoflow.store.damage import DamagedChunk
from ethoflow.store.documents import dims_of, name_of
from ethoflow.store.frames import read_small, recordings_of
from ethoflow.store.state import FRAMES_OF, State

OWN = ("recording", "digest", "source_file", "n_frames", "origin")
"""Coordinates of recordings that are no metadata, or that other digests stand for."""
TRACKS, LABELS = "tracks", "labels/"
OF = (("recording",), ("recording", "individual"))


def find_other_metadata(state: State, group: str) -> dict[str, list[str]]:
    """Names of metadata that differ, by the group that has other values than `group`.

    Looked at are all groups that `group` was made from, on the way back to the tracks, in the
    recordings and animals that both have; the tracks for labels that somebody wrote, where nothing
    says what they were made from. What one of them lacks differs in nothing.
    """
    found, named = {}, set[str]()
    for other in _behind(state, group):
        names: list[str] = []
        with contextlib.suppress(DamagedChunk):  # said where that group is read, or verified
            names = [name for name in _differing(state, group, other) if name not in named]
        if names:
            found[other] = names
            named |= set(names)
    return found


def _behind(state: State, group: str) -> Iterator[str]:
    """Groups that one was made from, the farthest first: it is the one that is written by hand."""
    order, left = [group], [group]
    for one in left:
        places = {p for sources in state.record(one).sources.values() for p in sources}
        others = {place.rpartition("/")[0] for place in places}
        others.add(str(state.group_attributes(one).get(FRAMES_OF, "")))
        for other in sorted(others - set(order)):
            if state.arrays(other):
                order.append(other)
                left.append(other)
    if len(order) == 1 and group.startswith(LABELS) and state.arrays(TRACKS):
        order.append(TRACKS)
    return reversed(order[1:])


def _differing(state: State, group: str, other: str) -> list[str]:
    ours, theirs = _metadata(state, group), _metadata(state, other)
    return sorted(
        name
        for name in ours.keys() & theirs.keys()
        if any(ours[name][at] != theirs[name][at] for at in ours[name].keys() & theirs[name].keys())
    )


def _metadata(state: State, group: str) -> dict[str, dict[tuple[str, ...], str]]:
    """Values as text by name, and by recording (and animal)."""
    arrays = state.arrays(group)
    names = recordings_of(state, group)
    slots = (
        [str(n) for n in read_small(state, group, "individual")] if "individual" in arrays else []
    )
    found: dict[str, dict[tuple[str, ...], str]] = {}
    for name in _coordinates(state, group):
        dims = dims_of(arrays[name]) if name in arrays else ()
        if dims not in OF or name in OWN:
            continue
        values: Any = read_small(state, group, name).tolist()
        if dims == OF[0]:
            found[name] = {(one,): _text(value) for one, value in zip(names, values, strict=True)}
        else:
            found[name] = {
                (one, slot): _text(value)
                for one, row in zip(names, values, strict=True)
                for slot, value in zip(slots, row, strict=True)
            }
    return {name_of(name): one for name, one in found.items()}


def _text(value: object) -> str:
    """A value as text; a whole number is the same with a point and without."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(float(value)) if number else str(value)  # type: ignore[arg-type]


def _coordinates(state: State, group: str) -> set[str]:
    """Names under which a group keeps coordinates."""
    named = [str(state.group_attributes(group).get("coordinates", ""))]
    named += [str(d["attributes"].get("coordinates", "")) for d in state.arrays(group).values()]
    return {name for text in named for name in text.split()}
