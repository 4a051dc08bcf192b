"""Groups of a store: which there are, and opened as datasets."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.errors import did_you_mean, in_words, listed, near_file
from ethoflow.place import Place, Url, place
from ethoflow.schema import DataError
from ethoflow.store.arrays import StoredArray, refer
from ethoflow.store.documents import Document, dims_of, name_of
from ethoflow.store.files import PROGRESS, is_file, names_in, place_of
from ethoflow.store.frames import has_other_frames
from ethoflow.store.journal import journals_in
from ethoflow.store.metadata import find_other_metadata
from ethoflow.store.progress import groups_in_progress, progress_of
from ethoflow.store.reading import read_whole
from ethoflow.store.root import read_state
from ethoflow.store.state import FRAMES_OF, MADE_BY, State


class IncompleteGroup(UserWarning):
    """A group whose last write is under way or was interrupted: one sees the state before it."""


class StaleGroup(UserWarning):
    """A group made from numbers or metadata that have changed since, or of more recordings."""


def exists(path: str | Place, group: str = "") -> bool:
    """Whether there is a store at `path`, or a group in it."""
    state = read_state(path)
    return state is not None and (not group or group in state.nodes)


def check_place(path: str | Place) -> None:
    """Refuse a place that something else than a store has taken.

    Raises
    ------
    DataError
        A file is there, or a folder with other things in it.
    """
    where = place_of(path)
    if is_file(where):
        raise DataError(f"{path} is a file: choose another place for the Zarr store.")
    # A folder of ours without metadata is that of a first write which was interrupted.
    if not exists(path) and (found := names_in(where)) and PROGRESS not in found:
        raise DataError(
            f"{path} is a folder that holds other things than a Zarr store: choose another place, "
            f"such as {where / 'cohort.zarr'}."
        )


def has_data(path: str | Place, group: str) -> bool:
    """Whether a group exists and holds arrays."""
    state = read_state(path)
    return state is not None and bool(state.arrays(group))


def list_groups(path: str | Place) -> list[str]:
    """Names of the groups that hold data, in the order of the data's way.

    Raises
    ------
    DataError
        There is no store at `path`.
    """
    return _existing(path).groups()


def _existing(path: str | Place) -> State:
    state = read_state(path)
    if state is not None:
        return state
    begun = interrupted(path)
    if begun:
        raise DataError(
            f"{path}: its first write ({', '.join(begun)}) is under way or was interrupted: run "
            "the same command again to finish it."
        )
    raise DataError(f"no Zarr store at {path}. {_find_store(place(path))}")


def _find_store(path: Place) -> str:
    """What lies at a path, or near it, and how to come by a store."""
    if isinstance(path, Url):
        names = [name for name in names_in(path.parent) if name.endswith(".zarr")]
        there = f" {path.parent} holds {listed(names)}." if names else ""
        return f"`ethoflow ingest FILES --fps 25 --out {path}` makes one, as does ef.write.{there}"
    if path.is_file():
        return (
            f"It is a file: `ethoflow info {path}` says what is in it, and `ethoflow ingest {path} "
            "--out cohort.zarr` writes its tracks into a store."
        )
    inside = sorted(path.glob("*.zarr")) + sorted(path.glob("results/*.zarr"))
    if inside:
        return f"Did you mean {str(inside[0])!r}?"
    near = "" if path.exists() else near_file(path).lstrip()
    return near or "`ethoflow ingest FILES --fps 25 --out cohort.zarr` makes one, as does ef.write."


def interrupted(path: str | Place) -> list[str]:
    """Groups in which a write has begun and not ended."""
    return [name for name, folder in groups_in_progress(path).items() if journals_in(folder)]


def is_foreign(path: str | Place, group: str) -> bool:
    """Whether somebody else than ethoflow wrote a group: it has no record, and any form."""
    state = read_state(path)
    return state is not None and group not in state.records and bool(state.arrays(group))


def is_complete(path: str | Place, group: str) -> bool:
    """Whether a group exists and its last write went through."""
    return exists(path, group) and not journals_in(progress_of(str(place_of(path)), group))


def open_group(
    path: str | Place,
    group: str,
    as_array: Callable[[StoredArray, State], Any],
    *,
    warn: bool = True,
) -> xr.Dataset:
    """One group as a dataset: coordinates and small tables loaded, the rest as `as_array` gives it.

    Parameters
    ----------
    path, group
        The store, and the name of the group.
    as_array
        Makes an array of a variable that is stored in blocks.
    warn
        Whether to warn of what may be out of date (`IncompleteGroup`, `StaleGroup`).

    Raises
    ------
    DataError
        There is no such store or group, or what has to be loaded is damaged.
    """
    state = _existing(path)
    try:
        ds = _open(state, group, as_array)
    except DataError:
        again = _existing(path)  # it was replaced while it was being read
        if again.stamp(group) == state.stamp(group):
            raise
        ds = _open(again, group, as_array)
    if warn:
        _warn(state, group)
    return ds


def _open(state: State, group: str, as_array: Callable[[StoredArray, State], Any]) -> xr.Dataset:
    arrays = state.arrays(group)
    if not arrays:
        groups = state.groups()
        raise DataError(
            f"{state.path} has no group {group!r}; it has: {', '.join(groups) or 'none'}."
            f"{did_you_mean(group, groups)}"
        )
    # Who made it belongs to what is stored: attributes survive arithmetic, that must not.
    attributes = state.content_attributes(group)
    named = {str(attributes.pop("coordinates", ""))}
    named |= {str(d["attributes"].get("coordinates", "")) for d in arrays.values()}
    coords = {name for text in named for name in text.split()}
    stamp, small = state.stamp(group), state.known(group).small
    variables: dict[bool, dict[str, xr.Variable]] = {False: {}, True: {}}
    for name, document in sorted(arrays.items()):
        stored = refer(state.path, group, name, document, stamp, state.since)
        is_coord = name in coords or dims_of(document) == (name,)
        whole = is_coord or "time" not in dims_of(document)
        data = read_whole(stored, small) if whole else as_array(stored, state)
        variables[is_coord][name_of(name) if name in coords else name] = xr.Variable(
            _dims(document), data.copy() if whole else data, _attributes(document)
        )
    return xr.Dataset(variables[False], variables[True], attributes)


def _dims(document: Document) -> tuple[str, ...]:
    dims = dims_of(document)
    return dims or tuple(f"dim_{axis}" for axis in range(len(document["shape"])))


def _attributes(document: Document) -> dict[str, Any]:
    hidden = ("_FillValue", "coordinates")
    return {k: v for k, v in document["attributes"].items() if k not in hidden}


def _warn(state: State, group: str) -> None:
    if journals_in(progress_of(state.path, group)):
        warnings.warn(
            f"{state.path}: the last write of the group {group} is under way or was interrupted: "
            "this is the state before it. Run the same command again to finish it.",
            IncompleteGroup,
            stacklevel=5,
        )
    for said in _out_of_date(state, group):
        warnings.warn(
            f"{state.path}: {group} {said} again with the same command, or ef.write.",
            StaleGroup,
            stacklevel=5,
        )


def _out_of_date(state: State, group: str) -> Iterator[str]:
    """Why a group is no more what would be made now, up to the word that it is to be made."""
    stale = find_stale(state, group)
    if stale:
        said = "; ".join(f"{', '.join(names)} from {source}" for source, names in stale.items())
        yield f"was made from numbers that have changed since ({said}): make it"
    for source, names in find_lacking(state, group).items():
        yield (
            f"lacks recordings that {source}, which it was made from, has by now ({len(names)}: "
            f"{listed(names, 3)}): to have them, make it"
        )
    for source, names in find_other_metadata(state, group).items():
        yield (
            f"has other {in_words(names)} than {source}, and groups by these would be wrong in one "
            "of them: make it, and what it was made from,"
        )


def find_stale(state: State, group: str) -> dict[str, list[str]]:
    """Stored variables that have changed since others were made from them, and which these are."""
    found: dict[str, list[str]] = {}
    for name, sources in state.record(group).sources.items():
        for source, used in sources.items():
            if _has_changed(state, group, source, used, {f"{group}/{name}"}):
                found.setdefault(source, []).append(name)
    frames = state.group_attributes(group).get(FRAMES_OF)
    if frames is not None and has_other_frames(state, group, str(frames)):
        found[str(frames)] = [n for n, d in state.arrays(group).items() if _is_timed(n, d)]
    return found


def find_lacking(state: State, group: str) -> dict[str, list[str]]:
    """Recordings that a group lacks, and that one it was made from has, by that group.

    None where no stage made it: who wrote it may have chosen some.
    """
    own = state.record(group)
    found: dict[str, list[str]] = {}
    if MADE_BY not in state.group_attributes(group):
        return found
    for source in {one for sources in own.sources.values() for one in sources}:
        other, _, name = source.rpartition("/")
        if other != group and other in state.records and name in state.record(other).variables:
            there = {
                one for one, digest in digests_in(state, other, name).items() if int(digest, 16)
            }
            lacking = there - set(own.recordings)
            if len(lacking) > len(found.get(other, [])):
                found[other] = sorted(lacking)
    return dict(sorted(found.items()))


def _is_timed(name: str, document: Document) -> bool:
    return "time" in dims_of(document) and name != "time"


def digests_of(path: str | Place, place: str) -> dict[str, str]:
    """Digest of each recording of a stored variable, ``group/name``; none where it is not there."""
    state = read_state(path)
    group, _, name = place.rpartition("/")
    if state is None or group not in state.records or name not in state.record(group).variables:
        return {}
    return digests_in(state, group, name)


def digests_in(state: State, group: str, name: str) -> dict[str, str]:
    """Digest of each recording of a variable of a group."""
    record = state.record(group)
    digests = record.digests[record.variables.index(name)].tolist()
    return {one: f"{digest:016x}" for one, digest in zip(record.recordings, digests, strict=True)}


def _has_changed(
    state: State, group: str, source: str, used: np.ndarray[Any, Any], seen: set[str]
) -> bool:
    """Whether a stored variable is not what it was, or was made from one that is not.

    What is in `seen` is being looked at already: a variable may have been made from itself.
    """
    if source in seen:
        return False
    other, _, name = source.rpartition("/")
    if other not in state.records or name not in state.record(other).variables:
        return True
    recordings = state.record(group).recordings
    now = state.record(other).arrange([name], recordings, 1)[0][0]
    if bool(np.any((used != 0) & (used != now))):
        return True
    below = state.record(other).sources.get(name, {})
    return any(
        _has_changed(state, other, deeper, then, seen | {source}) for deeper, then in below.items()
    )
