"""The report counts what was planted, on lazy data and in cohorts as on data at hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef
from ethoflow.stats.cleaning import count_cleaning
from tests.strategies import make_poses, stack


def test_every_point_is_accounted_for() -> None:
    position = np.zeros((1, 2, 2, 200))
    position[0, 0, :, 20:23] = np.nan  # a short gap
    position[0, 0, :, 50:70] = np.nan  # a long one
    position[0, 1, :, 100] = 400  # a jump
    confidence = np.ones((1, 2, 200))
    confidence[0, 1, 120:150] = 0.1
    ds = ef.from_arrays(position, fps=25, bodyparts=["nose", "tail_base"], units="mm",
                        confidence=confidence)  # fmt: skip
    with pytest.warns(UserWarning, match="takes"):
        table = ef.report_cleaning(ds, ef.clean(ds)).set_index("bodypart")
    expected = {
        "nose": (200, 177, 0, 0, 3, 20),
        "tail_base": (200, 200, 30, 1, 1, 30),
    }
    for part, counts in expected.items():
        assert tuple(table.loc[part].iloc[2:]) == counts


def test_the_sum_is_that_of_all_frames_whatever_the_chunks() -> None:
    cohort = stack([make_poses(2, 60, name="short"), make_poses(3, 110, name="long")])
    table = ef.report_cleaning(cohort, ef.clean(cohort))
    lazy = cohort.chunk(recording=1, time=13)
    pd.testing.assert_frame_equal(ef.report_cleaning(lazy, ef.clean(lazy)), table)
    left = table.seen_before - table.low_confidence - table.removed + table.filled
    assert (left + table.missing_after == table.n_frames).all()
    assert sorted(set(table.n_frames)) == [60, 110]
    assert (table[["low_confidence", "removed", "filled"]].sum() > 0).all()
    _, counts = count_cleaning(cohort, ef.clean(cohort), n_bins=7)
    assert counts.shape[-1] == 7
    assert counts[:, :, :, 0].sum() == table.n_frames.sum()


def test_points_made_of_others_are_not_counted() -> None:
    ds = ef.assign_roles(make_poses(2, 60), {"head": ["Left_ear", "Right_ear"]})
    assert len(ef.report_cleaning(make_poses(2, 60), ef.clean(ds))) == 2 * 11


def test_other_tracks_are_refused() -> None:
    ds = make_poses(2, 60)
    with pytest.raises(ef.DataError, match="differ in time"):
        ef.report_cleaning(ds, ef.clean(make_poses(2, 50)))
