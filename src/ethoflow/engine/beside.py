"""A group as it is stored, beside a dataset that is written now: what stays, does it fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import xarray as xr

from ethoflow import store
from ethoflow.engine.calls import Node
from ethoflow.engine.declare import Array
from ethoflow.errors import listed
from ethoflow.schema import DataError

OURS = frozenset(("fps", "recording", "role", "time"))
"""Names that are looked at apart or made anew; of roles the last ones count for all recordings."""


class Stored:
    """A stored group, and the part of it that stays beside a dataset being written."""

    def __init__(
        self, state: store.State, group: str, small: xr.Dataset, given: set[str], *, keep: bool
    ) -> None:
        self.state, self.group = state, group
        self.where = f"{state.path}: the group {group}"
        self.documents = state.arrays(group)
        self.record = state.known(group)
        names = [str(name) for name in small.recording.values]
        if keep and self.documents and not self.record.variables:
            self._check_replaced(names, given)
        self.recordings = list(self.record.recordings)
        stay = [name for name in self.recordings if name not in names] if keep else []
        self.staying = stay
        self.names = (
            names
            if not keep
            else [*self.recordings, *(n for n in names if n not in self.recordings)]
        )
        self.variables = [n for n in self.documents if keep and n not in given]
        self.in_blocks = [
            name
            for name in self.variables
            if "time" in store.dims_of(self.documents[name]) and name in self.record.variables
        ]

    def _check_replaced(self, names: Sequence[str], given: set[str]) -> None:
        """Nothing can stay in a group without a record of how it came about."""
        stay = [n for n, d in self.documents.items() if "time" in store.dims_of(d)]
        stay = [name for name in stay if name not in given]
        if "recording" in self.documents:
            stay += [n for n in map(str, self.values("recording")) if n not in names]
        if stay:
            damaged = self.group in self.state.records
            why = "is damaged" if damaged else "is none: ethoflow did not write it"
            way = "together" if damaged else "to another group"
            raise DataError(
                f"{self.where} holds {', '.join(stay[:3])} as well, which cannot be kept: the "
                f"record of how they came about {why}. Write all of it {way}, or replace it with "
                "keep=False."
            )

    def values(self, name: str) -> Array:
        """Values of a small array."""
        stamp = self.state.stamp(self.group)
        stored = store.refer(self.state.path, self.group, name, self.documents[name], stamp)
        return store.read_whole(stored, self.record.small)

    def lengths(self) -> dict[str, int]:
        """Frames of the recordings that stay."""
        if not self.staying:
            return {}
        frames = self.values("n_frames").tolist()
        return {name: frames[self.recordings.index(name)] for name in self.staying}

    @property
    def block(self) -> int | None:
        """Frames in a block; None where nothing is stored in blocks."""
        for name, document in self.documents.items():
            if name in self.record.variables and "time" in store.dims_of(document):
                return store.chunks_of(document)[-1]
        return None

    def dtype_of(self, name: str, node: Node) -> np.dtype[Any]:
        """Type of the stored variable; numbers with more digits that stay keep theirs."""
        if not self.staying or name not in self.documents:
            return node.dtype
        stored = np.dtype(self.documents[name]["data_type"])
        both = node.dtype.kind == stored.kind == "f"
        return np.result_type(node.dtype, stored) if both else node.dtype

    def check(self, small: xr.Dataset, nodes: Mapping[str, Node]) -> None:
        """Refuse what does not fit beside what stays.

        Raises
        ------
        DataError
            Other animals, body parts, frame rates or units, metadata of another kind, or another
            value of what all recordings share.
        """
        if self.staying or self.in_blocks:
            self._check_same(small)
        self._check_names(small, nodes)
        self._check_lengths(small, nodes)
        if self.staying:
            self._check_forms(small, nodes)
            self._check_attributes(small, nodes)
            self._check_types(nodes)
            self._check_shared(small)

    def _check_same(self, new: xr.Dataset) -> None:
        """Recordings of one group share animals, body parts and frame rate."""
        for dim in ("individual", "bodypart", "space"):
            if dim not in self.documents or dim not in new.coords:
                continue
            found, given = (list(map(str, v)) for v in (self.values(dim), new[dim].values))
            if found != given:
                raise DataError(
                    f"{self.where} has the {dim}s {', '.join(found)}, these data have "
                    f"{', '.join(given)}. Write them to another store."
                )
        if "fps" in self.documents and "fps" in new.coords:
            found_fps = float(self.values("fps"))
            if found_fps != float(new.fps):
                raise DataError(
                    f"{self.where} has {found_fps:g} frames per second, these data have "
                    f"{float(new.fps):g}. Write them to another store."
                )

    def _check_names(self, small: xr.Dataset, nodes: Mapping[str, Node]) -> None:
        """What stays keeps the names along its dims: pairs, segments, regions."""
        given = {d: n for node in nodes.values() for d, n in node.named.items()}
        own = set(map(str, small.dims)) & set(small.coords) & set(self.documents)
        given |= {d: tuple(map(str, small[d].values)) for d in own - {"recording", "time"}}
        stay = self.documents if self.staying else self.variables
        for dim, names in given.items():
            there = [n for n in stay if n != dim and dim in store.dims_of(self.documents[n])]
            if dim in ("recording", "time") or dim not in self.documents or not there:
                continue
            found = tuple(map(str, self.values(dim)))
            if found != names:
                raise DataError(
                    f"{self.where} has the {dim}s {listed(found)} for {listed(there, 3)}, these "
                    f"data have {listed(names)}. Write them to another group, write all that has "
                    f"them together, or replace the group with keep=False."
                )

    def _check_lengths(self, small: xr.Dataset, nodes: Mapping[str, Node]) -> None:
        """A dim that has no names has one length, or the group could not be opened."""
        given = {str(dim): size for dim, size in small.sizes.items()}
        for node in nodes.values():
            inner = [dim for dim in node.dims if dim != "time"]
            given |= dict(zip(inner, node.shape, strict=True))
        for name in self.documents if self.staying else self.variables:
            document = self.documents[name]
            for dim, size in zip(store.dims_of(document), document["shape"], strict=True):
                if dim not in ("recording", "time") and given.get(dim, size) != size:
                    raise DataError(
                        f"{self.where} has {name} with {size} places along {dim}, these data have "
                        f"{given[dim]}. Give the dimension another name, as in "
                        f"ds.rename({dim}='{dim}_{given[dim]}'), write all that has it together, "
                        "or to another group."
                    )

    def _check_attributes(self, small: xr.Dataset, nodes: Mapping[str, Node]) -> None:
        """A variable has one unit and is of one kind: what is not written now must have them."""
        given = {str(name): variable.attrs for name, variable in small.variables.items()}
        given |= {name: {**node.attrs(), "units": node.units} for name, node in nodes.items()}
        for name in sorted(given.keys() & self.documents.keys() - OURS):
            stored = self.documents[name]["attributes"]
            for describe in (_unit, _kind, _categories):
                found, new = describe(stored), describe(given[name])
                if found != new:
                    raise DataError(
                        f"{self.where} has {name} {found} for {self._stay()}, these data have it "
                        f"{new}. Write all recordings together, or to another group."
                    )

    def _check_forms(self, small: xr.Dataset, nodes: Mapping[str, Node]) -> None:
        """What stays has the dims of what is new; small variables hold text, or numbers of a sort.

        The types of what is stored in blocks are looked at apart.
        """
        dims = {name: ("recording", *node.dims) for name, node in nodes.items()}
        dims |= {str(n): tuple(map(str, v.dims)) for n, v in small.variables.items()}
        for name in sorted(dims.keys() & self.documents.keys()):
            document = self.documents[name]
            found = _form(document["data_type"], store.dims_of(document))
            kind = small[name].dtype.name if name in small.variables else document["data_type"]
            given = _form(kind, dims[name])
            if found != given:
                raise DataError(
                    f"{self.where} has {name} as {found} for {self._stay()}, these data have it "
                    f"as {given}. Make it one kind for all recordings."
                )

    def _check_shared(self, small: xr.Dataset) -> None:
        """What all recordings share is of those that stay too, and keeps its values for them."""
        for key, variable in small.variables.items():
            name, dims = str(key), tuple(map(str, variable.dims))
            if "recording" in dims or name in OURS:
                continue
            if name in self.documents:
                self._check_equal(name, np.asarray(variable.values))
            elif name not in dims and all(dim in self.documents for dim in dims):
                raise DataError(
                    f"{self.where} has no {name} for {self._stay()}, these data have one for all "
                    f"recordings. Give it per recording, as in ds.assign({name}=('recording', "
                    f"[...])), or leave it out with ds.drop_vars('{name}')."
                )

    def _check_equal(self, name: str, given: Array) -> None:
        """Values that all recordings share are those that are stored, missing ones too."""
        found = self.values(name)
        if "time" in store.dims_of(self.documents[name]):
            both = min(found.shape[-1], given.shape[-1])
            found, given = found[..., :both], given[..., :both]
        differ = ~((found == given) | ((found != found) & (given != given)))
        if differ.any():
            first = tuple(np.argwhere(differ)[0])
            raise DataError(
                f"{self.where} has {name} {found.item(*first)} for {self._stay()}, these data have "
                f"{given.item(*first)}, and all recordings share it. Give it per recording, write "
                "all recordings together, or to another group."
            )

    def _check_types(self, nodes: Mapping[str, Node]) -> None:
        """What stays is not written again, and keeps its type."""
        for name, node in nodes.items():
            found = self.documents.get(name, {}).get("data_type")
            given = self.dtype_of(name, node).name
            if "time" in node.dims and found not in (None, given):
                raise DataError(
                    f"{self.where} has {name} as {found} for {self._stay()}, these data have it "
                    f"as {given}. Write all recordings together, with keep=False, or to another "
                    "group."
                )

    def _stay(self) -> str:
        return ", ".join(sorted(self.staying)[:3])


def _unit(attrs: Mapping[str, Any]) -> str:
    """In what unit a variable is, in words."""
    unit = str(attrs.get("units", "1"))
    return "without a unit" if unit in ("", "1") else f"in {unit}"


def _kind(attrs: Mapping[str, Any]) -> str:
    """What its numbers stand for, in words."""
    return f"as a {attrs.get('kind', 'number')}"


def _categories(attrs: Mapping[str, Any]) -> str:
    """Numbers and names of a category, in words: a number stands for one name."""
    if attrs.get("kind") != "category":
        return ""
    names = attrs.get("flag_meanings", "")
    words = names.split() if isinstance(names, str) else [str(name) for name in names]
    values = np.atleast_1d(attrs.get("flag_values", ())).tolist()
    numbers = [str(value).removesuffix(".0") for value in values]
    named = ", ".join(f"{number} {word}" for number, word in zip_longest(numbers, words))
    return f"with the categories {named or 'nobody names'}"


def _form(kind: str, dims: Sequence[str]) -> str:
    """What a small variable holds, in words: text or numbers, for each what."""
    what = "text" if kind in ("object", "string") else "numbers"
    whole = kind.startswith(("int", "uint"))
    each = f"per {' and '.join(dims)}" if dims else "for all recordings at once"
    return f"{'whole numbers' if whole else what} {each}"
