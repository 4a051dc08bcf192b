"""The metadata documents of a store: Zarr's own, and what ethoflow adds to the root.

The root's document holds those of all nodes (consolidated metadata). Readers take what it says, so
replacing that one file is what makes a write visible, all of it at once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote, unquote

import numpy as np

Document: TypeAlias = dict[str, Any]

ENCODINGS: tuple[Document, ...] = (
    {"name": "default", "configuration": {"separator": "/"}},
    {"name": "v2", "configuration": {"separator": "."}},
)
"""Where the chunks of an array lie: under one encoding the old ones, under the other the new."""

UNKNOWN = -1
"""What stands for unknown in labels and categories."""

CODED = ("label", "flag", "category")
"""Kinds of variables that are stored as whole numbers, among which -1 is unknown."""


def keys_of(names: Collection[str]) -> dict[str, str]:
    """Names of coordinates as a store keeps them: of folders, and without blanks, as in URLs.

    Blanks would part one name of a list of coordinates into several, and a slash, which no tree of
    datasets allows, becomes an underscore.

    Examples
    --------
    >>> keys_of(["pixels/mm", "body weight", "cage"])
    {'pixels/mm': 'pixels_mm', 'body weight': 'body%20weight', 'cage': 'cage'}
    """
    keys: dict[str, str] = {}
    for name in sorted(names, key=lambda name: "/" in name):  # those that stay as they are first
        key = re.sub(r"[\s\\%]", lambda found: quote(found[0], safe=""), name.replace("/", "_"))
        key = re.sub(r"^(\.|_(?=_))", lambda found: f"%{ord(found[0]):02X}", key)
        while key in keys.values():
            key += "_"
        keys[name] = key
    return {name: keys[name] for name in names}


def name_of(key: str) -> str:
    """The name of a coordinate that a store keeps as `key`.

    Examples
    --------
    >>> name_of("body%20weight")
    'body weight'
    """
    return unquote(key)


def group_document(attributes: Mapping[str, Any] | None = None) -> Document:
    """The document of a group."""
    return {"attributes": dict(attributes or {}), "zarr_format": 3, "node_type": "group"}


def with_members(document: Document, members: Mapping[str, Document]) -> Document:
    """The document of a group with those of all nodes below it (consolidated metadata)."""
    nested = {"kind": "inline", "must_understand": False, "metadata": {}}
    nodes = {
        name: {**d, "consolidated_metadata": nested} if d["node_type"] == "group" else d
        for name, d in sorted(members.items())
    }
    consolidated = {**nested, "metadata": nodes}
    return {
        "attributes": document["attributes"],
        "zarr_format": 3,
        "consolidated_metadata": consolidated,
        "node_type": "group",
    }


def array_document(
    shape: Sequence[int],
    chunks: Sequence[int],
    dtype: np.dtype[Any],
    dims: Sequence[str],
    attributes: Mapping[str, Any],
    *,
    in_blocks: bool = False,
) -> Document:
    """The document of an array, as Zarr writes it; text has any length.

    Small whole numbers, int8 and int16, are labels and categories: -1 stands for unknown.

    Every chunk carries a checksum (CRC-32C), so that other numbers never pass for the stored ones.
    """
    kind = "string" if dtype.kind in "OTU" else dtype.name
    document: Document = {
        "shape": list(shape),
        "data_type": kind,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
        "chunk_key_encoding": ENCODINGS[0],
        "fill_value": _fill_value(kind),
        "codecs": _codecs(kind, dtype, fast=in_blocks and dtype.kind == "f"),
        "attributes": dict(attributes),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }
    if dims:
        document["dimension_names"] = list(dims)
    return document


def _fill_value(kind: str) -> Any:
    if kind == "string":
        return ""
    return "NaN" if kind.startswith("float") else UNKNOWN if kind in ("int8", "int16") else 0


def _codecs(kind: str, dtype: np.dtype[Any], *, fast: bool) -> list[Document]:
    if kind == "string":
        first: Document = {"name": "vlen-utf8", "configuration": {}}
    elif dtype.itemsize == 1 or kind == "int8":
        first = {"name": "bytes"}
    else:
        first = {"name": "bytes", "configuration": {"endian": "little"}}
    packing: Document = {"name": "zstd", "configuration": {"level": 3, "checksum": False}}
    if fast:
        # Measured on real tracks: a tenth larger than zstd behind a shuffle, twice as fast to write
        settings = {"typesize": dtype.itemsize, "cname": "lz4", "clevel": 5, "shuffle": "shuffle"}
        packing = {"name": "blosc", "configuration": {**settings, "blocksize": 0}}
    return [first, packing, {"name": "crc32c"}]


def chunks_of(document: Document) -> tuple[int, ...]:
    """Shape of the chunks of an array."""
    return tuple(document["chunk_grid"]["configuration"]["chunk_shape"])


def dims_of(document: Document) -> tuple[str, ...]:
    """Names of the dims of an array."""
    return tuple(document.get("dimension_names") or ())


def encoding_of(document: Document) -> int:
    """Which of the `ENCODINGS` the chunks of an array lie under."""
    return int(document["chunk_key_encoding"]["name"] == ENCODINGS[1]["name"])


def with_encoding(document: Document, number: int) -> Document:
    """The same array with its chunks elsewhere."""
    return {**document, "chunk_key_encoding": ENCODINGS[number]}


def chunk_key(document: Document, index: Sequence[int]) -> str:
    """Key of a chunk, below the array's own path."""
    separator = str(document["chunk_key_encoding"]["configuration"]["separator"])
    if document["chunk_key_encoding"]["name"] == "default":
        return separator.join(map(str, ("c", *index)))
    return separator.join(map(str, index)) or "0"


def form_of(document: Document) -> Document:
    """What two arrays must share for the chunks of one to be those of the other."""
    dims = dims_of(document) or ("",) * len(document["shape"])
    pairs = zip(dims, document["shape"], strict=True)
    inner = [(dim, n) for dim, n in pairs if dim not in LENGTHS]
    kept = ("data_type", "chunk_grid", "codecs", "fill_value")
    return {**{key: document[key] for key in kept}, "inner": inner, "dims": dims_of(document)}


LENGTHS = ("recording", "time")
"""Dims along which a group grows."""


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """A document as it is written."""
    return json.dumps(document, separators=(",", ":")).encode()


def digest_of(content: Any) -> str:
    """Digest of something made of plain values."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
