"""What a store holds at one moment, as its root document says, and the switch to what comes next.

The root document is read and replaced as a whole. A copy of it lies beside the records: where the
one is damaged the other serves, until the next write mends it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import PurePath
from typing import Any
from urllib.parse import quote, unquote

from ethoflow.place import Place
from ethoflow.schema import DataError
from ethoflow.store.documents import (
    Document,
    digest_of,
    group_document,
    to_bytes,
    with_members,
)
from ethoflow.store.files import (
    PROGRESS,
    is_file,
    is_local,
    names_in,
    objects_of,
    place_of,
    read_file,
    stamp_of,
    unlike,
    write_file,
)
from ethoflow.store.objects import Stamp
from ethoflow.store.record import Record, name_of

FORMAT = 2
OWN = "ethoflow"
"""Attribute of the root in which ethoflow keeps what it knows of the store, as text."""

METADATA = "zarr.json"

MADE_BY = "made_by"
"""Attribute of a group that says, as JSON, who made which of its variables."""


class DamagedStore(UserWarning):
    """Part of a store is damaged and was replaced by a copy, or will be by the next run."""


@dataclass(frozen=True)
class State:
    """A store as readers see it: documents of its nodes by path, records of its groups by name.

    `seen` is the stamp that the root document had when it was read, empty where there was none.
    """

    path: str
    nodes: Mapping[str, Document] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    seen: Stamp = field(default=(), repr=False, compare=False)
    _known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def since(self) -> int:
        """When the root document was written (ns); 0 where there was none."""
        return int(self.seen[1]) if len(self.seen) > 1 else 0  # type: ignore[call-overload]

    def arrays(self, group: str) -> dict[str, Document]:
        """Documents of the arrays of a group, by name."""
        start = f"{group}/"
        return {
            name[len(start) :]: document
            for name, document in self.nodes.items()
            if name.startswith(start)
            and "/" not in name[len(start) :]
            and document["node_type"] == "array"
        }

    def groups(self) -> list[str]:
        """Names of the groups that hold arrays, in the order of the data's way."""
        found = {
            name.rpartition("/")[0]
            for name, document in self.nodes.items()
            if document["node_type"] == "array" and "/" in name
        }
        order = {"tracks": 0, "poses": 1, "features": 2, "labels": 3}
        return sorted(found, key=lambda name: (order.get(name.split("/")[0], 9), name))

    def group_attributes(self, group: str) -> dict[str, Any]:
        """Attributes of a group."""
        return dict(self.nodes[group]["attributes"]) if group in self.nodes else {}

    def content_attributes(self, group: str) -> dict[str, Any]:
        """The same without who made it."""
        return {k: v for k, v in self.group_attributes(group).items() if k != MADE_BY}

    def stamp(self, group: str) -> str:
        """What tells this state of a group from others: its documents and its record."""
        if group not in self._known:
            own = {name: self.nodes[name] for name in self._below(group)}
            self._known[group] = digest_of([own, self.records.get(group, "")])
        return str(self._known[group])

    def content(self, group: str) -> str:
        """What tells what a group holds from anything else, whoever is on record for making it."""
        own = {name: self.nodes[name] for name in self._below(group)}
        own[group] = {**own[group], "attributes": self.content_attributes(group)}
        return str(digest_of([own, self.records.get(group, "")]))

    def record(self, group: str) -> Record:
        """What the blocks of a group were made from.

        Raises
        ------
        DataError
            The record is gone or damaged.
        """
        if group not in self.records:
            return Record.empty()
        return _read_record(str(record_path(self.path, group, self.records[group])), group)

    def known(self, group: str) -> Record:
        """The record of a group; an empty one where it is damaged, so that all is made anew."""
        try:
            return self.record(group)
        except DataError:
            return Record.empty()

    def replaced(
        self, group: str, documents: Mapping[str, Document], attributes: Document, record: str
    ) -> State:
        """The state with another content of one group."""
        nodes = {n: d for n, d in self.nodes.items() if n not in set(self._below(group))}
        parts = group.split("/")
        for depth in range(1, len(parts)):
            nodes.setdefault("/".join(parts[:depth]), group_document())
        nodes[group] = group_document(attributes)
        nodes |= {f"{group}/{name}": document for name, document in documents.items()}
        return State(self.path, nodes, {**self.records, group: record}, self.attributes)

    def beside(self, other: State) -> State:
        """The state with the attributes and groups of `other` that ethoflow did not write."""
        theirs = {
            name: document
            for name, document in other.nodes.items()
            if name not in self.nodes and name.rpartition("/")[0] not in self.records
        }
        return State(self.path, {**self.nodes, **theirs}, self.records, other.attributes)

    def without(self, group: str) -> State:
        """The state without one group."""
        gone = set(self._below(group))
        nodes = {name: document for name, document in self.nodes.items() if name not in gone}
        records = {name: record for name, record in self.records.items() if name != group}
        return State(self.path, nodes, records, self.attributes)

    def _below(self, group: str) -> list[str]:
        """The group and its arrays; not the groups inside it."""
        return [
            n for n in (group, *(f"{group}/{a}" for a in self.arrays(group))) if n in self.nodes
        ]

    def to_bytes(self) -> bytes:
        """The root document."""
        if "" not in self._known:
            self._known[""] = self._write()
        content: bytes = self._known[""]
        return content

    def _write(self) -> bytes:
        own = {"format": FORMAT, "records": dict(sorted(self.records.items()))}
        own["digest"] = digest_of([own, self._owned()])
        root = group_document({**self.attributes, OWN: json.dumps(own)})
        return to_bytes(with_members(root, self.nodes))

    def node_bytes(self, name: str) -> bytes:
        """The document of one node; that of a group holds all below it, as the root's does."""
        document, start = self.nodes[name], f"{name}/"
        if document["node_type"] == "array":
            return to_bytes(document)
        below = {n[len(start) :]: d for n, d in self.nodes.items() if n.startswith(start)}
        return to_bytes(with_members(document, below))

    def _owned(self) -> dict[str, Document]:
        """Documents of the groups that ethoflow wrote; others may come and go."""
        return {name: self.nodes.get(name, {}) for g in self.records for name in self._below(g)}


