"""The levels of a factor in order: the one that others are compared with comes first."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from ethoflow.errors import DataError, in_words, no_such, one_or_many
from ethoflow.stats.levels import as_names

CONTROLS = (
    "control", "controls", "ctrl", "ctl", "vehicle", "veh", "saline", "placebo", "sham", "naive",
    "untreated", "wt", "wildtype", "baseline", "before", "pre", "none", "no",
)  # fmt: skip
"""Words that name what others are compared with."""

UNKNOWN = ("nan", "na", "n/a", "null", "unknown", "missing", "?", "-")
"""What people write where something is not known."""


def order_levels(
    table: pd.DataFrame, conditions: pd.DataFrame, reference: str | Sequence[str] | None
) -> dict[str, tuple[str, ...]]:
    """Levels of each factor that are there: the reference, then the others in their order.

    The order is that of a categorical column, else that of numbers or of the alphabet, 2 before 10.
    The reference is the one named, else the one that is called like a control, else the first.

    Raises
    ------
    DataError
        No factor has the level named as the reference.

    Examples
    --------
    >>> table = pd.DataFrame({"dose": [10, 2, 0], "treatment": ["drug", "vehicle", "drug"]})
    >>> order_levels(table, table.astype(str), None)
    {'dose': ('0', '2', '10'), 'treatment': ('vehicle', 'drug')}
    """
    order = {str(f): _sort(table[f], set(conditions[f])) for f in conditions}
    for name in map(str, one_or_many(reference or [])):
        holders = [factor for factor, levels in order.items() if name in levels]
        if not holders:
            levels = [level for levels in order.values() for level in levels]
            raise DataError(f"reference: {no_such('group', name, levels)}")
        for factor in holders:
            order[factor] = (name, *(level for level in order[factor] if level != name))
    return order


def _sort(column: pd.Series, there: set[str]) -> tuple[str, ...]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = as_names(pd.Series(column.cat.categories))
        return tuple(name for name in known if name in there)
    numbers = pd.to_numeric(pd.Series(sorted(there)), errors="coerce")
    names = sorted(there, key=_natural)
    if numbers.notna().all():
        return tuple(name for _, name in sorted(zip(numbers, sorted(there), strict=True)))
    controls = [name for name in names if _is_control(name)]
    return (*controls, *(name for name in names if name not in controls))


def _natural(name: str) -> list[tuple[int, float, str]]:
    """A key that puts `2 mg` before `10 mg`."""
    parts = re.split(r"(\d+(?:\.\d+)?)", name)
    return [(0, float(part), "") if k % 2 else (1, 0.0, part) for k, part in enumerate(parts)]


def tell_alike(conditions: pd.DataFrame) -> list[str]:
    """Sentences on levels that may be one level typed twice, or no level at all.

    Examples
    --------
    >>> tell_alike(pd.DataFrame({"drug": ["Saline", "saline", "CNO"]}))
    ["drug has both 'Saline' and 'saline', which were taken for different groups."]
    """
    told = []
    for factor in conditions:
        names = sorted(conditions[factor].dropna().unique(), key=str)
        same: dict[str, list[str]] = {}
        for name in (one for one in names if len(one) > 2):  # AA and Aa are genotypes
            plain = re.sub(r"(?<=\w)[\s_-]+(?=\w)", "", name.casefold())
            same.setdefault(plain if re.search(r"[^\W\d]", plain) else name, []).append(name)
        for those in same.values():
            if len(those) > 1:
                both = in_words([repr(name) for name in those])
                told.append(f"{factor} has both {both}, which were taken for different groups.")
        told += [
            f"{factor} is {name!r} in some rows, which was taken for a group: leave the cell empty "
            "where it is not known."
            for name in names
            if name.casefold() in UNKNOWN
        ]
    return told


def _is_control(name: str) -> bool:
    words = re.split(
        r"[\W_]+", name.casefold().replace("wild-type", "wt").replace("wild type", "wt")
    )
    return any(word in CONTROLS for word in words)
