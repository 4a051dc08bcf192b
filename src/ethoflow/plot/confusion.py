"""What one source calls what another calls otherwise: the share of the time of each behaviour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.labels.alignment import Part, align
from ethoflow.labels.categories import UNKNOWN, Categories, encode, is_category, short_categories
from ethoflow.labels.runs import label_names
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.squares import squares
from ethoflow.schema import Data, as_dataset

MOST = 40


def _example() -> Picture:
    labels = examples.labels()[["climbing", "immobile", "moving"]]
    return confusion(labels, labels.shift(time=20), names=("rules", "late"))


@plot(
    "labels beside each other",
    example=_example,
    code='ef.plot.confusion(labels, scored, names=("rules", "anna"))',
)
def confusion(a: Data, b: Data, *, names: tuple[str, str] = ("a", "b")) -> Picture:
    """Of the time that `a` gives to each behaviour, the share that `b` gives to each of its own.

    Only frames that both know count. Categories of a variable exclude each other, so their rows add
    up to 100 %; labels may be there together, so theirs need not. A behaviour that `a` never shows
    has an empty row, not 0.

    Parameters
    ----------
    a, b
        Labels of the same recordings, animals and frames, each known by its name.
    names
        What they are called.

    Raises
    ------
    DataError
        There are no labels, they are not of the same frames, or there are too many.
    """
    parts = [Part(as_dataset(labels), name) for labels, name in zip((a, b), names, strict=True)]
    try:
        one, other = (part.ds for part in align(parts, "same"))
    except DataError as reason:
        raise DataError(
            f"{names[0]} and {names[1]} are not of the same recordings, animals and frames "
            f"({reason}); ef.agreement compares what they share."
        ) from reason
    rows = [
        {"a": first, "b": second, "frames": _count(mine[0], mine[1] & yours[1]),
         "both": _count(mine[0] & yours[0], mine[1] & yours[1])}
        for first, mine in _states(one)
        for second, yours in _states(other)
        if set(mine[0].dims) == set(yours[0].dims)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["a", "b", "frames", "both"])
    table["share"] = table["both"] / table["frames"].where(table["frames"] > 0)
    left, right = list(dict.fromkeys(table["a"])), list(dict.fromkeys(table["b"]))
    if not table.size or max(len(left), len(right)) > MOST:
        raise DataError(
            f"{len(left)} and {len(right)} behaviours cannot be drawn: choose 1 to {MOST} of each."
        )
    square = table.pivot(index="a", columns="b", values="share").reindex(index=left, columns=right)
    figure = squares(
        100 * square.to_numpy(float), left, right, across=f"{names[1]} (behaviour)",
        down=f"{names[0]} (behaviour)", label=f"% of the time in {names[0]}", most=100.0,
        title=f"{names[0]} and {names[1]}", words="{:.0f}",
    )  # fmt: skip
    return Picture(figure, table)


def _states(ds: xr.Dataset) -> Iterator[tuple[str, tuple[xr.DataArray, xr.DataArray]]]:
    """Each behaviour: where it is shown, and where that is known."""
    for name in label_names(ds):
        array = ds[name].compute()
        codes: Array = np.asarray(encode(array))
        known = array.copy(data=codes != UNKNOWN)
        if not is_category(array):
            yield name, (array.copy(data=codes == 1), known)
            continue
        found = set(np.unique(codes[codes != UNKNOWN]).tolist())
        members = Categories.of(array).members(found)
        short = short_categories(name, members.values())
        for code, member in members.items():
            yield f"{name} {short[member]}", (array.copy(data=codes == code), known)


def _count(shown: xr.DataArray, known: xr.DataArray) -> int:
    return int((shown & known).sum())
