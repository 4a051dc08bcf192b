"""Shares of rules by which what is known decides are doubted where much is unknown."""

from __future__ import annotations

import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow.labels.doubt import doubt_shares
from tests.test_stages import invoke


def near_and_apart(hidden: int = 0) -> xr.Dataset:
    """Two animals, 50 frames in contact and 50 apart; one's tail base is not seen in the last."""
    shape = np.array([[20.0, 0], [0, 0], [-20, 0]])
    away = np.where(np.arange(100) < 50, 5.0, 400.0)
    at = np.zeros((2, 3, 2, 100)) + shape[:, :, None]
    at[1, :, 1] += away
    at[1, 2, :, 100 - hidden :] = np.nan
    names = ["nose", "centre", "tail_base"]
    return ef.from_arrays(at, fps=25, bodyparts=names, units="mm", recording="m0")


def test_the_share_that_what_is_hidden_raises_is_said_with_its_bounds() -> None:
    labels = ef.annotate(near_and_apart(hidden=30), ["contact", "moving"])
    known = labels.contact.sel(individual="individual_0", partner="individual_1").notnull()
    assert int(known.sum()) == 70
    (said,) = doubt_shares(labels)
    assert "contact 71% (50% to 80%)" in said
    assert "moving" not in said
    assert doubt_shares(ef.annotate(near_and_apart(hidden=9), ["contact"])) == []
    assert doubt_shares(ef.annotate(near_and_apart(hidden=30), ["moving"])) == []


def test_the_command_says_it(tmp_path) -> None:
    ef.write(near_and_apart(hidden=30), tmp_path / "c.zarr", "poses")
    said = invoke("rules", tmp_path / "c.zarr", "--rules", "contact")
    assert "contact 71% (50% to 80%)" in said
