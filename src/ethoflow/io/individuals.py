"""Which animals of a file are taken: by name, or by the prefix of their body parts' names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ethoflow.errors import did_you_mean
from ethoflow.io.stack import Tracks
from ethoflow.room import unseen
from ethoflow.schema import DataError


def choose_individuals(tracks: Tracks, individuals: Sequence[str]) -> Tracks:
    """`tracks` of the animals asked for, in the order asked for.

    A file that names its animals is searched by name. A file of one unnamed animal is split by
    prefix: ``B`` takes ``B_Nose`` as the nose of the animal B. Points of nobody asked for are left
    out; a point that one animal lacks is NaN there.

    Raises
    ------
    DataError
        An animal asked for is not in the file: the message lists those that are.

    Examples
    --------
    >>> import numpy as np
    >>> both = Tracks("r", np.zeros((1, 2, 2, 9), np.float32), None, ("B_Nose", "W_Nose"))
    >>> choose_individuals(both, ["W", "B"]).position.shape
    (2, 1, 2, 9)
    """
    wanted = [str(name) for name in individuals]
    if not wanted or "" in wanted or len(set(wanted)) < len(wanted):
        raise DataError(f"individuals must be different, non-empty names, found {wanted}.")
    if tracks.animals is not None:
        by_prefix = len(tracks.animals) == 1 and tracks.animals[0] not in wanted
        return _split(tracks, wanted) if by_prefix else _select(tracks, wanted)
    if tracks.position.shape[0] == 1:
        return _split(tracks, wanted)
    raise DataError(
        f"its {tracks.position.shape[0]} animals have no names, so {', '.join(wanted)} cannot be "
        "told apart: read it without individuals."
    )


def _select(tracks: Tracks, wanted: list[str]) -> Tracks:
    found = list(tracks.animals or ())
    missing = [name for name in wanted if name not in found]
    if missing:
        raise DataError(_not_found(missing, found, "animals"))
    repeated = [name for name in wanted if found.count(name) > 1]
    if repeated:
        raise DataError(f"several animals of the file are called {', '.join(repeated)}.")
    rows = [found.index(name) for name in wanted]
    return replace(
        tracks,
        position=tracks.position[rows],
        confidence=None if tracks.confidence is None else tracks.confidence[rows],
        animals=tuple(wanted),
    )


def _split(tracks: Tracks, wanted: list[str]) -> Tracks:
    place: dict[tuple[str, str], int] = {}
    for i, part in enumerate(tracks.bodyparts):
        owner = _owner(part, wanted)
        if owner:
            place[owner, part[len(owner) + 1 :]] = i
    missing = [name for name in wanted if name not in {owner for owner, _ in place}]
    if missing:
        prefixes = dict.fromkeys(p.split("_", 1)[0] for p in tracks.bodyparts if "_" in p)
        raise DataError(_not_found(missing, list(prefixes), "prefixes of body parts"))
    bodyparts = tuple(dict.fromkeys(part for _, part in place))
    _, _, n_space, n_frames = tracks.position.shape
    position = unseen((len(wanted), len(bodyparts), n_space, n_frames))
    confidence = unseen((len(wanted), len(bodyparts), n_frames))
    for (owner, part), i in place.items():
        at = wanted.index(owner), bodyparts.index(part)
        position[at] = tracks.position[0, i]
        if tracks.confidence is not None:
            confidence[at] = tracks.confidence[0, i]
    return replace(
        tracks,
        position=position,
        confidence=None if tracks.confidence is None else confidence,
        bodyparts=bodyparts,
        animals=tuple(wanted),
    )


def _owner(part: str, wanted: list[str]) -> str:
    """Whose `part` is: the longest prefix wins, so that m and m_1 do not collide."""
    owners = [name for name in wanted if part.startswith(f"{name}_") and len(part) > len(name) + 1]
    return max(owners, key=len, default="")


def _not_found(missing: list[str], found: list[str], what: str) -> str:
    message = (
        f"no individual {', '.join(map(repr, missing))}; {what} found: {', '.join(found) or 'none'}"
    )
    lower = {name.lower(): name for name in found}
    near = [lower[name.lower()] for name in missing if name.lower() in lower]
    if near:
        return f"{message}. Upper and lower case differ: write {near}."
    return f"{message}.{did_you_mean(missing[0], found)}"
