"""Labels for tools that know animals and pairs alone: one for each region, rater or category."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from ethoflow.labels.categories import UNKNOWN, Categories, is_category
from ethoflow.labels.places import each_place, further_dims
from ethoflow.labels.runs import is_behaviour
from ethoflow.schema import DataError


def plain_labels(ds: xr.Dataset) -> xr.Dataset:
    """`ds` with its labels as labels of animals and pairs, whatever further dims they have.

    ``in_region`` with the regions ``centre`` and ``wall`` becomes ``in_region_centre`` and
    ``in_region_wall``; a variable with categories becomes a label for each of them.

    Raises
    ------
    DataError
        Two of them would have one name.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving"])
    >>> by_two = labels.moving.expand_dims(rater=["A", "B"]).assign_attrs(labels.moving.attrs)
    >>> list(plain_labels(by_two.to_dataset()))
    ['moving_A', 'moving_B']
    """
    spread = {
        str(name): array
        for name, array in ds.data_vars.items()
        if is_behaviour(array) and (is_category(array) or further_dims(ds, [str(name)]))
    }
    kept = set(map(str, ds.data_vars)) - set(spread)
    made: dict[str, xr.DataArray] = {}
    for array in spread.values():
        for name, label in _spread(ds, array):
            if name in kept or name in made:
                raise DataError(
                    f"{array.name} would become the label {name!r}, and there is another of that "
                    f"name: rename one, as in ds.rename({array.name}='another')."
                )
            made[name] = label
    return ds.drop_vars(list(spread)).assign(made)


def _spread(ds: xr.Dataset, array: xr.DataArray) -> Iterator[tuple[str, xr.DataArray]]:
    """Labels that a variable becomes, by their names."""
    dims = further_dims(ds, [str(array.name)])
    said = str(array.attrs.get("long_name", "") or array.name)
    for cells, one in each_place(array, dims):
        for category, label in _by_category(one, array):
            words = [*cells, *category]
            attrs = {"kind": "label", "long_name": " ".join([said, *words])}
            yield "_".join([str(array.name), *words]), label.assign_attrs(attrs)


def _by_category(
    one: xr.DataArray, array: xr.DataArray
) -> Iterator[tuple[list[str], xr.DataArray]]:
    """A label for each category of a variable; a label is one already."""
    if not is_category(array):
        yield [], one
        return
    kind = Categories.of(array)
    everywhere = kind.encode(array.values)
    found = np.unique(everywhere[everywhere != UNKNOWN]).tolist()
    state = kind.encode(one.values)
    for code, name in kind.members(found).items():
        values = np.where(state == UNKNOWN, np.nan, state == code).astype(np.float32)
        label = one.copy(data=values)
        label.attrs = {n: v for n, v in one.attrs.items() if not n.startswith("flag_")}
        yield [name], label
