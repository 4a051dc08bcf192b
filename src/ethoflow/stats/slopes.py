"""How groups change over sessions, days or doses: mixed models with a line for every unit."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, in_words, listed, no_column
from ethoflow.stats import effects
from ethoflow.stats.choice import NoTest
from ethoflow.stats.compare import ComparisonNote, finish_table
from ethoflow.stats.corrections import CORRECTIONS
from ethoflow.stats.design import LEAST, Design, column_of, find_design, plural
from ethoflow.stats.levels import as_names, find_levels, with_index
from ethoflow.stats.lines import Lines, fit_lines, make_lines
from ethoflow.stats.reml import Fit
from ethoflow.stats.sentences import SLOPE
from ethoflow.stats.units import call, make_longs, means_at

NAME = "mixed model of slopes (Kenward-Roger)"


def compare_slopes(
    table: pd.DataFrame,
    *,
    over: str,
    by: str | None = None,
    value: str | list[str] = "share",
    unit: str | None = None,
    correction: str = "holm",
    level: float = 0.95,
    reference: str | None = None,
    animal: str | None = None,
    independent: str | None = None,
    absent: float | None = None,
) -> pd.DataFrame:
    """How a behaviour changes over a number (sessions, days, doses), and whether groups differ.

    Every unit has a straight line of its own, which differs at random from that of its group
    (random intercepts and slopes); where units hold several animals, so has every animal. A model
    that leaves out that slopes differ takes the occasions for independent and finds changes where
    there are none. Occasions may be missing and need not be the same for all. Fitted by restricted
    maximum likelihood, tested as Kenward & Roger 1997, Biometrics 53:983, say.

    Parameters
    ----------
    table
        As for `compare`, with rows of several occasions of an animal.
    over
        The column of the number that things change over.
    by
        The column of the condition, one thing in each unit; without one all are one group.
    value, unit, correction, level, reference, animal, independent, absent
        As for `compare`.

    Returns
    -------
    DataFrame
        The columns of `compare`. Rows of each behaviour: the slope of each group, per 1 of `over`;
        the difference of slopes of every two groups, and of more than two the interaction; the
        difference of the groups' lines in the middle of the occasions. Note says what to know of a
        fit: that units do not differ in a slope more than the noise (a singular fit).

    Raises
    ------
    DataError
        As for `compare`; `over` is no column of numbers; the condition differs within units.

    Warns
    -----
    ComparisonNote
        What was left out, or cannot be said.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> table = pd.DataFrame({"animal": np.repeat([*"abcdefgh"], 5), "day": [*range(5)] * 8,
    ...     "drug": ["no"] * 20 + ["yes"] * 20, "share": rng.normal(0.5, 0.01, 40)})
    >>> level, slope = (np.repeat(one, 5) for one in rng.normal(0.02, 0.02, (2, 8)))
    >>> table["share"] += level + slope * table.day
    >>> found = compare_slopes(table, by="drug", over="day")
    >>> found[["contrast", "df"]].values.tolist()[2]
    ['slope over day: yes - no', '6']
    """
    if correction not in CORRECTIONS or not 0 < level < 1:
        raise DataError(f"correction is one of {listed(CORRECTIONS)}, and level between 0 and 1.")
    table = with_index(table)
    if over not in table:
        raise DataError(f"over: {no_column(over, map(str, table.columns))}")
    numbers = _occasions(table[over], over)
    if by is None:
        design = _one_group(table, over, unit, animal)
    else:
        design = find_design(
            table, by, unit=unit, animal=animal, independent=independent, reference=reference
        )
        if design.within:
            raise DataError(
                f"{by} differs within {plural(design.unit)}: slopes are compared between them. "
                f"Compare with ef.stats.compare(by=[{by!r}, {over!r}])."
            )
    design = _with_occasions(design, over, numbers)
    longs, notes = make_longs(table, design, value, absent)
    rows = []
    for name, long in longs.items():
        means = means_at(long, design, 1 if "animal" in long else 0)
        for behaviour in dict.fromkeys(long["behaviour"]):
            part = means[means["behaviour"] == behaviour]
            head = {"behaviour": call(behaviour, name, longs), "unit": design.unit}
            own = long[(long["behaviour"] == behaviour) & long["value"].notna()]
            for row, named in _rows(part, design, by, over, level):
                whose = own[own[column_of(by)].isin(named)] if by else own
                rows.append({**head, **_count(whose), **row})
    found = finish_table(rows, [str(row.pop("family")) for row in rows], correction)
    notes = [*design.notes, *notes, *_tell(found)]
    found.attrs.update(design=str(design), notes=notes, level=level)
    for note in notes:
        warnings.warn(note, ComparisonNote, stacklevel=2)
    return found


def _occasions(column: pd.Series, over: str) -> pd.Series:
    """The numbers of a column, which texts such as those of a table of metadata may stand for."""
    numbers = pd.to_numeric(as_names(column), errors="coerce").astype(float)
    odd = column[numbers.isna() & column.notna()]
    if len(odd) or pd.api.types.is_bool_dtype(column) or not np.isfinite(numbers).any():
        raise DataError(
            f"over: {over} must be a column of numbers, as a slope is per 1 of it; found "
            f"{listed(dict.fromkeys(map(str, odd if len(odd) else column)), 3)}. Number the "
            "sessions, or give dates as days since the first; names are compared with "
            "ef.stats.compare(by=[...])."
        )
    return numbers.where(np.isfinite(numbers))


def _one_group(table: pd.DataFrame, over: str, unit: str | None, animal: str | None) -> Design:
    """The design of units that all are of one group."""
    levels = find_levels(table, [over], animal)
    name = unit or "animal"
    if name == "animal" and name not in levels.ids:
        raise DataError("nothing in the table says which rows are of one animal: name unit=.")
    rows = pd.DataFrame({"unit": levels.resolve(name, table)})
    for finer in ("animal", "recording"):
        if finer in levels.ids:
            rows[finer] = levels.ids[finer]
    return Design({}, name, (), (), rows[rows["unit"].notna()], levels.notes)


def _with_occasions(design: Design, over: str, numbers: pd.Series) -> Design:
    """The same with the occasions as a factor within units."""
    rows = design.rows.assign(**{column_of(over): numbers.loc[design.rows.index]})
    known = rows[column_of(over)].notna()
    lost = int((~known).sum())
    rows = rows[known]
    occasions = tuple(f"{number:g}" for number in sorted(rows[column_of(over)].unique()))
    if len(occasions) < LEAST:
        raise DataError(
            f"over: {over} is {in_words(occasions)} alone. A line through two points leaves "
            f"nothing for the noise: a slope needs {LEAST} occasions or more; two are compared "
            "with ef.stats.compare."
        )
    said = (f"{lost} rows have no {over}, and were left out.",) if lost else ()
    return replace(
        design,
        by={**design.by, over: occasions},
        within=(over,),
        rows=rows,
        notes=(*design.notes, *said),
    )


def _count(known: pd.DataFrame) -> dict[str, object]:
    return {
        f"n_{level}s": int(known[level].nunique()) if level in known else None
        for level in ("animal", "recording")
    }


def _rows(
    means: pd.DataFrame, design: Design, by: str | None, over: str, level: float
) -> Iterator[tuple[dict[str, object], tuple[str, ...]]]:
    """Rows of one behaviour, and the groups each is of; with the reason where there is no p."""
    groups = design.by[by] if by else ("all",)
    contrasts = list(_contrasts(groups, by, over))
    try:
        lines = make_lines(means, groups, by, over)
        found = fit_lines(lines, groups, design.unit)
    except NoTest as reason:
        for label, family, _ in contrasts:
            yield {"contrast": label, "family": family, "note": str(reason)}, groups
        return
    sizes = [len(np.unique(lines.unit[lines.group == k])) for k in range(len(groups))]
    shared = {"test": NAME, "p_smallest": 0.0, "note": _say_singular(found, lines, design.unit)}
    for label, family, contrast in contrasts:
        used = [k for k in range(len(groups)) if np.abs(contrast[:, 2 * k : 2 * k + 2]).any()]
        scaled = contrast / np.where(np.arange(contrast.shape[1]) % 2, lines.spread, 1.0)
        middle = "" if family != "middles" else f"at {over} {lines.centre:.4g}: "
        row: dict[str, object] = {
            **shared,
            "contrast": middle + label,
            "family": family,
            "n_units": sum(sizes[k] for k in used),
            "n_each": " + ".join(str(sizes[k]) for k in used),
            **_test(found, scaled, level),
        }
        yield row, tuple(groups[k] for k in used)


def _contrasts(
    groups: tuple[str, ...], by: str | None, over: str
) -> Iterator[tuple[str, str, Array]]:
    """Names, families and weights of what is tested; effects are (middle, slope) of each group."""
    eye = np.eye(2 * len(groups))
    middles, slopes = eye[::2], eye[1::2]
    pairs = list(itertools.combinations(range(len(groups)), 2))
    for k, group in enumerate(groups):
        yield f"{SLOPE}{over}: {group}", "slopes", slopes[k : k + 1]
    if len(groups) > 2:
        yield f"{by} × {over}", "interaction", slopes[1:] - slopes[:1]
    for i, j in pairs:
        label = f"{groups[j]} - {groups[i]}"
        yield f"{SLOPE}{over}: {label}", "differences", slopes[j : j + 1] - slopes[i : i + 1]
    for i, j in pairs:
        label = f"{groups[j]} - {groups[i]}"
        yield label, "middles", middles[j : j + 1] - middles[i : i + 1]


def _test(fit: Fit, contrast: Array, level: float) -> Mapping[str, object]:
    from scipy.special import fdtrc

    f, many, df = fit.test(contrast)
    found: dict[str, object] = {"statistic": f, "df": f"{many:g}, {df:.4g}"}
    if many == 1:
        estimate = float((contrast @ fit.beta).item())
        error = float(np.sqrt((contrast @ fit.covariance @ contrast.T).item()))
        low, high = effects.t_interval(estimate, error, df, level)
        found = {"estimate": estimate, "low": low, "high": high, "interval": "t",
                 "statistic": estimate / error, "df": f"{df:.4g}"}  # fmt: skip
    return {**found, "p": float(fdtrc(many, df, f))}


def _say_singular(fit: Fit, lines: Lines, unit: str) -> str:
    named = [plural(unit), f"animals of one {unit}"]
    if not fit.singular:
        return ""
    who = in_words([named[k] for k in fit.singular])
    return (
        f"singular fit: {who} do not differ in level or slope by more than the noise, or the two "
        "go together wholly, as far as so few tell. p is right or too large."
    )


def _tell(found: pd.DataFrame) -> list[str]:
    told = []
    for note, part in found[found["note"] != ""].groupby("note", sort=False):
        names = listed(dict.fromkeys(part["behaviour"]), 5)
        told.append(f"{names}: {note}" if part["p"].notna().all() else f"no p for {names}: {note}")
    return told
