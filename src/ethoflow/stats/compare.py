"""Comparisons between groups: one row per behaviour and contrast, the sample being the unit."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

import numpy as np
import pandas as pd

from ethoflow.errors import DataError, listed, no_such, one_or_many
from ethoflow.stats.choice import NoTest, Settings, check_kind
from ethoflow.stats.contrasts import Pair, Whole, list_contrasts
from ethoflow.stats.corrections import CORRECTIONS, correct
from ethoflow.stats.design import Design, find_design, plural
from ethoflow.stats.exposure import tell_never
from ethoflow.stats.foresight import tell_floor
from ethoflow.stats.levels import with_index
from ethoflow.stats.pairs import involved, pair_row
from ethoflow.stats.units import Sample, make_samples
from ethoflow.stats.wholes import effect_row

COLUMNS = (
    "behaviour", "contrast", "test", "unit", "n_units", "n_animals", "estimate", "low", "high",
    "p", "p_adjusted", "p_smallest", "n_recordings", "n_each", "statistic", "df", "interval",
    "effect", "effect_size", "effect_low", "effect_high", "correction", "note",
)  # fmt: skip
"""Columns of the table that `compare` gives."""

_NUMBERS = (
    "estimate", "low", "high", "p", "p_adjusted", "p_smallest", "statistic", "effect_size",
    "effect_low", "effect_high",
)  # fmt: skip


class ComparisonNote(UserWarning):
    """What was left out of a comparison, assumed for it, or cannot be said from it."""


def compare(
    table: pd.DataFrame,
    *,
    by: str | Sequence[str],
    unit: str | None = None,
    value: str | Sequence[str] = "share",
    test: str | None = None,
    correction: str = "holm",
    interval: str | None = None,
    level: float = 0.95,
    reference: str | Sequence[str] | None = None,
    animal: str | None = None,
    independent: str | None = None,
    absent: float | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Differences between groups, a row per behaviour and contrast; units are the sample.

    The unit is the level at which the condition varies: the cage where cage mates have the same
    condition, the animal where they have different ones. Rows are averaged per recording, then per
    animal, then per unit. A condition that differs within units is compared within them. Two
    groups are compared by a t test on the means of units where a group has fewer than five of
    them, else by permutation of units (within units: fewer than eight). More groups have a row for
    all of them, then one for each pair; several factors have a row for each effect and interaction
    (analysis of variance, type III, Greenhouse-Geisser within units), then pairs of the first
    factor at each level of the others.

    Parameters
    ----------
    table
        A tidy table such as `ef.time_budget` gives: a row per animal and behaviour, with columns
        for the conditions and, where there are any, `recording`, `animal`, `cage` and `litter`.
    by
        The column of the condition, or up to three columns; time bins are one like others.
    unit
        The level or column that is the sample. By default it is found.
    value
        The column that is compared, or several.
    test
        ``permutation``, ``t``, ``welch``, ``ranks`` (Mann-Whitney, Wilcoxon, Kruskal-Wallis or
        Friedman, which are names as well), ``anova`` or ``mixed``.
    correction
        Over behaviours (and pairs): ``holm``, ``benjamini-hochberg``, ``bonferroni`` or ``none``.
    interval
        ``bca`` (bootstrap over units), ``t`` or ``none``; by default ``bca`` for permutation and
        ranks of ten units a group and more, else ``t``.
    level
        Of the intervals.
    reference
        The group that others are compared with; by default one called like a control, else the
        first.
    animal
        The column that names animals, where it is called otherwise; ``"recording"`` where every
        recording has its own.
    independent
        A level whose members are taken as independent though the condition was given to more than
        one of them at once, or though they are of one animal: ``"animal"``, ``"recording"``,
        ``"row"``.
    absent
        What a behaviour is worth in a recording that has rows of others and none of it. By default
        0 for shares, times and counts; else it is not known.
    seed
        Of what is drawn at random.

    Returns
    -------
    DataFrame
        behaviour, contrast, test, unit, n_units, n_animals; estimate: the difference of means, with
        low and high, in units of the value; p, p_adjusted; p_smallest: the smallest p that the test
        can give with so many units, 0 where there is no bound; n_recordings, n_each (units of each
        group), statistic, df, interval, effect with effect_size, effect_low and effect_high,
        correction; note: why there is no p. ``table.attrs["design"]`` says the design,
        ``table.attrs["notes"]`` what was left out, and ``table.attrs["level"]`` that of intervals;
        `ef.stats.sentences` puts rows into words.

    Raises
    ------
    DataError
        A column is not there; there is one group alone, or a group of fewer than three units; the
        unit named would treat cage mates, sessions of one animal or bins as independent.

    Warns
    -----
    ComparisonNote
        What was left out, or cannot be said.

    Examples
    --------
    >>> cages = [f"c{i // 2}" for i in range(12)]
    >>> drug = ["saline" if i < 6 else "drug" for i in range(12)]
    >>> table = pd.DataFrame({"animal": [f"m{i}" for i in range(12)], "cage": cages,
    ...     "treatment": drug, "share": [.1, .2, .2, .3, .2, .2, .4, .5, .4, .4, .6, .5]})
    >>> found = compare(table, by="treatment")
    >>> found[["contrast", "test", "unit", "n_units", "n_animals"]].values.tolist()
    [['drug - saline', 't test', 'cage', 6, 12]]
    >>> found[["estimate", "p", "p_smallest"]].round(3).values.tolist()
    [[0.267, 0.007, 0.0]]
    """
    _check_settings(correction, interval, level)
    kind = check_kind(test)
    design = find_design(
        table, by, unit=unit, animal=animal, independent=independent, reference=reference
    )
    table = with_index(table)  # the rows that the design is of
    settings = Settings(design.unit, kind, interval, level, seed)
    samples, notes = make_samples(table, design, value, absent)
    contrasts = list_contrasts(design)
    notes = [
        *design.notes,
        *notes,
        *_tell_norm(table, value),
        *tell_floor(design, kind, len(samples), correction),
        *tell_never(table, value),
    ]
    rows = [
        {
            "behaviour": behaviour,
            "contrast": one.label,
            "unit": design.unit,
            **_row(one, sample, settings),
        }
        for behaviour, sample in samples.items()
        for one in contrasts
    ]
    families = [one.family for _ in samples for one in contrasts]
    found = finish_table(rows, families, correction)
    notes += _tell_rows(found) + _tell_lost(samples, design)
    found.attrs.update(design=str(design), notes=list(notes), level=level)
    for note in notes:
        warnings.warn(note, ComparisonNote, stacklevel=2)
    return found


