"""What a tracking file or a store holds, in sentences and small tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import xarray as xr

from ethoflow import store
from ethoflow.engine.source import open_store
from ethoflow.io.reader import read
from ethoflow.pipeline import describe as describe_tracks
from ethoflow.schema import DataError, position_units
from ethoflow.stats.quality import track_quality

Lines = Iterator[tuple[str, pd.DataFrame | None]]


def describe(path: Path, fps: float | None = None) -> Lines:
    """Sentences about `path`, each with a table or without.

    Raises
    ------
    DataError
        Nothing is there, or it cannot be read.
    """
    if store.exists(path):
        yield from _describe_store(path)
        return
    # A file is described without a frame rate; times are then in frames.
    ds = read(path, fps=fps or 1.0)
    rate = f"at {fps:g} fps" if fps else "frame rate not known: give --fps"
    yield f"{path.name}: {ds.attrs.get('source_software', 'tracking file')}, {rate}", None
    yield _shape(ds), None
    yield "Missing and low-confidence share by body part:", _by_part(ds)


def _shape(ds: xr.Dataset) -> str:
    frames = int(ds.n_frames.sum())
    roles = [
        f"{p} ({r})" if r else f"{p}"
        for p, r in zip(ds.bodypart.values, ds.role.values, strict=True)
    ]
    return (
        f"{ds.sizes['individual']} animals, {frames:,} frames, positions in {position_units(ds)}; "
        f"body parts (roles): {', '.join(roles)}"
    )


def _by_part(ds: xr.Dataset) -> pd.DataFrame:
    quality = track_quality(ds)
    keys = ["bodypart"] if ds.sizes["individual"] == 1 else ["individual", "bodypart"]
    return quality.groupby(keys, sort=False)[["missing", "low_confidence"]].mean().reset_index()


def _describe_store(path: Path) -> Lines:
    groups = store.list_groups(path)
    if not groups:
        raise DataError(f"{path} is a Zarr store without data of ethoflow.")
    for name in groups:
        ds = open_store(path, name)
        assert isinstance(ds, xr.Dataset)
        state = "" if store.is_complete(path, name) else " (incomplete: run the same command again)"
        yield f"{name}{state}: {', '.join(map(str, ds.data_vars))}", None
        if name == "tracks":
            yield f"  {describe_tracks(ds)}", None
            yield "  Missing and low-confidence share by body part:", _by_part(ds)
        elif name.startswith("labels/") and ds.attrs.get("skipped"):
            skipped = ds.attrs["skipped"]
            for reason in json.loads(skipped) if isinstance(skipped, str) else skipped:
                yield f"  skipped: {reason}", None
