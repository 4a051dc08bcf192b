"""What a design can show, before any test of it is run."""

from __future__ import annotations

from collections.abc import Mapping

from ethoflow.stats.choice import check_kind, choose, smallest_p
from ethoflow.stats.contrasts import Pair, Whole, everyone, list_contrasts
from ethoflow.stats.design import Design, plural

WANTED = 0.05


def foresee(design: Design, test: str | None = None) -> str:
    """The test that a design will have, and the smallest p that it can give.

    Parameters
    ----------
    design
        As `find_design` gives it.
    test
        As for `compare`.

    Examples
    --------
    >>> import pandas as pd
    >>> from ethoflow.stats.design import find_design
    >>> table = pd.DataFrame({"cage": [*"abcdef"], "treatment": ["drug", "none"] * 3})
    >>> design = find_design(table, "treatment", unit="cage")
    >>> foresee(design, "permutation")
    'drug - none: permutation of cages, p cannot be below 0.1.'
    """
    kind = check_kind(test)
    names = {"permutation": "permutation of", "ranks": "ranks of", "mixed": "mixed model of"}
    said: dict[str, list[str]] = {}
    for one in list_contrasts(design):
        chosen, floor = _floor(design, one, kind)
        what = names.get(
            chosen, "t test of" if isinstance(one, Pair) else "analysis of variance of"
        )
        bound = f"p cannot be below {floor:.2g}" if floor else "p has no lower bound"
        said.setdefault(f"{what} {plural(design.unit)}, {bound}", []).append(one.label)
    return " ".join(f"{', '.join(labels)}: {what}." for what, labels in said.items())


def tell_floor(design: Design, kind: str | None, n_behaviours: int, correction: str) -> list[str]:
    """What is to be said where no data could give a small p, before any test is run."""
    contrasts = list_contrasts(design)
    floors = smallest_of(design, kind)
    worst = max(floors.values(), default=0.0)
    n = plural(design.unit)
    if worst > WANTED:
        return [
            f"with so few {n} no data can give p below {worst:.2g} in this test: more {n} are "
            "needed, or test='t'."
        ]
    pairs = [floors[one.label] for one in contrasts if isinstance(one, Pair)]
    m = n_behaviours * len(pairs)
    if correction in ("holm", "bonferroni") and pairs and max(pairs) * m > WANTED:
        return [
            f"the smallest p that this test can give is {max(pairs):.2g}, and {max(pairs) * m:.2g} "
            f"when it is corrected for {m} tests: compare fewer behaviours, take "
            "correction='benjamini-hochberg', or test='t'."
        ]
    return []


def smallest_of(design: Design, kind: str | None) -> Mapping[str, float]:
    """The smallest p of each contrast, if no value is missing."""
    return {one.label: _floor(design, one, kind)[1] for one in list_contrasts(design)}


def _floor(design: Design, one: Pair | Whole, kind: str | None) -> tuple[str, float]:
    counts, n_cells = everyone(design)
    if isinstance(one, Whole):
        sizes = counts.tolist()
    else:
        sizes, n_cells = [int(counts[group]) for group in dict.fromkeys(one.groups)], 2
    chosen = choose(one, sizes, kind)
    return chosen, smallest_p(chosen, sizes, n_cells)
