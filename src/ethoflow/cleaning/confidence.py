"""Points the tracker itself does not believe in."""

from __future__ import annotations

import numpy as np

from ethoflow.engine import step
from ethoflow.engine.declare import Array


@step(pointwise=("bodypart",))
def mask_low_confidence(
    position: Array, confidence: Array, *, min_confidence: float = 0.6
) -> Array:
    """Positions whose confidence is at least `min_confidence`; the others become missing.

    A point without any confidence (NaN: the tracker gives none) is kept.

    Parameters
    ----------
    position
        Dims (bodypart, space, time).
    confidence
        Dims (bodypart, time).
    min_confidence
        In the tracker's own scale, default 0.6.

    Examples
    --------
    >>> import ethoflow as ef, numpy as np
    >>> ds = ef.from_arrays(
    ...     np.ones((1, 1, 2, 3)), fps=25, bodyparts=["nose"],
    ...     confidence=np.array([[[0.9, 0.1, np.nan]]]))
    >>> mask_low_confidence(ds).position.sel(space="x").values.ravel()
    array([ 1., nan,  1.], dtype=float32)
    """
    low = confidence < np.float32(min_confidence)
    return np.where(low[:, np.newaxis], np.float32(np.nan), position)
