"""Small recordings of random walks, for tests that need any tracks at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ethoflow.schema import make_tracks, text

PARTS = ("Nose", "Left_ear", "Center", "Tail_base")


def walk(
    n_frames: int = 600,
    *,
    n_individuals: int = 2,
    seed: int = 0,
    name: str = "walk",
    units: str = "px",
    fps: float = 25.0,
) -> xr.Dataset:
    """One recording: animals that wander and drift together, with gaps and low confidence."""
    rng = np.random.default_rng([seed, n_frames])
    centre = np.cumsum(rng.normal(0, 2, (n_individuals, 1, 2, n_frames)), axis=-1) + 300
    shape = rng.normal(0, 1, (1, len(PARTS), 2, 1)) * 15
    position = centre + shape + rng.normal(0, 0.3, (n_individuals, len(PARTS), 2, n_frames))
    gone = rng.random((n_individuals, len(PARTS), 1, n_frames)) < 0.02
    position[np.broadcast_to(gone, position.shape)] = np.nan
    confidence = 1 - rng.random((n_individuals, len(PARTS), n_frames)) ** 4
    return make_tracks(
        position, fps=fps, bodyparts=PARTS, confidence=confidence, recording=name, units=units
    )


def cohort(lengths: Sequence[int], *, first_seed: int = 0, first_name: int = 0) -> xr.Dataset:
    """Recordings of several lengths, padded with NaN to the longest."""
    longest = max(lengths)
    singles = [
        walk(n, seed=first_seed + i, name=f"mouse_{first_name + i:02d}")
        for i, n in enumerate(lengths)
    ]
    data = {}
    for variable in ("position", "confidence"):
        padded = [
            np.pad(
                ds[variable].values,
                [(0, 0)] * (ds[variable].ndim - 1) + [(0, longest - n)],
                constant_values=np.nan,
            )
            for ds, n in zip(singles, lengths, strict=True)
        ]
        dims = ("recording", *singles[0][variable].dims)
        data[variable] = (dims, np.stack(padded), singles[0][variable].attrs)
    shared = singles[int(np.argmax(lengths))]
    return xr.Dataset(
        data,
        coords={
            **{n: shared[n].variable for n in ("individual", "bodypart", "space", "time", "role")},
            "fps": shared.fps.variable,
            "recording": text([str(ds.recording.values) for ds in singles]),
            "n_frames": ("recording", np.array(lengths, np.int64)),
            "animal": (
                ("recording", "individual"),
                np.stack([ds.animal.values for ds in singles]),
            ),
            "treatment": ("recording", text(["control", "stress"] * len(lengths))[: len(lengths)]),
        },
    )
