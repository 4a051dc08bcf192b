"""Categories: variables whose whole numbers stand for names, one in every frame.

They have the attribute ``kind="category"`` and, as the CF conventions write it, ``flag_values`` and
``flag_meanings``: the numbers, and a name for each, between blanks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.errors import listed
from ethoflow.schema import DataError, check_categories

UNKNOWN = np.iinfo(np.int64).min
"""Stands for a frame in which nothing is known."""


@dataclass(frozen=True)
class Categories:
    """The categories of a variable: `codes` and their `names`; None where only the data tell."""

    variable: str
    codes: tuple[int, ...] | None
    names: tuple[str, ...]

    @classmethod
    def of(cls, array: xr.DataArray) -> Categories:
        """What the attributes of a variable say.

        Raises
        ------
        DataError
            Numbers and names do not fit together.
        """
        name, attrs = str(array.name), array.attrs
        words = attrs.get("flag_meanings")
        names = tuple(words.split() if isinstance(words, str) else map(str, words or ()))
        if "flag_values" not in attrs:
            if names:
                raise DataError(
                    f"{name} has flag_meanings without flag_values: give the number of each name, "
                    f"as in flag_values={list(range(len(names)))}."
                )
            return cls(name, None, ())
        numbers = np.atleast_1d(np.asarray(attrs["flag_values"]))
        if numbers.dtype.kind not in "iuf" or (numbers != np.rint(numbers)).any():
            raise DataError(f"{name}: flag_values must be whole numbers, found {numbers.tolist()}.")
        codes = tuple(int(number) for number in numbers)
        check_categories(array)
        names = names or tuple(map(str, codes))
        if len(set(codes)) != len(codes) or len(set(names)) != len(names):
            raise DataError(f"{name}: a number or a name is there twice in its flag_values.")
        if len(names) != len(codes):
            raise DataError(
                f"{name} has {len(codes)} flag_values and {len(names)} flag_meanings (between "
                "blanks): every number needs one name, with underscores in it instead of blanks."
            )
        return cls(name, codes, names)

    def members(self, found: Iterable[int]) -> dict[int, str]:
        """Name of every category by its number; those `found` where nobody says which there are."""
        if self.codes is None:
            return {code: str(code) for code in sorted(found)}
        return dict(zip(self.codes, self.names, strict=True))

    def encode(self, values: Array) -> Array:
        """Numbers of the categories, `UNKNOWN` where nothing is known.

        Raises
        ------
        DataError
            A value is not among them.
        """
        known = ~np.isnan(values) & (values != -1)  # which is what a store keeps for unknown
        given = np.where(known, values, 0)
        wrong = known & ((given != np.rint(given)) | (np.abs(given) > np.iinfo(np.int32).max))
        if self.codes is not None:
            wrong |= known & ~np.isin(given, self.codes)
        if wrong.any():
            members = "whole numbers" if self.codes is None else listed(self.codes)
            raise DataError(
                f"{self.variable} is a category and has the value {given[wrong][0]:g}; its "
                f"flag_values are {members}, and unknown is NaN."
            )
        return np.where(known, given.astype(np.int64), UNKNOWN)

    def decode(self, values: Array) -> Array:
        """Names of the categories, None where nothing is known; see `encode`."""
        state = self.encode(values)
        names = self.members(np.unique(state[state != UNKNOWN]).tolist())
        found = np.full(state.shape, None, object)
        for code, name in names.items():
            found[state == code] = name
        return found


def is_category(array: xr.DataArray) -> bool:
    """Whether `array` holds categories along time."""
    return array.attrs.get("kind") == "category" and "time" in array.dims


def short_categories(variable: str, categories: Iterable[str]) -> dict[str, str]:
    """Categories as they stand behind the name of their variable, in pictures and tables.

    The variable stands before each, since a label may be called as a category is; so it is not said
    again (``cluster 0``), but where another category is called like what would be left.

    Examples
    --------
    >>> short_categories("cluster", ["cluster_0", "rest"])
    {'cluster_0': '0', 'rest': 'rest'}
    >>> short_categories("cluster", ["cluster_0", "0"])
    {'cluster_0': 'cluster_0', '0': '0'}
    """
    names = list(dict.fromkeys(categories))
    again = re.compile(rf"(?:^|(?<=\+)){re.escape(variable)}_(?=[^+])")  # + joins merged clusters
    short = {name: again.sub("", name) for name in names}
    counts = Counter([*short.values(), *(name for name in names if short[name] != name)])
    return {name: cut if counts[cut] == 1 else name for name, cut in short.items()}


def encode(array: xr.DataArray) -> Array:
    """Values of a label or a variable with categories as whole numbers, `UNKNOWN` among them."""
    if is_category(array):
        return Categories.of(array).encode(array.values)
    return encode_label(str(array.name), array.values)


def encode_label(name: str, values: Array) -> Array:
    """A label as 1, 0 and `UNKNOWN`.

    Raises
    ------
    DataError
        It has other values.
    """
    known = (values == 1) | (values == 0)
    rest = values[~known]
    wrong = rest[(rest == rest) & (rest != -1)]  # -1 is unknown where there is no NaN
    if wrong.size:
        raise DataError(
            f"{name} is a label and has the value {float(wrong[0]):g}; labels are 1, 0 or NaN for "
            f"unknown. Make one of it, as in (ds.{name} > 0.5).where(ds.{name}.notnull()), or say "
            "what it is in its attribute kind."
        )
    return np.where(known, values == 1, UNKNOWN)
