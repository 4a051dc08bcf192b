"""What a comparison found, in words for a paper."""

from __future__ import annotations

import math

import pandas as pd

from ethoflow.errors import DataError, no_column
from ethoflow.stats.design import plural

SLOPE = "slope over "
"""What contrasts of slopes begin with."""
NEEDED = ("behaviour", "contrast", "test", "unit", "n_each", "estimate", "low", "high", "p", "note")


def sentences(table: pd.DataFrame) -> list[str]:
    """A sentence per row of a comparison: difference, interval, effect size, test, n and p.

    Numbers are in the units of the value that was compared, a share being between 0 and 1. What has
    no test says why.

    Parameters
    ----------
    table
        What `ef.stats.compare` gives, or some of its rows.

    Raises
    ------
    DataError
        The table is another.

    Examples
    --------
    >>> from ethoflow.stats.compare import compare
    >>> table = pd.DataFrame({"animal": [*"abcdef"], "drug": ["no"] * 3 + ["yes"] * 3,
    ...     "share": [0.1, 0.2, 0.3, 0.5, 0.6, 0.7]})
    >>> sentences(compare(table, by="drug"))[0].split("; ")[1]
    't test, t(4) = 4.9, n = 3 + 3 animals'
    """
    for name in NEEDED:
        if name not in table:
            raise DataError(
                "sentences are of what ef.stats.compare gives: "
                f"{no_column(name, map(str, table.columns))}"
            )
    level = float(table.attrs.get("level", math.nan))
    return [_sentence(row, level) for _, row in table.iterrows()]


def _sentence(row: pd.Series, level: float) -> str:
    head = f"{str(row['behaviour']).replace('_', ' ')}, {row['contrast']}: "
    if not math.isfinite(row["p"]):
        return f"{head}not tested, {row['note'] or 'no p is known'}"
    effect, size, least, most = (
        row.get(name) for name in ("effect", "effect_size", "effect_low", "effect_high")
    )
    found = [
        _with_interval(_quantity(row), row["estimate"], row["low"], row["high"], level),
        _with_interval(str(effect), _number(size), _number(least), _number(most), level),
    ]
    told = ", ".join(part for part in found if part)
    return f"{head}{told + '; ' if told else ''}{_test(row)}; {_p(row)}."


def _quantity(row: pd.Series) -> str:
    """What the estimate is: the slope of one group, else a difference."""
    alone = str(row["contrast"]).startswith(SLOPE) and "+" not in str(row["n_each"])
    return "slope" if alone else "difference"


def _number(value: object) -> float:
    return float(value) if isinstance(value, float) else math.nan


def _with_interval(name: str, value: float, low: float, high: float, level: float) -> str:
    if not math.isfinite(value):
        return ""
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{name} {value:.3g}"
    share = f"{level:.0%} " if math.isfinite(level) else ""
    return f"{name} {value:.3g} ({share}CI {low:.3g} to {high:.3g})"


def _test(row: pd.Series) -> str:
    statistic, df = _number(row.get("statistic")), str(row.get("df", ""))
    letter = "F" if "," in df else "t"
    number = f", {letter}({df}) = {statistic:.3g}" if df and math.isfinite(statistic) else ""
    test = str(row["test"]).replace("(exact)", f"(exact) of {plural(str(row['unit']))}")
    animals = row.get("n_animals")
    of = ""
    if row["unit"] != "animal" and animals is not None and not pd.isna(animals):
        of = f" ({int(animals)} animals)"
    return f"{test}{number}, n = {row['n_each']} {plural(str(row['unit']))}{of}"


def _p(row: pd.Series) -> str:
    found = _said("p", float(row["p"]))
    correction = str(row.get("correction", "none"))
    adjusted = _number(row.get("p_adjusted"))
    if correction not in ("", "none") and math.isfinite(adjusted) and adjusted != row["p"]:
        found += f", {_said('p', adjusted)} corrected ({correction.capitalize()})"
    floor = _number(row.get("p_smallest"))
    return found + (
        f"; the smallest p that so many units can give is {floor:.2g}" if floor > 0 else ""
    )


def _said(name: str, p: float) -> str:
    return f"{name} < 0.001" if p < 0.001 else f"{name} = {p:.3g}"
