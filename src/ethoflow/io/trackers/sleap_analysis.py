"""SLEAP analysis HDF5: dense arrays of tracks, in any order of their axes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ethoflow.io.hdf5 import read_array, read_numbers
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.schema import DataError

_AXES = ("track", "xy", "node", "frame")
_KNOWN_ORDERS = (
    ("track", "xy", "node", "frame"),  # SLEAP
    ("frame", "track", "node", "xy"),  # sleap-io, preset "standard"
    ("frame", "node", "xy", "track"),  # SLEAP without transposition
)


def _matches(file: Content) -> bool:
    return {"node_names", "tracks"} <= file.keys and not file.keys_of("tracks")


@reader("SLEAP analysis HDF5", matches=_matches)
def read_sleap_analysis(path: Path) -> list[Tracks]:
    """Tracks of one SLEAP analysis file; confidence is the score of the points where it has them.

    Tracks are animals in file order. A file without names of tracks has unnamed animals.
    """
    with h5py.File(path, "r") as file:
        nodes, names = _names(file, "node_names"), _names(file, "track_names")
        order = _find_order(file, len(nodes), len(names))
        position = _arrange(read_numbers(file["tracks"]), order, ("track", "node", "xy", "frame"))
        confidence = None
        if "point_scores" in file:
            rest = _stored_order(file["point_scores"]) or tuple(a for a in order if a != "xy")
            confidence = _arrange(
                read_numbers(file["point_scores"]), rest, ("track", "node", "frame")
            )
    if confidence is not None and confidence.shape != position.shape[:2] + position.shape[3:]:
        raise DataError(
            f"point_scores have the shape {confidence.shape} of (track, node, frame), tracks "
            f"{position.shape} of (track, node, xy, frame)."
        )
    position[np.broadcast_to(np.isnan(position).any(axis=2, keepdims=True), position.shape)] = (
        np.nan
    )
    return [
        Tracks(
            name=recording_name(path),
            position=position,
            confidence=confidence,
            bodyparts=tuple(nodes),
            animals=tuple(names) or None,
            source_software="SLEAP",
        )
    ]


def _names(file: h5py.File, key: str) -> list[str]:
    """Stored names; SLEAP writes an empty array of floats where there are none."""
    if key not in file:
        return []
    return [n.decode() if isinstance(n, bytes) else str(n) for n in np.ravel(read_array(file[key]))]


def _stored_order(dataset: h5py.Dataset) -> tuple[str, ...] | None:
    """Order of the axes as the file states it."""
    stated = dataset.attrs.get("dims")
    return None if stated is None else tuple(json.loads(stated))


def _find_order(file: h5py.File, n_nodes: int, n_names: int) -> tuple[str, ...]:
    """Order of the axes of ``tracks``: stated, or the first known one, or the only one that fits.

    Without names of tracks, tracks and frames are only told apart by an order SLEAP is known for.
    """
    shape = file["tracks"].shape
    occupancy = file["track_occupancy"].shape if "track_occupancy" in file else None

    def fits(order: tuple[str, ...]) -> bool:
        if sorted(order) != sorted(_AXES) or len(shape) != len(order):
            return False
        size = dict(zip(order, shape, strict=True))
        pair = (size["frame"], size["track"])
        named = size["xy"] == 2 and size["node"] == n_nodes and n_names in (0, size["track"])
        return named and occupancy in (None, pair, pair[::-1])

    stated = _stored_order(file["tracks"])
    known = [order for order in ([stated] if stated else _KNOWN_ORDERS) if fits(order)]
    if known:
        return known[0]
    other = [] if stated else [order for order in itertools.permutations(_AXES) if fits(order)]
    if len(other) == 1:
        return other[0]
    problem = "fits several orders of axes" if other else "does not fit"
    raise DataError(
        f"the shape {shape} of tracks {problem}: {n_nodes} nodes, {n_names} named tracks, "
        f"occupancy {occupancy}."
    )


def _arrange(values: Any, order: tuple[str, ...], wanted: tuple[str, ...]) -> Any:
    if sorted(order) != sorted(wanted) or values.ndim != len(order):
        raise DataError(f"needed an array over {', '.join(wanted)}, found {', '.join(order)}.")
    axes = [order.index(axis) for axis in wanted]
    return np.ascontiguousarray(values.transpose(axes), dtype=np.float32)
