"""Totals: how much of the time two sources say it took, of whole recordings and bin by bin."""

from __future__ import annotations

import numpy as np

from ethoflow.labels.comparison.frames import Array, Sums, known_to_both, ratio, sum_by_block

LEAST = 0.5
"""Share of a bin that both have to know for it to count."""

FEWEST = 3
"""Bins or animals below which no intraclass correlation is given."""


def sum_bins(x: Array, y: Array, width: int, bin: int) -> dict[str, Array]:
    """Moments of the shares that both give each bin, by the block in which the bin begins.

    Shares are of the frames that both know; bins of which both know less than half do not count.
    """
    known = known_to_both(x, y)
    observed = sum_by_block(known, bin)
    with np.errstate(invalid="ignore"):
        a, b = (sum_by_block(known & (state == 1), bin) / observed for state in (x, y))
    counted = observed >= LEAST * min(bin, len(x))
    block = np.arange(len(observed)) * bin // width
    n_blocks = -(-len(x) // width)
    return {
        name: np.bincount(block[counted], values[counted], n_blocks)
        for name, values in _moments("bin", a, b).items()
    }


def sum_shares(x: Array, y: Array) -> dict[str, Array]:
    """Moments of the shares that both give one whole recording."""
    known = known_to_both(x, y)
    a, b = (np.atleast_1d((state[known] == 1).mean()) for state in (x, y))
    return _moments("total", a, b)


def _moments(name: str, a: Array, b: Array) -> dict[str, Array]:
    return {
        f"{name}_n": np.ones_like(a),
        f"{name}_a": a,
        f"{name}_b": b,
        f"{name}_aa": a * a,
        f"{name}_bb": b * b,
        f"{name}_ab": a * b,
        f"{name}_off": np.abs(b - a),
    }


def icc(sums: Sums, name: str) -> Array:
    """Intraclass correlation ICC(A,1): absolute agreement of single raters, both ways random.

    Source: McGraw & Wong 1996, Psychol. Methods 1:30.
    """
    n, a, b = (sums[f"{name}_{of}"] for of in ("n", "a", "b"))
    aa, bb, ab = (sums[f"{name}_{of}"] for of in ("aa", "bb", "ab"))
    mean = ratio(a + b, 2 * n)
    rows = (aa + bb + 2 * ab) / 2 - 2 * n * mean**2
    between = ratio(a**2 + b**2, n) - 2 * n * mean**2
    rest = aa + bb - 2 * n * mean**2 - rows - between
    of_rows, of_rest = ratio(rows, n - 1), ratio(rest, n - 1)
    bottom = of_rows + of_rest + ratio(2 * (between - of_rest), n)
    is_flat = ~(rows + rest > 1e-12 * np.maximum(n, 1)) | (n < FEWEST)
    return np.where(is_flat, np.nan, ratio(of_rows - of_rest, bottom))


def mean_error(sums: Sums) -> Array:
    """Mean absolute difference of the shares of a bin."""
    return ratio(sums["bin_off"], sums["bin_n"])


def share(sums: Sums, name: str) -> Array:
    """Share of the frames known to both in which one of them has it."""
    every = sums["both"] + sums["only_a"] + sums["only_b"] + sums["neither"]
    return ratio(sums["both"] + sums[f"only_{name}"], every)


def why_totals(sums: Sums, name: str) -> str:
    """Why a measure of totals is not defined."""
    if name.startswith("bin"):
        if not float(sums["bin_n"]):
            return "there is no bin of which both know half"
        few = float(sums["bin_n"]) < FEWEST
        return f"there are fewer than {FEWEST} bins" if few else "all bins have the same share"
    few = float(sums["total_n"]) < FEWEST
    return f"there are fewer than {FEWEST} animals" if few else "all animals have the same share"
