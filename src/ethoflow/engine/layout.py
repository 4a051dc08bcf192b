"""What a group of a store shall hold: a dataset beside what is there, as documents and values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow import __version__, store
from ethoflow.engine.attribution import attributed
from ethoflow.engine.beside import Stored
from ethoflow.engine.calls import Node
from ethoflow.engine.declare import Array
from ethoflow.engine.freshness import Lineage, to_numbers
from ethoflow.engine.kept import plain_attributes
from ethoflow.engine.recipes import recipe_text
from ethoflow.engine.tasks import sources_of
from ethoflow.engine.windows import seats_of
from ethoflow.schema import make_time, text

BLOCK_BYTES = 20 * 2**20
"""Raw size a chunk of the largest variable is kept under."""

MOST_BYTES = 128 * 2**20
"""Raw size a chunk of any variable is kept under, where the chunks it is made from are longer."""

MIN_BLOCK = 4096
"""Frames a block has at least, so that longer recordings can be appended to short ones."""

MANY = 1024
"""Recordings in a chunk of a small array."""


def choose_block(bytes_per_frame: int, longest: int) -> int:
    """Frames in a block: recordings are cut into equal parts under `BLOCK_BYTES`.

    Examples
    --------
    >>> choose_block(176, 108_000), choose_block(176, 500)
    (108000, 4096)
    """
    most = max(BLOCK_BYTES // max(bytes_per_frame, 1), 1)
    parts = -(-max(longest, 1) // most)
    return max(-(-max(longest, 1) // parts), min(MIN_BLOCK, most))


@dataclass(frozen=True, eq=False)
class Layout:
    """A plan for a group, the row in it of each recording given, and frames in a block."""

    plan: store.Plan
    rows: tuple[int, ...]
    block: int


def plan_group(
    small: xr.Dataset,
    nodes: Mapping[str, Node],
    counts: Sequence[int],
    state: store.State,
    group: str,
    *,
    keep: bool,
    drop: Collection[str] = (),
    made_by: Mapping[str, Any] | None = None,
) -> Layout:
    """What a group holds once `nodes`, for recordings of `counts` frames, are written into it.

    Raises
    ------
    DataError
        The data do not fit beside what stays in the group.
    """
    given = {*map(str, small.variables), *nodes}
    there = Stored(state, group, small, given | set(drop), keep=keep)
    there.check(small, nodes)
    longest = max([*counts, *there.lengths().values()], default=0)
    block = there.block or _choose_block(nodes, longest)
    names = [str(name) for name in small.recording.values]
    rows = tuple(there.names.index(name) for name in names)
    lineage = Lineage(tuple(counts), seats_of(small))
    written = {*nodes, *map(str, small.data_vars)}
    makers = attributed(there, made_by, written, names)
    writer = _Writer(there, small, nodes, tuple(counts), rows, longest, block, lineage, makers)
    return Layout(writer.plan(keep=keep), rows, block)


def _choose_block(nodes: Mapping[str, Node], longest: int) -> int:
    """Frames in a block: as many as in the stored chunks it reads, so that each is read once.

    What is far wider than those has shorter blocks, each a part of a stored chunk.
    """
    sources = [source for source in sources_of(nodes.values()) if "time" in source.dims]
    timed = [node for node in nodes.values() if "time" in node.dims]
    widest = max((_bytes_per_frame(node) for node in timed), default=1)
    for source in sources:
        if source.stored is not None:
            length = source.stored.chunks[-1]
            parts = -(-length * widest // MOST_BYTES)
            return -(-length // parts) if parts > 1 else length
    return choose_block(max(map(_bytes_per_frame, [*sources, *timed]), default=1), longest)


def _bytes_per_frame(node: Node) -> int:
    return int(np.prod(node.shape)) * node.dtype.itemsize


@dataclass(frozen=True, eq=False)
class _Writer:
    """Puts the parts of a plan together."""

    there: Stored
    small: xr.Dataset
    nodes: Mapping[str, Node]
    counts: tuple[int, ...]
    rows: tuple[int, ...]
    longest: int
    block: int
    lineage: Lineage
    makers: Mapping[str, str]

    def plan(self, *, keep: bool) -> store.Plan:
        values, dims, attrs = self._small_arrays()
        timed = {n: node for n, node in self.nodes.items() if "time" in node.dims}
        whole = frozenset(n for n in self.nodes if n not in timed)
        documents = {n: self._document(n, node) for n, node in timed.items()}
        documents |= {n: self._resized(self.there.documents[n]) for n in self.there.in_blocks}
        for name, array in values.items():
            chunks = [
                MANY if d == "recording" else max(n, 1)
                for d, n in zip(dims[name], array.shape, strict=True)
            ]
            documents[name] = store.array_document(
                array.shape, chunks, array.dtype, dims[name], attrs[name]
            )
        variables = tuple(sorted({*self.nodes, *self.there.in_blocks, *self._whole_kept()}))
        digests, needed = self._digests(variables)
        return store.Plan(
            group=self.there.group,
            attributes=self._attributes(keep=keep),
            documents=documents,
            values=values,
            variables=variables,
            whole=whole | frozenset(self._whole_kept()),
            made=frozenset(self.nodes),
            rows=self.rows,
            recordings=tuple(self.there.names),
            digests=digests,
            needed=needed,
            sources=self._sources(variables),
        )

    # Documents and values.

    def _document(self, name: str, node: Node) -> store.Document:
        shape = (len(self.there.names), *node.shape, self.longest)
        attributes = plain_attributes({**node.attrs(), **_described(node)})
        return store.array_document(
            shape,
            (1, *node.shape, self.block),
            self.there.dtype_of(name, node),
            ("recording", *node.dims),
            attributes,
            in_blocks=True,
        )

    def _resized(self, document: store.Document) -> store.Document:
        shape = [len(self.there.names), *document["shape"][1:-1], self.longest]
        return {**document, "shape": shape}

    def _whole_kept(self) -> list[str]:
        """Numbers of whole recordings that stay as they are."""
        return [
            name
            for name in self.there.variables
            if name in self.there.record.variables and name not in self.there.in_blocks
        ]

    def _small_arrays(
        self,
    ) -> tuple[dict[str, Array], dict[str, tuple[str, ...]], dict[str, dict[str, Any]]]:
        """Values, dims and attributes of everything that is stored whole."""
        values: dict[str, Array] = {}
        dims: dict[str, tuple[str, ...]] = {}
        attrs: dict[str, dict[str, Any]] = {}
        for name in self.there.variables:
            if name in self.there.in_blocks:
                continue
            document = self.there.documents[name]
            dims[name] = store.dims_of(document)
            attrs[name] = document["attributes"]
            values[name] = self._arranged(self.there.values(name), dims[name])
        for key, variable in self.small.variables.items():
            name = str(key)
            dims[name] = tuple(str(dim) for dim in variable.dims)
            attrs[name] = plain_attributes(variable.attrs)
            values[name] = self._placed(name, variable)
        for name, node in self.nodes.items():
            if "time" not in node.dims:
                shape = (len(self.there.names), *node.shape)
                dims[name], values[name] = (
                    ("recording", *node.dims),
                    np.full(shape, np.nan, self._whole_type(name, node)),
                )
                attrs[name] = plain_attributes({**node.attrs(), **_described(node)})
        for name, names in self._new_coords(values).items():
            dims[name], values[name], attrs[name] = (name,), names, {}
        values["recording"], dims["recording"] = text(self.there.names), ("recording",)
        attrs.setdefault("recording", {})
        if "time" in values or any("time" in node.dims for node in self.nodes.values()):
            time = make_time(self.longest, float(self.small.fps))
            values["time"], dims["time"], attrs["time"] = time.values, ("time",), dict(time.attrs)
        return values, dims, attrs

    def _whole_type(self, name: str, node: Node) -> np.dtype[Any]:
        """Type of numbers of whole recordings, unknown ones among them."""
        return np.result_type(self.there.dtype_of(name, node), np.float32)

    def _arranged(self, values: Array, dims: tuple[str, ...]) -> Array:
        """Values that stay, in the rows of the plan and as long as it; missing where not known."""
        if "recording" not in dims:
            return self._lengthened(values, dims)
        old_rows = {name: row for row, name in enumerate(self.there.recordings)}
        rows = {row: values[old_rows[n]] for row, n in enumerate(self.there.names) if n in old_rows}
        return self._filled(self._full_shape(values.shape, dims), values.dtype, rows, dims)

    def _lengthened(self, values: Array, dims: Sequence[str]) -> Array:
        """What all recordings share, as long as the longest of them; missing after its end."""
        if "time" not in dims:
            return values
        shape = (1, *self._full_shape(values.shape, dims))
        return np.asarray(self._filled(shape, values.dtype, {0: values}, dims)[0])

    def _filled(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        rows: Mapping[int, Any],
        dims: Sequence[str],
    ) -> Array:
        """An array with the values of some rows, and missing ones elsewhere."""
        out = np.full(shape, store.missing_of(dtype), dtype)
        for row, values in rows.items():
            if "time" in dims:
                out[row][..., : values.shape[-1]] = values[..., : shape[-1]]
            else:
                out[row] = values
        return out

    def _full_shape(self, shape: Sequence[int], dims: Sequence[str]) -> tuple[int, ...]:
        full = {"recording": len(self.there.names), "time": self.longest}
        return tuple(full.get(dim, size) for dim, size in zip(dims, shape, strict=True))

    def _placed(self, name: str, variable: xr.Variable) -> Array:
        """A small variable of the dataset, beside what stays of it for other recordings.

        Of numbers with more and with fewer digits all keep theirs.
        """
        given = np.asarray(variable.values)
        if name in ("recording", "time"):
            return given
        dims, dtype = tuple(str(dim) for dim in variable.dims), given.dtype
        before = None
        if self.there.staying and name in self.there.documents:
            before = self._arranged(self.there.values(name), dims)
            both = before.dtype.kind == dtype.kind == "f"
            dtype = np.result_type(before, given) if both else dtype
        if "recording" not in dims:
            return self._shared(given.astype(dtype), before, dims)
        rows = dict(zip(self.rows, given, strict=True))
        if before is not None:
            rows = {**dict(enumerate(before.astype(dtype))), **rows}
        return self._filled(self._full_shape(given.shape, dims), dtype, rows, dims)

    def _shared(self, given: Array, before: Array | None, dims: Sequence[str]) -> Array:
        """What all recordings share; after the end of what is given, what stays."""
        values = self._lengthened(given, dims)
        if before is None or "time" not in dims:
            return values
        frames = np.arange(values.shape[-1])
        return np.where(frames < given.shape[-1], values, before.astype(given.dtype))

    def _new_coords(self, values: Mapping[str, Array]) -> dict[str, Array]:
        """Coordinates that come with the nodes themselves: partners, names of segments."""
        coords: dict[str, Array] = {}
        for node in self.nodes.values():
            coords |= {d: text(n) for d, n in node.named.items() if d not in self.small.coords}
            if "partner" in node.dims and "individual" in values and "partner" not in values:
                coords["partner"] = values["individual"]
        return coords

    def _attributes(self, *, keep: bool) -> dict[str, Any]:
        """Attributes of the group; it names its coordinates, since variables may go."""
        before = self.there.state.group_attributes(self.there.group) if keep else {}
        named = {str(name) for name in self.small.coords if name not in self.small.dims}
        named |= set(str(before.pop("coordinates", "")).split()) & set(self.there.variables)
        attributes = {**before, **plain_attributes(self.small.attrs)}
        attributes.pop(store.MADE_BY, None)  # of what is written now, or it is not true
        return {**attributes, **self.makers, "coordinates": " ".join(sorted(named))}

    # What the blocks are made from.

    def _digests(
        self, variables: tuple[str, ...]
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
        """Digest of every recording of every variable, and which blocks there are."""
        n_blocks = max(-(-self.longest // self.block), 1)
        known, sizes = self.there.record.arrange(variables, self.there.names, n_blocks)
        needed = sizes > 0
        starts = np.arange(n_blocks) * self.block
        for place, name in enumerate(variables):
            if name in self._whole_kept():
                needed[place, :, 0] = known[place] != 0
            node = self.nodes.get(name)
            if node is None:
                continue
            known[place, list(self.rows)] = to_numbers(self.lineage.digests(node))
            if "time" in node.dims:
                lengths = np.array(self.counts).reshape(-1, 1)
                needed[place, list(self.rows)] = starts < lengths
            else:
                needed[place] = False
                needed[place, :, 0] = known[place] != 0
        return known, needed

    def _sources(self, variables: tuple[str, ...]) -> dict[str, dict[str, npt.NDArray[np.uint64]]]:
        """For each variable, the stored ones it is made from and the digests they had."""
        record, path = self.there.record, self.there.state.path
        found: dict[str, dict[str, npt.NDArray[np.uint64]]] = {}
        for name in variables:
            kept = name not in self.nodes or self.there.staying
            before = record.sources.get(name, {}) if kept else {}
            used = {s: _arrange(record.recordings, d, self.there.names) for s, d in before.items()}
            if name in self.nodes:
                for source, digests in self.lineage.sources(self.nodes[name], path).items():
                    values = used.setdefault(source, np.zeros(len(self.there.names), np.uint64))
                    values[list(self.rows)] = to_numbers(digests)
            if used:
                found[name] = dict(sorted(used.items()))
        return found


def _arrange(
    names: Sequence[str], digests: npt.NDArray[np.uint64], wanted: Sequence[str]
) -> npt.NDArray[np.uint64]:
    rows = {name: row for row, name in enumerate(names)}
    return np.array([digests[rows[n]] if n in rows else 0 for n in wanted], np.uint64)


def _described(node: Node) -> dict[str, Any]:
    """Attributes that say how the stored numbers came about, and how they are kept."""
    coded = {"kind": node.gives, "_FillValue": store.UNKNOWN} if node.gives != "number" else {}
    recipe = {"recipe": recipe_text(node.recipe), "ethoflow_version": __version__}
    return {**coded, "units": node.units, **recipe}