def record_path(path: str, group: str, name: str) -> Place:
    """File of a record."""
    return progress_of(path, group) / f"record-{name}.npz"


def progress_of(path: str, group: str) -> Place:
    """Folder of the records and journals of a group."""
    return place_of(path) / PROGRESS / quote(group, safe="")


def check_record(state: State, group: str) -> None:
    """Look at the file of a record again, if there is one.

    Raises
    ------
    DataError
        It is gone or damaged.
    """
    if group in state.records:
        _load_record(str(record_path(state.path, group, state.records[group])), group)


def groups_in_progress(path: str | Place) -> dict[str, Place]:
    """Folders of the records and journals of all groups, by the names of these."""
    folder = place_of(path) / PROGRESS
    return {unquote(name): folder / name for name in names_in(folder)}


@lru_cache(maxsize=16)
def _read_record(path: str, group: str) -> Record:
    # Records are named by their content, so a file that was read once stays as it is.
    return Record.from_bytes(_load_record(path, group))


def _load_record(path: str, group: str) -> bytes:
    content = read_file(path)
    if content is None or f"record-{name_of(content)}.npz" != PurePath(path).name:
        what = "is gone" if content is None else "is damaged"
        raise DataError(
            f"{path}, the record of how the group {group} came about, {what}. Run the command "
            f"again that makes all of {group} (such as ethoflow run): it is made anew."
        )
    return content


def read_state(path: str | Place) -> State | None:
    """The state of the store at `path`; None where there is none.

    Raises
    ------
    DataError
        The metadata are damaged, or those of another version of ethoflow.
    """
    place = place_of(path)
    seen = stamp_of(place / METADATA)
    if seen is None and not is_file(copy_path(str(place))):
        return None
    return replace(_read_state(str(place), seen), seen=seen or ())


