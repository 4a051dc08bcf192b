"""Whose labels are learnt: who labelled it stays with what is learnt, and is one person."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr

from ethoflow.errors import DataError, listed, no_such
from ethoflow.labels.comparison.sources import RATER
from ethoflow.labels.places import names_along


class LearnNote(UserWarning):
    """Something of the labels that is not learnt from, or that makes scores doubtful."""


def choose_rater(ds: xr.Dataset, rater: str | None) -> tuple[xr.Dataset, str]:
    """The labels of one person, and who that is: empty where nobody says.

    People may be a dim of the labels, or be said of each recording, or of all of them. Where
    nobody is named, `rater` is what is kept.

    Raises
    ------
    DataError
        They are of several people and none is named, or of others than the one who is.
    """
    if RATER in ds.dims:
        names = [str(name) for name in names_along(ds, RATER)]
        found = _check(rater, names)
        return ds.isel({RATER: names.index(found)}, drop=True), found
    if RATER in ds.coords and ds[RATER].dims == ("recording",):
        return _of_recordings(ds, rater)
    said = str(ds.attrs.get(RATER) or "")
    if rater is not None and said and rater != said:
        raise DataError(no_such("rater", rater, [said]))
    return ds, rater or said or str(ds.attrs.get("label_source") or "")


def _check(rater: str | None, names: list[str]) -> str:
    if rater is None and len(names) > 1:
        raise DataError(
            f"these labels are of several people, who may mean other things by one word: "
            f"{listed(names)}. Say whose to learn, with rater={names[0]!r}."
        )
    if rater is not None and rater not in names:
        raise DataError(no_such("rater", rater, names))
    return rater or names[0]


def _of_recordings(ds: xr.Dataset, rater: str | None) -> tuple[xr.Dataset, str]:
    """The recordings that one person labelled; what is labelled is not looked at."""
    whose = np.array([str(name) for name in ds[RATER].values])
    found = _check(rater, [name for name in dict.fromkeys(whose.tolist()) if name])
    own = whose == found
    others = listed(map(str, ds.recording.values[~own & (whose != "")]), 4)
    if others:
        warnings.warn(
            f"labels of {others} are not learnt from: they are not by {found}.",
            LearnNote,
            stacklevel=5,
        )
    return ds.isel(recording=np.flatnonzero(own)), found
