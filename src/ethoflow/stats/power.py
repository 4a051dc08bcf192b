"""How many units a study needs: power by drawing units of a pilot again, at a stated difference."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.stats.choice import is_flat
from ethoflow.stats.compare import ComparisonNote
from ethoflow.stats.design import Design, find_design
from ethoflow.stats.levels import with_index
from ethoflow.stats.units import Sample, make_samples

DRAWS = 4000
ENOUGH_PILOT = 10
"""Units of a pilot below which how much they differ is hardly known."""


def power(
    table: pd.DataFrame,
    *,
    by: str,
    n: Sequence[int] = (3, 4, 5, 6, 8, 10, 12, 16, 20, 30),
    difference: float | None = None,
    value: str = "share",
    unit: str | None = None,
    animal: str | None = None,
    independent: str | None = None,
    alpha: float = 0.05,
    wanted: float = 0.8,
    seed: int = 0,
) -> pd.DataFrame:
    """The chance of finding a difference with so many units a group, and the smallest one found.

    Units of the pilot (cages where cages were given the condition) are drawn again, the means of
    their groups taken away and the difference put in; a t test is made of each draw. What units
    differ by is that of the pilot: of few units it is hardly known, and this is said.

    Parameters
    ----------
    table
        A pilot, as `ef.stats.compare` takes it; two groups, or two conditions within units.
    by
        The column of the condition.
    n
        Units of each group (or pairs).
    difference
        Between the means, in units of the value. Name the smallest that would matter; by default
        that of the pilot, which is mostly too large where it was chosen for being found.
    value, unit, animal, independent
        As for `ef.stats.compare`.
    alpha
        At which p a difference counts as found, after correction for what else is tested.
    wanted
        Power at which a difference counts as detectable.
    seed
        Of what is drawn.

    Returns
    -------
    DataFrame
        A row per behaviour and n: behaviour, contrast, unit, n_pilot (units that were drawn from),
        n (a group), difference, power, detectable: the smallest difference with the power wanted;
        note, where there is no power because nothing varies.

    Raises
    ------
    DataError
        As `ef.stats.compare`; not two groups; fewer than three units are asked for.

    Warns
    -----
    ComparisonNote
        The pilot is small; the difference is its own.

    Examples
    --------
    >>> table = pd.DataFrame({"animal": [f"m{i}" for i in range(12)], "group": [*"ab"] * 6,
    ...     "share": [.1, .3, .2, .3, .2, .4, .15, .35, .1, .4, .2, .3]})
    >>> found = power(table, by="group", difference=0.1, n=[4, 12])
    >>> found.power.between(0, 1).all(), bool(found.power[1] > found.power[0])
    (np.True_, True)
    """
    design = find_design(table, by, unit=unit, animal=animal, independent=independent)
    if len(design.by[by]) != 2:
        raise DataError(f"power is of two groups, and {by} has {len(design.by[by])}: choose two.")
    if not n or min(n) < 3 or not 0 < alpha < 1 or not 0 < wanted < 1:
        raise DataError("n must be three units a group or more, alpha and wanted between 0 and 1.")
    samples, notes = make_samples(with_index(table), design, value, None)
    first, second = design.by[by]
    notes = [*design.notes, *notes, *_tell(samples, difference)]
    rows = []
    for behaviour, sample in samples.items():
        parts = _parts(sample, design)
        own = _mean_difference(parts)
        asked = own if difference is None else float(difference)
        for many in n:
            row: dict[str, object] = {
                "behaviour": behaviour, "contrast": f"{second} - {first}", "unit": design.unit,
                "n_pilot": len(sample.values), "n": many, "difference": asked,
            }  # fmt: skip
            rows.append({**row, **_at(parts, many, asked, alpha, wanted, seed)})
    for note in notes:
        warnings.warn(note, ComparisonNote, stacklevel=2)
    return pd.DataFrame(rows)


def _tell(samples: dict[str, Sample], difference: float | None) -> list[str]:
    said = []
    fewest = min((len(one.values) for one in samples.values()), default=0)
    if fewest < ENOUGH_PILOT:
        said.append(
            f"the pilot has {fewest} units: how much units differ, and so the power, is hardly "
            "known from so few."
        )
    if difference is None:
        said.append(
            "the difference is that of the pilot, which is mostly larger than the true one: name "
            "the smallest that would matter (difference=)."
        )
    return said


def _parts(sample: Sample, design: Design) -> list[Array]:
    """Values of both groups, or the differences within units."""
    if design.within:
        return [sample.values[:, 1] - sample.values[:, 0]]
    return [sample.values[sample.group == group, 0] for group in (0, 1)]


def _mean_difference(parts: Sequence[Array]) -> float:
    if any(not len(part) for part in parts):
        return float("nan")
    return float(parts[-1].mean() - (parts[0].mean() if len(parts) == 2 else 0.0))


def _at(
    parts: Sequence[Array], n: int, difference: float, alpha: float, wanted: float, seed: int
) -> dict[str, object]:
    """Power at a difference and the smallest detectable one, of draws of n units a group."""
    nothing = {"power": float("nan"), "detectable": float("nan")}
    if any(len(part) < 3 for part in parts):
        return {**nothing, "note": "fewer than three units of a group have a known value."}
    if all(is_flat(part, np.concatenate(parts)) for part in parts):
        return {**nothing, "note": "units of one group are all alike: nothing to go by."}
    from scipy.special import stdtrit

    rng = np.random.default_rng(seed)
    means, squares = [], np.zeros(DRAWS)
    for part in parts:
        # Drawn again, units vary less than those they stand for.
        rest = (part - part.mean()) * np.sqrt(len(part) / (len(part) - 1))
        drawn = rng.choice(rest, (DRAWS, n))
        means.append(drawn.mean(axis=1))
        squares += drawn.var(axis=1, ddof=1)
    shift = means[-1] - (means[0] if len(parts) == 2 else 0.0)
    df = len(parts) * (n - 1)
    critical = float(stdtrit(df, 1 - alpha / 2)) * np.sqrt(squares / n)
    found = float((np.abs(shift + difference) > critical).mean())
    # Found in its own direction: so large a difference is enough in each draw.
    enough = np.quantile(critical - shift, wanted)
    return {"power": found, "detectable": float(enough), "note": ""}
