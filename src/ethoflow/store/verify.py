"""Whether a store is what was written: metadata, records, and the checksum of every chunk."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ethoflow.errors import in_words, listed
from ethoflow.place import Place
from ethoflow.schema import DataError
from ethoflow.store.arrays import chunk_path, index_of
from ethoflow.store.checksums import holds
from ethoflow.store.damage import Cell, note_damage
from ethoflow.store.documents import Document, chunks_of
from ethoflow.store.files import is_file, place_of, read_file
from ethoflow.store.groups import find_lacking, find_stale, interrupted, list_groups
from ethoflow.store.metadata import find_other_metadata
from ethoflow.store.progress import copy_path
from ethoflow.store.record import Record
from ethoflow.store.root import is_same, read_state
from ethoflow.store.state import METADATA, State, check_record


@dataclass(frozen=True)
class Fault:
    """Something of a store that is not as it was written; `place` for chunks of variables."""

    what: str
    place: Cell | None = None

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True)
class Verified:
    """What was looked at, the faults, and what is out of date without being damaged."""

    n_chunks: int
    faults: tuple[Fault, ...]
    stale: tuple[str, ...]


def verify(path: str | Place, progress: Callable[[int, int], None] | None = None) -> Verified:
    """Look at every file of a store; damaged chunks are noted, and the next run mends them.

    Raises
    ------
    DataError
        There is no store, or its metadata cannot be read at all.
    """
    list_groups(path)
    state = read_state(path)
    assert state is not None
    faults = list(_check_metadata(state))
    stale = [
        f"{group}: a write of it is under way or was interrupted" for group in interrupted(path)
    ]
    chunks: list[tuple[Fault, str]] = []
    for group in state.groups():
        try:
            check_record(state, group)
            record = state.record(group)
        except DataError as error:
            faults.append(Fault(str(error)))
            record = Record.empty()
        with contextlib.suppress(DataError):  # what cannot be read is damaged, which is said below
            stale += _list_stale(state, group)
        faults += list(_check_recorded(state, group, record))
        chunks += list(list_chunks(state, group, record))
    faults += list(_check_chunks(chunks, progress))
    with contextlib.suppress(OSError):  # a store that may only be read can be looked at as well
        note_damage(str(path), [fault.place for fault in faults if fault.place is not None])
    return Verified(len(chunks), tuple(faults), tuple(stale))


def _list_stale(state: State, group: str) -> list[str]:
    changed = [
        f"{group} {name}: made from {source}, which has changed since"
        for source, names in find_stale(state, group).items()
        for name in names
    ]
    lacking = [
        f"{group}: lacks {listed(names, 3)}, which {source} has by now"
        for source, names in find_lacking(state, group).items()
    ]
    other = [
        f"{group}: has other {in_words(names)} than {source}"
        for source, names in find_other_metadata(state, group).items()
    ]
    return [*changed, *lacking, *other]


def _check_recorded(state: State, group: str, record: Record) -> Iterator[Fault]:
    """Variables that were written and are no arrays of the group any more."""
    for name in sorted({*record.variables} - {*state.arrays(group)}):
        what = "a group lies there" if state.is_group(f"{group}/{name}") else "it is not there"
        yield Fault(f"{group} {name} was written, and now {what}: make {group} again")


def _check_chunks(
    chunks: list[tuple[Fault, str]], progress: Callable[[int, int], None] | None
) -> Iterator[Fault]:
    """Chunks that are not there, or whose checksum does not hold."""
    for number, (fault, file) in enumerate(chunks, 1):
        what = "is gone" if not is_file(file) else "" if holds(file) else "is cut or changed"
        if what:
            yield Fault(f"{fault.what} {what}", fault.place)
        if progress is not None:
            progress(number, len(chunks))


def _check_metadata(state: State) -> Iterator[Fault]:
    """Files of the metadata that do not say what the store's state says."""
    root = place_of(state.path)
    for place in (root / METADATA, copy_path(state.path)):
        if not is_same(place, state):
            yield Fault(f"{str(place)[len(str(root)) + 1 :]} (metadata) is gone, cut or changed")
    ours = {group.partition("/")[0] for group in state.records}
    for name in state.nodes:
        mine = name.partition("/")[0] in ours
        if mine and _content(root / name / METADATA) != json.loads(state.node_bytes(name)):
            yield Fault(f"{name}/{METADATA} (metadata) is gone, cut or changed")


def _content(place: Place) -> object:
    """What a file of metadata says; None where it says nothing."""
    try:
        return json.loads(read_file(place) or b"null")
    except ValueError:
        return None


def list_chunks(state: State, group: str, record: Record) -> Iterator[tuple[Fault, str]]:
    """Every chunk there must be: what to say of it if it is not, and its file."""
    for name, document in state.arrays(group).items():
        in_blocks = name in record.variables and bool(
            record.sizes[record.variables.index(name)].any()
        )
        if in_blocks:
            place = record.variables.index(name)
            for row, block in np.argwhere(record.sizes[place]).tolist():
                what = f"{group} {name}, recording {record.recordings[row]}, block {block}"
                at = index_of(document, row, block)
                fault = Fault(what, (group, name, row, block))
                yield fault, chunk_path(state.path, group, name, document, at)
        elif group in state.records:
            for index in _indices(document):
                fault = Fault(f"{group} {name}, the values of all recordings")
                yield fault, chunk_path(state.path, group, name, document, index)


def _indices(document: Document) -> Iterator[tuple[int, ...]]:
    shape, chunks = document["shape"], chunks_of(document)
    return itertools.product(*(range(-(-n // c)) for n, c in zip(shape, chunks, strict=True)))
