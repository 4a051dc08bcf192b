"""Codes of clusters and syllables, one whole number a frame, as labels."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ethoflow.io.scoring.scored import Float32
from ethoflow.schema import DataError

_CODED = ("syllable", "cluster", "motif", "kmeans", "kmeansat", "hmm", "bsoid", "state", "code")
MOST_CODES = 1000
"""More different numbers than this are no codes of behaviour."""


def names_codes(heading: str) -> str:
    """What the codes in a column are called (``"syllable"``), empty where it holds none.

    Examples
    --------
    >>> names_codes("B-SOiD labels"), names_codes("syllables"), names_codes("latent_state 0")
    ('bsoid', 'syllable', '')
    """
    words: list[str] = re.findall(r"[a-z]+", heading.lower().replace("b-soid", "bsoid"))
    words = [word.removesuffix("s") if word != "kmeans" else word for word in words]
    rest = [word for word in words if word not in ("label", "id", "index", "number")]
    if len(rest) == 1 and rest[0] in _CODED:
        return rest[0]
    return "kmeans" if words[:1] == ["kmeans"] else ""


def labels_of_codes(codes: npt.NDArray[np.float64], name: str) -> tuple[tuple[str, ...], Float32]:
    """One behaviour for every code (``syllable_3``); negative and missing codes are unknown.

    Raises
    ------
    DataError
        The numbers are not whole, or too many to be codes.

    Examples
    --------
    >>> labels_of_codes(np.array([2.0, 0, -1]), "motif")
    (('motif_0', 'motif_2'), array([[ 0.,  1., nan],
           [ 1.,  0., nan]], dtype=float32))
    """
    known = codes[~np.isnan(codes)]
    if (known % 1).any():
        raise DataError(f"the column of {name}s holds numbers with decimals, which are no codes.")
    distinct = np.unique(known[known >= 0]).astype(int)
    if len(distinct) > MOST_CODES:
        raise DataError(
            f"{len(distinct)} different numbers, too many to be codes of {name}s; at most "
            f"{MOST_CODES} are read."
        )
    values = (codes == distinct[:, None]).astype(np.float32)
    values[:, np.isnan(codes) | (codes < 0)] = np.nan
    return tuple(f"{name}_{code}" for code in distinct), values


def numbers_of(cells: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Cells as numbers, NaN where they are empty; None where one is a word."""
    try:
        return np.array(
            [np.nan if c in ("", "NA", "NaN", "nan") else float(c) for c in cells], np.float64
        )
    except ValueError:
        return None
