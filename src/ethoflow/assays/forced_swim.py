"""Forced swim: how long an animal floats, as a proxy."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.assays.tables import Animal, AssayNote, assay_table, share
from ethoflow.behaviours.immobile import immobile
from ethoflow.bins import frame_at
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, listed
from ethoflow.geometry.own_frame import check_room
from ethoflow.labels.windows import OfRecording, Windows
from ethoflow.schema import Data, as_dataset, count_frames
from ethoflow.units import Quantity, convert

WINDOW = ("start", "stop")


def forced_swim(
    poses: Data,
    *,
    max_speed: Quantity = 10.0,
    min_bout: Quantity = 1.0,
    begin: Quantity = "2 min",
    length: Quantity = "4 min",
) -> pd.DataFrame:
    """Immobility in the last four of six minutes; a row per animal.

    A proxy: nose, centre and tail base are all slower than `max_speed`, as the rule `immobile` has
    it. What people score, floating with only the movements that keep the head above water, is a
    judgement on the paws, which are under water; set the threshold against scored recordings of
    your own, and report it.

    Parameters
    ----------
    poses
        In mm, or in pixels with a `max_speed` in px/s.
    max_speed, min_bout
        Of the rule `immobile`.
    begin, length
        Which stretch of each recording counts, from its first frame on.

    Returns
    -------
    DataFrame
        start, stop (s from the first frame), observed, time_immobile (s), share_immobile, bouts,
        latency_immobile (from the start of the stretch) and latency_cut.

    Raises
    ------
    DataError
        The stretch has no length.

    Warns
    -----
    AssayNote
        Recordings end before the stretch does.

    References
    ----------
    Porsolt, Bertin and Jalfre 1977, Archives Int. Pharmacodyn. 229:327; Can et al. 2012, J. Vis.
    Exp. 59:3638.

    Examples
    --------
    >>> import ethoflow as ef
    >>> table = forced_swim(ef.simulate.still_then_running(), begin=0, length="4 s")
    >>> table[["observed", "time_immobile"]].values.round(1).tolist()
    [[4.0, 4.0]]
    """
    ds = as_dataset(poses)
    start, span = convert(begin, "s", name="begin"), convert(length, "s", name="length")
    if not (start >= 0 and 0 < span < float("inf")):
        raise DataError(f"begin and length must be a stretch of time, found {begin!r}, {length!r}.")
    check_room(ds, "forced_swim")
    label = immobile(ds, max_speed=max_speed, min_bout=min_bout)
    labels = label.to_dataset(name="immobile")
    frames = frame_at(np.array([[start, start + span]]), float(ds.fps))
    of_each = OfRecording(frames, [(start, start + span)])
    windows = Windows(WINDOW, dict.fromkeys(range(ds.sizes.get("recording", 1)), of_each))
    _tell_short(ds, int(frames[0, 1]), f"{start:g} to {start + span:g} s")
    return assay_table(labels, _measure, windows, min_visit=0)


def _tell_short(ds: xr.Dataset, stop: int, stretch: str) -> None:
    """Say it where recordings end within the stretch: less of them counts than of others."""
    counts = count_frames(ds)
    short = np.flatnonzero(counts < stop)
    if not len(short):
        return
    fps = float(ds.fps)
    names = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else ["the recording"]
    ends = listed((f"{names[row]} at {counts[row] / fps:.4g} s" for row in short), 4)
    warnings.warn(
        f"the stretch from {stretch} is not whole in recordings that end before: {ends}. Their "
        "shares and latencies are of what is left, as observed says; give begin and length that "
        "all have.",
        AssayNote,
        stacklevel=3,
    )


def _measure(animal: Animal) -> Mapping[str, Array]:
    observed, still = animal.observed("immobile"), animal.time("immobile")
    return {
        "observed": observed,
        "time_immobile": still,
        "share_immobile": share(still, observed),
        "bouts": animal.known("immobile", animal.counts("immobile").bouts),
        "latency_immobile": animal.latency("immobile"),
        "latency_cut": animal.latency_cut("immobile"),
    }
