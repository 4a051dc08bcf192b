"""Which contrasts a design has: effects of its factors, and pairs of the levels of the first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.stats.design import Design
from ethoflow.stats.means import contrasts_for, effects_of


@dataclass(frozen=True)
class Pair:
    """Two levels of a factor, in one combination of the others; `groups` or `cells` differ."""

    label: str
    groups: tuple[int, int]
    cells: tuple[int, int]
    names: tuple[str, str]
    family: str = "pairs"

    @property
    def paired(self) -> bool:
        """Whether the two are conditions of the same units."""
        return self.groups[0] == self.groups[1]


@dataclass(frozen=True)
class Whole:
    """An effect of one factor over all its levels, or an interaction of several."""

    label: str
    between: Array = field(repr=False)
    within: Array = field(repr=False)
    alone: bool
    """Whether the design has this factor alone."""

    @property
    def family(self) -> str:
        """Effects of one kind are corrected together, over behaviours."""
        return self.label


def list_contrasts(design: Design) -> list[Pair | Whole]:
    """Effects first, then pairs; of one factor of two levels the pair alone."""
    factors = list(design.by)
    if len(factors) == 1 and len(design.by[factors[0]]) == 2:
        return list(_pairs(design))
    return [*_wholes(design), *_pairs(design)]


def _wholes(design: Design) -> Iterator[Whole]:
    def of(factors: tuple[str, ...], active: tuple[str, ...]) -> Array:
        sizes = [len(design.by[factor]) for factor in factors]
        return contrasts_for(sizes, [factor in active for factor in factors])

    for active in effects_of(list(design.by)):
        yield Whole(
            " × ".join(active),
            of(design.between, active),
            of(design.within, active),
            len(design.by) == 1,
        )


def _pairs(design: Design) -> Iterator[Pair]:
    first, *others = design.by
    groups = list(itertools.product(*(design.by[f] for f in design.between)))
    cells = list(itertools.product(*(design.by[f] for f in design.within)))
    for rest in itertools.product(*(design.by[f] for f in others)):
        fixed = dict(zip(others, rest, strict=True))
        for base, other in itertools.combinations(design.by[first], 2):
            places = []
            for level in (base, other):
                chosen = {**fixed, first: level}
                places.append(
                    (
                        groups.index(tuple(chosen[f] for f in design.between)),
                        cells.index(tuple(chosen[f] for f in design.within)),
                    )
                )
            where = ", ".join(f"{factor} {level}" for factor, level in fixed.items())
            yield Pair(
                f"{other} - {base}" + (f" ({where})" if where else ""),
                (places[0][0], places[1][0]),
                (places[0][1], places[1][1]),
                (base, other),
            )


def everyone(design: Design) -> tuple[Array, int]:
    """How many units each group has, and how many cells each unit."""
    sizes = design.n_units
    groups = itertools.product(*(design.by[f] for f in design.between))
    counts = np.array([sizes[cell] for cell in groups])
    return counts, int(np.prod([len(design.by[f]) for f in design.within], dtype=int))
