"""The root document: the state of a store as it says, or as its copy does where it is damaged.

It is read as a whole. A copy of it lies beside the records: where the one is damaged the other
serves, until the next write mends it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ethoflow.place import Place
from ethoflow.schema import DataError
from ethoflow.store.documents import Document
from ethoflow.store.files import is_file, place_of, read_file, stamp_of
from ethoflow.store.objects import Stamp
from ethoflow.store.progress import copy_path
from ethoflow.store.state import FORMAT, METADATA, OWN, State


class DamagedStore(UserWarning):
    """Part of a store is damaged and was replaced by a copy, or will be by the next run."""


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
    return bool(digest) and found.records == state.records and found.owned() == state.owned()


def _parse(path: str, content: bytes | None) -> tuple[State, str]:
    """The state in a root document, and the digest of our part of it; none without one.

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
    return not digest or state.digest() == digest


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
