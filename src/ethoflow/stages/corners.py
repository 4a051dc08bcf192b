"""Tracked corners, kept beside the store: an added recording leaves the others unread."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ethoflow import __version__, store
from ethoflow.disk import CannotWrite, beside
from ethoflow.geometry.landmarks import mark_landmarks
from ethoflow.stages.job import Job
from ethoflow.stamps import seal, unseal

KEPT = Path(store.PROGRESS, "corners.json")
"""Where the corners were in each recording, within a store on this machine."""


def mark_corners(job: Job, ds: xr.Dataset, parts: Sequence[str]) -> xr.Dataset:
    """Tracks of a store, whose fixed points are landmarks; what was found before is not read again.

    Parameters
    ----------
    job
        Whose store it is.
    ds
        Its tracks.
    parts
        Body parts that are corners; with none the tracks stay as they are.
    """
    if not parts:
        return ds
    path = job.store / KEPT if isinstance(job.store, Path) else None
    names = [str(name) for name in ds.recording.values]
    wanted = {n: repr((__version__, *parts, job.fingerprint("tracks", n))) for n in names}
    kept = {} if path is None else _read(path)
    known = {
        name: np.asarray(kept[name]["places"], np.float64)
        for name, source in wanted.items()
        if name in kept and kept[name]["source"] == source
    }
    found = mark_landmarks(ds, parts, known=known)
    if path is not None and known.keys() != wanted.keys():
        places = found.landmark_position.sel(landmark=list(parts)).values.tolist()
        rows = {n: {"source": wanted[n], "places": p} for n, p in zip(names, places, strict=True)}
        with suppress(CannotWrite), beside(path) as part:  # they are then read again
            part.write_bytes(seal({"corners": rows}))
    return found


def _read(path: Path) -> dict[str, Any]:
    """What was kept by recording; nothing where it cannot be trusted."""
    try:
        rows = unseal(path.read_bytes())["corners"]
        return {name: {"source": r["source"], "places": r["places"]} for name, r in rows.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
