"""What tells the content of a group, or of one recording in it, from any other."""

from __future__ import annotations

from ethoflow.place import Place
from ethoflow.store.arrays import refer
from ethoflow.store.documents import Document, digest_of, dims_of
from ethoflow.store.reading import read_whole
from ethoflow.store.root import read_state
from ethoflow.store.state import State


def fingerprint(path: str | Place, group: str, recording: str | None = None) -> str:
    """Digest of everything stored in a group, attributes and metadata included.

    Who is on record for having made it does not count.

    Parameters
    ----------
    path, group
        The store, and the name of the group; one that is not there has the empty digest.
    recording
        One recording of the group: what others hold does not count.
    """
    state = read_state(path)
    if state is None or not state.arrays(group):
        return ""
    if recording is None:
        small = [_small(state, group, name, None) for name in _small_names(state, group)]
        return digest_of([state.content(group), small])
    record = state.record(group)
    if recording not in record.recordings:
        return ""
    row = record.recordings.index(recording)
    forms = {name: _form(document) for name, document in state.arrays(group).items()}
    digests = dict(zip(record.variables, record.digests[:, row].tolist(), strict=True))
    small = [_small(state, group, name, row) for name in _small_names(state, group)]
    return digest_of([state.content_attributes(group), forms, digests, small])


def _form(document: Document) -> list[object]:
    return [document["attributes"], document["data_type"], dims_of(document)]


def _small_names(state: State, group: str) -> list[str]:
    """Arrays that are stored whole and do not run along time."""
    made = set(state.record(group).variables)
    return [
        name
        for name, document in sorted(state.arrays(group).items())
        if name not in made and "time" not in dims_of(document)
    ]


def _small(state: State, group: str, name: str, row: int | None) -> object:
    document = state.arrays(group)[name]
    stored = refer(state.path, group, name, document, state.stamp(group))
    values = read_whole(stored, state.known(group).small)
    if row is not None and dims_of(document)[:1] == ("recording",):
        values = values[row]
    return repr(values.tolist() if hasattr(values, "tolist") else values)
