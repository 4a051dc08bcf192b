"""Several networks' tracks of one recording: their middle, and how far they lie apart."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.io.loading import load
from ethoflow.io.one_file import to_dataset
from ethoflow.io.options import DEFAULTS, digest_of
from ethoflow.io.paths import PathLike, naming
from ethoflow.io.reader import TrackingNote
from ethoflow.io.stack import Tracks, mismatch_of_shape
from ethoflow.points import make_points
from ethoflow.schema import DataError, check_fps
from ethoflow.skeleton import Skeleton


def read_ensemble(
    paths: Sequence[PathLike],
    *,
    fps: float | None = None,
    skeleton: Skeleton | None = None,
    recording: str | None = None,
) -> xr.Dataset:
    """Tracks of one recording by several networks, as one: the median, and the spread.

    Each coordinate is the median over the networks that saw the point, `position_sd` their sample
    standard deviation (NaN with fewer than two), the confidence their mean.

    Parameters
    ----------
    paths
        The files, one per network.
    fps
        Frames per second, where the files do not hold it.
    skeleton
        As for `read`.
    recording
        Name of the recording; by default what the names of the files begin with in common.

    Raises
    ------
    DataError
        Fewer than two files, or they differ in animals, body parts or frames.
    """
    files = [Path(path) for path in paths]
    if len(files) < 2:
        raise DataError("an ensemble needs the files of two networks or more.")
    members = [_one(path) for path in files]
    for path, member in zip(files[1:], members[1:], strict=True):
        reason = mismatch_of_shape(member, members[0])
        if reason:
            raise DataError(f"{path}: {reason} than {files[0].name}: not the same recording.")
    joined = replace(_join(members), name=recording or _common_name(files))
    for note in joined.notes:
        warnings.warn(f"{joined.name}: {note}", TrackingNote, stacklevel=2)
    rate = check_fps(fps if fps is not None else joined.fps, joined.name)
    digests = tuple(digest_of(path) for path in files)
    ds = to_dataset(files[0], [joined], DEFAULTS, fps=rate, skeleton=skeleton, clock=digests)
    return make_points(ds, skeleton)


def _one(path: Path) -> Tracks:
    with naming(path):
        parts = load(path)
        if len(parts) > 1:
            raise DataError(f"it holds {len(parts)} recordings; needed one.")
        return parts[0]


def _join(members: Sequence[Tracks]) -> Tracks:
    positions = np.stack([member.position for member in members])
    scores = [m.confidence for m in members if m.confidence is not None]
    return replace(
        members[0],
        position=_quietly(np.nanmedian, positions),
        position_sd=_quietly(np.nanstd, positions, ddof=1),
        confidence=_quietly(np.nanmean, np.stack(scores)) if scores else None,
        notes=tuple(dict.fromkeys(note for member in members for note in member.notes)),
    )


def _quietly(reduce: Any, values: Any, **options: Any) -> Any:
    """Over the networks; points that none (or one) of them saw are NaN without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return reduce(values, axis=0, **options).astype(np.float32)


def _common_name(files: Sequence[Path]) -> str:
    stems = [path.stem for path in files]
    shortest = min(map(len, stems))
    same = next((i for i in range(shortest) if len({stem[i] for stem in stems}) > 1), shortest)
    return stems[0][:same].removesuffix("rng=").rstrip("._- ") or stems[0]