def finish_table(
    rows: Sequence[Mapping[str, object]], families: Sequence[str], correction: str
) -> pd.DataFrame:
    """The table of a comparison from its rows, p corrected within each family."""
    found = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    for column in _NUMBERS:
        found[column] = found[column].astype(float)
    for column in ("n_units", "n_animals", "n_recordings"):
        found[column] = found[column].astype("Int64")  # missing where the table does not say
    found["p_adjusted"] = correct(found["p"].to_numpy(), families, correction)
    found["correction"] = correction
    for column in ("test", "n_each", "df", "interval", "effect", "note"):
        found[column] = found[column].astype(object).where(found[column].notna(), "")
    return found


def _check_settings(correction: str, interval: str | None, level: float) -> None:
    if find_spec("scipy") is None:
        raise DataError('comparisons need SciPy: pip install "ethoflow[stats]".')
    if correction not in CORRECTIONS:
        raise DataError(no_such("correction", correction, CORRECTIONS))
    if interval not in (None, "bca", "t", "none"):
        raise DataError(no_such("interval", interval, ("bca", "t", "none")))
    if not 0 < level < 1:
        raise DataError(f"level is a share between 0 and 1, such as 0.95; found {level}.")


def _row(contrast: Pair | Whole, sample: Sample, settings: Settings) -> dict[str, object]:
    part = involved(contrast, sample) if isinstance(contrast, Pair) else sample
    people: dict[str, object] = {
        "n_units": len(part.values),
        "n_animals": len(frozenset().union(*part.animals)) or None,
        "n_recordings": len(frozenset().union(*part.recordings)) or None,
    }
    try:
        if isinstance(contrast, Pair):
            return {**people, **pair_row(contrast, part, settings)}
        return {**people, **effect_row(contrast, part, settings)}
    except NoTest as reason:
        return {**people, "note": str(reason)}


def _tell_norm(table: pd.DataFrame, value: str | Sequence[str]) -> list[str]:
    """A sentence where deviations from a norm are compared with those of the norm itself."""
    if "deviation" not in one_or_many(value) or "n_reference" not in table:
        return []
    return [
        "deviations of one group are held against a norm that the other is, which all of them "
        "share: p is too small (of eight units a group 8 % are found by chance). "
        "ef.stats.separation tests whether groups differ."
    ]


def _tell_rows(found: pd.DataFrame) -> list[str]:
    """Each reason why there is no p, once."""
    told = []
    for note, part in found[found["note"] != ""].groupby("note", sort=False):
        told.append(f"no p for {listed(dict.fromkeys(part['behaviour']), 5)}: {note}")
    return told


def _tell_lost(samples: Mapping[str, Sample], design: Design) -> list[str]:
    lost = {name: sample.n_lost for name, sample in samples.items() if sample.n_lost}
    if not lost:
        return []
    most = int(np.max(list(lost.values())))
    return [
        f"up to {most} {plural(design.unit)} have no known value of {listed(lost, 5)}"
        f"{' in all conditions' if design.within else ''}, and were left out of it: see n_units."
    ]
