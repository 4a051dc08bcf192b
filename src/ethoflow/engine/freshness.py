"""What is fresh: digests of how each block of each variable comes about."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ethoflow.engine.graph import Node, recipe_text
from ethoflow.engine.lazy import all_sources
from ethoflow.engine.overlap import Grid
from ethoflow.engine.program import compile_program
from ethoflow.engine.source import Source


def sources_of(nodes: Mapping[str, Node]) -> list[Source]:
    """Every source behind some nodes."""
    return all_sources(compile_program(nodes))


def digest_recordings(
    nodes: Mapping[str, Node], given: list[str], n_frames: npt.NDArray[np.int64]
) -> list[str]:
    """Digest of what each recording was made from, as it is stored beside the tracks.

    Recordings read from files have one; for arrays in memory, or changed on the way, their content
    (or name in the graph) is added, so that other numbers never pass for the same recording.
    """
    loose = [
        source
        for source in sources_of(nodes)
        if "time" in source.dims and (source.in_memory or "token" in source.recipe)
    ]
    if not loose:
        return given
    return [
        _hash([digest, *(_digest_loose(source, row, int(n_frames[row])) for source in loose)])
        for row, digest in enumerate(given)
    ]


def _digest_loose(source: Source, row: int, n_frames: int) -> str:
    if source.in_memory:
        return source.digest_row(row if source.has_recording else 0, n_frames)
    return str(source.recipe["token"])


def digest_blocks(
    nodes: Mapping[str, Node], recordings: list[str], grid: Grid
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    """Digest of every (variable, recording, block), and which of them there are.

    A block there is has frames of its recording in it; a summary has one block.
    """
    shape = (len(nodes), len(recordings), max(len(grid.times), 1))
    digests, needed = np.zeros(shape, np.uint64), np.zeros(shape, np.bool_)
    starts = np.array([start for start, _ in grid.time_bounds()])
    for place, node in enumerate(nodes.values()):
        recipe = recipe_text(node.recipe)
        beside = [source for source in sources_of({"": node}) if source.in_memory]
        for row, digest in enumerate(recordings):
            n_frames = grid.n_frames[row]
            parts = [s.digest_row(row if s.has_recording else 0, n_frames) for s in beside]
            value = int(_hash([recipe, digest, str(n_frames), *parts])[:16], 16)
            digests[place, row] = max(value, 1)
            needed[place, row] = starts < n_frames if "time" in node.dims else False
            if "time" not in node.dims:
                needed[place, row, 0] = True
    return digests, needed


def _hash(parts: list[str]) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
