"""What a store holds at one moment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ethoflow.schema import DataError
from ethoflow.store.documents import Document, digest_of, group_document, to_bytes, with_members
from ethoflow.store.objects import Stamp
from ethoflow.store.progress import load_record, read_record, record_path
from ethoflow.store.record import Record

FORMAT = 2
OWN = "ethoflow"
"""Attribute of the root in which ethoflow keeps what it knows of the store, as text."""

METADATA = "zarr.json"

MADE_BY = "made_by"
"""Attribute of a group that says, as JSON, who made which of its variables."""

FRAMES_OF = "frames_of"
"""Attribute of a group that names the one on whose frames and animals its numbers were put."""


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

    def is_array(self, place: str) -> bool:
        """Whether an array lies at a path."""
        return place in self.nodes and self.nodes[place]["node_type"] == "array"

    def is_group(self, place: str) -> bool:
        """Whether a group lies at a path, or something inside it."""
        if place in self.nodes:
            return not self.is_array(place)
        return any(name.startswith(f"{place}/") for name in self.nodes)

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
        """The same without who made it, and on which frames."""
        own = (MADE_BY, FRAMES_OF)
        return {k: v for k, v in self.group_attributes(group).items() if k not in own}

    def stamp(self, group: str) -> str:
        """What tells this state of a group from others: its documents and its record."""
        if group not in self._known:
            own = {name: self.nodes[name] for name in self.below(group)}
            self._known[group] = digest_of([own, self.records.get(group, "")])
        return str(self._known[group])

    def content(self, group: str) -> str:
        """What tells what a group holds from anything else, whoever is on record for making it."""
        own = {name: self.nodes[name] for name in self.below(group)}
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
        return read_record(str(record_path(self.path, group, self.records[group])), group)

    def known(self, group: str) -> Record:
        """The record of a group; empty where it is damaged, so that all is made anew."""
        try:
            return self.record(group)
        except DataError:
            return Record.empty()

    def replaced(
        self, group: str, documents: Mapping[str, Document], attributes: Document, record: str
    ) -> State:
        """The state with another content of one group."""
        nodes = {n: d for n, d in self.nodes.items() if n not in set(self.below(group))}
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
        """The state without one group; what lies inside it stays."""
        gone = set() if self.is_array(group) else set(self.below(group))
        nodes = {name: document for name, document in self.nodes.items() if name not in gone}
        if any(name.startswith(f"{group}/") for name in nodes) and group in gone:
            nodes[group] = group_document()
        records = {name: record for name, record in self.records.items() if name != group}
        return State(self.path, nodes, records, self.attributes)

    def below(self, group: str) -> list[str]:
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
        own = {**self._own(), "digest": self.digest()}
        root = group_document({**self.attributes, OWN: json.dumps(own)})
        return to_bytes(with_members(root, self.nodes))

    def node_bytes(self, name: str) -> bytes:
        """The document of one node; that of a group holds all below it, as the root's does."""
        document, start = self.nodes[name], f"{name}/"
        if document["node_type"] == "array":
            return to_bytes(document)
        below = {n[len(start) :]: d for n, d in self.nodes.items() if n.startswith(start)}
        return to_bytes(with_members(document, below))

    def digest(self) -> str:
        """Digest of what the root document says of the groups that ethoflow wrote."""
        return digest_of([self._own(), self.owned()])

    def owned(self) -> dict[str, Document]:
        """Documents of the groups that ethoflow wrote; others may come and go."""
        return {name: self.nodes.get(name, {}) for g in self.records for name in self.below(g)}

    def _own(self) -> dict[str, Any]:
        return {"format": FORMAT, "records": dict(sorted(self.records.items()))}


def check_record(state: State, group: str) -> None:
    """Look at the file of a record again, if there is one.

    Raises
    ------
    DataError
        It is gone or damaged.
    """
    if group in state.records:
        load_record(str(record_path(state.path, group, state.records[group])), group)
