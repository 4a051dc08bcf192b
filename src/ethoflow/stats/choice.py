"""Which test a contrast gets, and the smallest p that it can give: known before it is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, in_words, no_such
from ethoflow.stats.contrasts import Pair, Whole
from ethoflow.stats.design import LEAST, plural
from ethoflow.stats.permutation import EXACT, RANDOM, floor_of_groups, floor_within
from ethoflow.stats.ranks import floor_of_ranks, floor_of_ranks_within

KINDS: Mapping[str, str] = {
    "permutation": "permutation",
    "t": "t",
    "welch": "welch",
    "anova": "t",
    "ranks": "ranks",
    "mann-whitney": "ranks",
    "wilcoxon": "ranks",
    "kruskal": "ranks",
    "friedman": "ranks",
    "mixed": "mixed",
}
"""Names of tests, and the kind they are of."""

ENOUGH, ENOUGH_PAIRED = 5, 8
"""Units a group, or units of pairs, from which on permutation can give p below 0.01."""
_SAME = 1e-9
"""Values that differ by less than this share of the largest are the same but for rounding."""


class NoTest(Exception):
    """Why a contrast of a behaviour has no p."""


@dataclass(frozen=True)
class Settings:
    """How contrasts are tested.

    `kind` is one of `KINDS` or found, `interval` is ``"bca"``, ``"t"``, ``"none"`` or that of the
    test.
    """

    unit: str
    kind: str | None = None
    interval: str | None = None
    level: float = 0.95
    seed: int = 0


def check_kind(test: str | None) -> str | None:
    """The kind of a test that was asked for by name.

    Raises
    ------
    DataError
        There is none of that name.
    """
    if test is None:
        return None
    name = test.strip().casefold().replace("_", "-").replace(" ", "-")
    if name not in KINDS:
        raise DataError(no_such("test", test, KINDS))
    return KINDS[name]


def choose(contrast: Pair | Whole, sizes: Sequence[int], kind: str | None) -> str:
    """The kind of test of groups of these sizes; what is compared within units has one size."""
    if isinstance(contrast, Whole) and not contrast.alone:
        return "t"
    if kind is not None:
        return kind
    enough = ENOUGH if len(sizes) > 1 else ENOUGH_PAIRED
    return "permutation" if min(sizes) >= enough else "t"


def smallest_p(kind: str, sizes: Sequence[int], n_cells: int) -> float:
    """The smallest p a test can give, whatever the values are; 0 where there is no bound.

    Examples
    --------
    >>> smallest_p("permutation", [3, 3], 1), smallest_p("t", [3, 3], 1)
    (0.1, 0.0)
    """
    if kind in ("t", "welch", "mixed"):
        return 0.0
    if len(sizes) > 1:
        return floor_of_groups(sizes) if kind == "permutation" else floor_of_ranks(sizes)
    if kind == "permutation":
        return floor_within(sizes[0])
    return floor_of_ranks_within(sizes[0], n_cells)


def how_many(n_ways: float) -> str:
    """Whether all ways to permute were gone through."""
    return "exact" if n_ways <= EXACT else f"{RANDOM:,} random"


def check_sizes(sizes: Sequence[int], names: Sequence[str], unit: str) -> None:
    """Refuse groups of which too few units have a value.

    Raises
    ------
    NoTest
        One has fewer than `LEAST`.
    """
    few = [
        f"{n} {plural(unit)}{f' of {name}' if name else ''}"
        for n, name in zip(sizes, names, strict=True)
        if n < LEAST
    ]
    if few:
        raise NoTest(f"only {in_words(few)} have a known value: {LEAST} are needed.")


def check_varied(values: Array, unit: str) -> None:
    """Refuse values that are all the same.

    Raises
    ------
    NoTest
        They are.
    """
    if is_flat(values):
        raise NoTest(
            f"all {plural(unit)} have the same value, {float(values.flat[0]):.4g}: there is "
            "nothing to test."
        )


def is_flat(values: Array, scale: Array | None = None) -> bool:
    """Whether values differ by no more than rounding, of the values of `scale` where given."""
    largest = np.abs(values if scale is None else scale).max()
    return bool(np.ptp(values) <= _SAME * largest)
