"""Columns of a cohort as a few numbers without scale: scaled, clipped, rotated and whitened.

Scale and axes are those of frames sampled from all recordings, never of one. A frame in which some
columns are missing is where those that are seen say it most likely is (probabilistic principal
components: Tipping & Bishop 1999, J. R. Stat. Soc. B 61:611).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.engine.jit import jit
from ethoflow.errors import DataError

CLIP = 6.0
"""Spreads beyond which a number is no more told from one that far away: tracks that jump."""
ENOUGH = 0.5
"""Share of the columns that have to be seen for a frame to be known."""
LEAST_SPREAD = 1e-6


def fit_projection(columns: Array, components: int) -> dict[str, Array]:
    """Centre, spread and axes of columns, dims (column, frame), of sampled frames.

    Columns that never change or were never seen play no part.

    Raises
    ------
    DataError
        Fewer frames are complete than there are columns.
    """
    x = np.asarray(columns, np.float64)
    seen = ~np.isnan(x)
    count = seen.sum(axis=1)
    some = np.maximum(count, 1)
    centre = np.where(seen, x, 0).sum(axis=1) / some
    away = np.where(seen, x - centre[:, None], 0)
    spread = np.sqrt(np.square(away).sum(axis=1) / some)
    used = (spread > LEAST_SPREAD) & (count > 0)
    complete = seen[used].all(axis=0)
    needed = 2 * int(used.sum())
    if not used.any() or complete.sum() < max(needed, 2):
        raise DataError(
            f"too little to cluster: {int(complete.sum()):,} sampled frames have all "
            f"{int(used.sum())} numbers that are looked at, and {max(needed, 2):,} are needed. "
            "Give longer or more recordings, or leave out body parts that are rarely seen."
        )
    z = np.clip(away[used][:, complete] / spread[used, None], -CLIP, CLIP)
    variance, axes = np.linalg.eigh(np.cov(z))
    kept = min(components, len(variance) - 1) or 1
    variance, axes = np.maximum(variance[::-1], 0), axes[:, ::-1]
    kept = max(min(kept, int((variance > 1e-9 * variance[0]).sum())), 1)
    rest = float(variance[kept:].mean()) if kept < len(variance) else 0.0
    basis = np.zeros((len(x), kept))
    basis[used] = axes[:, :kept] * np.where(axes[np.abs(axes).argmax(axis=0), range(len(axes))] < 0,
                                            -1.0, 1.0)[:kept]  # fmt: skip
    return {
        "centre": centre,
        "spread": np.where(used, spread, 0.0),
        "axes": basis,
        "variance": variance[:kept],
        "noise": np.array(max(rest, 1e-3 * float(variance[kept - 1]))),
        "explained": np.array(variance[:kept].sum() / variance.sum()),
    }


def project(columns: Array, fitted: Mapping[str, Any]) -> Array:
    """Components of every frame, dims (component, time); missing where too little is seen."""
    axes = np.ascontiguousarray(fitted["axes"], np.float64)
    out = np.empty((axes.shape[1], columns.shape[-1]))
    _project(
        np.ascontiguousarray(columns, np.float64),
        np.asarray(fitted["centre"], np.float64),
        np.asarray(fitted["spread"], np.float64),
        axes,
        np.asarray(fitted["variance"], np.float64),
        float(fitted["noise"]),
        CLIP,
        ENOUGH,
        out,
    )
    return out.astype(np.float32)


@jit
def _project(
    x: Array,
    centre: Array,
    spread: Array,
    axes: Array,
    variance: Array,
    noise: float,
    clip: float,
    enough: float,
    out: Array,
) -> None:
    n = variance.size
    used = 0
    for c in range(len(x)):
        used += spread[c] > 0
    loading = np.empty(n)
    for i in range(n):
        loading[i] = np.sqrt(max(variance[i] - noise, 1e-3 * variance[i]))
    row = np.empty(len(x))
    for t in range(x.shape[1]):
        seen = 0
        for c in range(len(x)):
            row[c] = np.nan
            if spread[c] > 0 and x[c, t] == x[c, t]:
                row[c] = min(max((x[c, t] - centre[c]) / spread[c], -clip), clip)
                seen += 1
        if seen < enough * used or seen == 0:
            out[:, t] = np.nan
            continue
        for i in range(n):
            total = 0.0
            for c in range(len(x)):
                total += axes[c, i] * row[c] if row[c] == row[c] else 0.0
            out[i, t] = total / np.sqrt(variance[i]) if seen == used else total * loading[i]
        if seen < used:
            _most_likely(row, axes, loading, variance, noise, out, t)


@jit
def _most_likely(
    row: Array, axes: Array, loading: Array, variance: Array, noise: float, out: Array, t: int
) -> None:
    """Components of a frame in which some columns are missing."""
    n = variance.size
    matrix = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for c in range(row.size):
                total += axes[c, i] * axes[c, j] if row[c] == row[c] else 0.0
            matrix[i, j] = total * loading[i] * loading[j] + (noise if i == j else 0.0)
    _solve(matrix, out, t)
    for i in range(n):
        # What is most likely is nearer to the middle, complete frames too: undone, both agree.
        out[i, t] *= (loading[i] * loading[i] + noise) / (loading[i] * np.sqrt(variance[i]))


@jit
def _solve(matrix: Array, out: Array, t: int) -> None:
    """Solve in place by Cholesky; of `matrix` the lower half is read and overwritten."""
    n = len(matrix)
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = np.sqrt(total) if i == j else total / matrix[j, j]
        for k in range(i):
            out[i, t] -= matrix[i, k] * out[k, t]
        out[i, t] /= matrix[i, i]
    for back in range(n):
        i = n - 1 - back
        for k in range(i + 1, n):
            out[i, t] -= matrix[k, i] * out[k, t]
        out[i, t] /= matrix[i, i]