@lru_cache(maxsize=8)
def _read_state(path: str, _seen: Stamp | None) -> State:
    content = read_file(place_of(path) / METADATA)
    try:
        state, digest = _parse(path, content)
        if _is_whole(state, digest) and (digest or not is_file(copy_path(path))):
            return state
        reason, found = "they are not what was written", state
    except DataError:
        raise
    except ValueError as error:
        reason, found = str(error), State(path)
    try:
        state, digest = _parse(path, read_file(copy_path(path)))
        if not (digest and _is_whole(state, digest)):
            raise ValueError("it is not what was written")
    except ValueError:
        raise DataError(
            f"{path}: its metadata (zarr.json) are damaged: {reason}, and there is no copy that "
            "is whole. Move the folder away and ingest the tracking files again."
        ) from None
    warnings.warn(
        f"{path}: its metadata (zarr.json) are damaged ({reason}): taken from their copy, and "
        "mended by the next run that writes.",
        DamagedStore,
        stacklevel=4,
    )
    return state.beside(found)


def is_same(place: Place, state: State) -> bool:
    """Whether a root document says what `state` does of the groups that ethoflow wrote."""
    try:
        found, digest = _parse(state.path, read_file(place))
    except ValueError:
        return False
    return bool(digest) and found.records == state.records and found._owned() == state._owned()


def copy_path(path: str) -> Place:
    """The copy of the root document."""
    return place_of(path) / PROGRESS / "state.json"


def _parse(path: str, content: bytes | None) -> tuple[State, str]:
    """The state in a root document, and the digest of what of it is ours; none where nothing is.

    Raises
    ------
    ValueError
        The document is gone, or cannot be read.
    DataError
        It is of another version.
    """
    if content is None:
        raise ValueError("the file is gone")
    try:
        root = json.loads(content)
        attributes = dict(root.get("attributes") or {})
        nodes = dict((root.get("consolidated_metadata") or {}).get("metadata") or {})
        own = dict(json.loads(attributes.pop(OWN))) if OWN in attributes else {}
        for document in nodes.values():
            document.pop("consolidated_metadata", None)
            if document["node_type"] not in ("array", "group"):
                raise ValueError("a node is neither an array nor a group")
        records, digest = dict(own.get("records", {})), str(own.get("digest", OWN if own else ""))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError("the file is cut or changed") from error
    _check_format(path, own, nodes)
    return State(path, nodes, records, attributes), digest


def _is_whole(state: State, digest: str) -> bool:
    """Whether what a root document says of our groups is what was written."""
    own = {"format": FORMAT, "records": dict(sorted(state.records.items()))}
    return not digest or digest_of([own, state._owned()]) == digest


def _check_format(path: str, own: Mapping[str, Any], nodes: Mapping[str, Document]) -> None:
    version = own.get("format", 1 if "progress" in nodes else FORMAT)
    if version == FORMAT:
        return
    newer = isinstance(version, int) and version > FORMAT
    way = (
        "Update ethoflow to open it."
        if newer
        else "Ingest the tracking files into a new store; plain xr.open_zarr still opens this one."
    )
    raise DataError(
        f"{path} is a store of format {version}, this ethoflow reads format {FORMAT}. {way}"
    )


def commit(state: State, before: State) -> None:
    """Make `state` what readers see, in place of `before`: one file is replaced.

    Raises
    ------
    DataError
        Among objects, where no lock of the system's own keeps others out: `before` is not what
        readers see.
    """
    root, content = place_of(state.path) / METADATA, state.to_bytes()
    if is_local(root):
        write_file(root, content)
        return
    objects = objects_of(root)
    if objects.replace(str(root), content, before.seen):
        return
    now = stamp_of(root)  # it may have been mended, or written by others to say the same
    if now and is_same(root, before) and objects.replace(str(root), content, now):
        return
    raise DataError(
        f"{state.path} was written by somebody else meanwhile, who took this writer for dead: what "
        "they wrote stays. Run this again to add to it."
    )


def publish(state: State, group: str) -> None:
    """Let the files of single nodes, and the copy of the root's, say what the root says.

    That of the group comes first: it tells whoever opens the group's own folder of all its arrays.
    """
    content = state.to_bytes()
    root = place_of(state.path)
    for place in (root / METADATA, copy_path(state.path)):
        if read_file(place) != content:
            write_file(place, content)
    own = {str(root / n / METADATA): state.node_bytes(n) for n in state._below(group)}
    for file in unlike(root / group, own):
        write_file(file, own[file])
    parts = group.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    for name in (parent for parent in above if parent in state.nodes):
        place, document = root / name / METADATA, state.node_bytes(name)
        if read_file(place) != document:
            write_file(place, document)
