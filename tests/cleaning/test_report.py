"""The report counts what was planted, on lazy data and in cohorts as on data at hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef
from ethoflow.cleaning import remove_outliers
from ethoflow.stats.cleaning import COUNTS, STEPS, count_cleaning, summarise, tabulate
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
    counts = {"n_frames": 200, "present_before": 200, "present_after": 200}
    expected = {
        "nose": {**counts, "seen_before": 177, "filled": 3, "missing_after": 20},
        "tail_base": {**counts, "seen_before": 200, "low_confidence": 30, "jump": 1, "filled": 1,
                      "missing_after": 30},
    }  # fmt: skip
    for part, known in expected.items():
        assert table.loc[part, list(COUNTS)].to_dict() == dict.fromkeys(COUNTS, 0) | known
    sums = summarise(table.reset_index()).set_index("bodypart")
    assert list(sums) == ["missing_before", "low_confidence", "jump", "filled", "missing_after"]
    assert sums.loc["tail_base"].to_list() == [0, 15, 0.5, 0.5, 15]


def test_each_step_counts_what_it_takes() -> None:
    """A point too fast, one off its neighbours, one far from the body, an animal hardly seen."""
    rng = np.random.default_rng(3)
    corners = np.array([[0, 0], [40, 0], [40, 30], [0, 30], [20, 15]], float)
    position = np.broadcast_to(corners[np.newaxis, :, :, np.newaxis], (1, 5, 2, 400))
    position = position + rng.normal(0, 0.3, (1, 5, 2, 400))
    position[0, 0, 0, 50] += 500  # fast
    position[0, 1, 0, 100] += 15  # an outlier, and too near for a jump
    position[0, 2, 1, 150:152] += 60  # a jump that stays a moment
    position[0, 3, 0, 200:260] += 400  # far from the body, for long
    position[0, :4, :, 300:310] = np.nan  # hardly seen
    ds = ef.from_arrays(position, fps=25, bodyparts=list("abcde"), units="mm")
    cleaned = ef.clean(
        ds, max_speed="auto", n_deviations=8, outlier_window=2.0, max_stretch=2.5, min_points=2,
        max_gap="400 ms",
    )  # fmt: skip
    table = ef.report_cleaning(ds, cleaned).set_index("bodypart")
    expected = {"a": ("fast", 1), "b": ("outlier", 1), "d": ("stretched", 60), "e": ("absent", 10)}
    for part, (step, count) in expected.items():
        assert table.loc[part, step] == count, part
    assert table.loc["c", ["outlier", "jump"]].sum() == 2
    assert table[[*STEPS, "other"]].sum().sum() == 1 + 1 + 2 + 60 + 10
    assert (table.present_before == 400).all()
    assert (table.present_after == 400).all()  # it was hidden, and filled again
    by_marks = tabulate(count_cleaning(cleaned), cleaned).set_index("bodypart")
    pd.testing.assert_frame_equal(by_marks, table)


def test_what_no_step_took_is_said() -> None:
    ds = make_poses(2, 60)
    table = ef.report_cleaning(ds, ef.clean(remove_outliers(ds, n_deviations=1.0)))
    assert table.other.sum() > 0
    _check_sums(table)


def test_the_sum_is_that_of_all_frames_whatever_the_chunks() -> None:
    cohort = stack([make_poses(2, 60, name="short"), make_poses(3, 110, name="long")])
    cohort = cohort.assign_coords(treatment=("recording", ["drug", "none"]))
    table = ef.report_cleaning(cohort, ef.clean(cohort))
    lazy = cohort.chunk(recording=1, time=13)
    pd.testing.assert_frame_equal(ef.report_cleaning(lazy, ef.clean(lazy)), table)
    pd.testing.assert_frame_equal(tabulate(count_cleaning(ef.clean(lazy)), lazy), table)
    _check_sums(table)
    assert table.groupby("recording").treatment.unique().map(list).to_dict() == {
        "short": ["drug"], "long": ["none"]
    }  # fmt: skip
    assert "animal" in table
    assert sorted(set(table.n_frames)) == [60, 110]
    assert (table[["low_confidence", "jump", "filled"]].sum() > 0).all()
    counts = count_cleaning(ef.clean(cohort), n_bins=7)
    assert counts.values.shape[-1] == 7
    assert counts.of("n_frames").sum() == table.n_frames.sum()


def test_the_spread_of_what_was_filled_is_counted() -> None:
    ds = make_poses(2, 90)
    assert ef.report_cleaning(ds, ef.clean(ds)).filled_with_sd.sum() == 0
    table = ef.report_cleaning(ds, ef.clean(ds, fill="kalman"))
    assert 0 < table.filled_with_sd.sum() == table.filled.sum()


def _check_sums(table: pd.DataFrame) -> None:
    left = table.seen_before - table[[*STEPS, "other"]].sum(axis=1) + table.filled
    assert (left + table.missing_after == table.n_frames).all()


def test_points_made_of_others_are_not_counted() -> None:
    ds = ef.assign_roles(make_poses(2, 60), {"head": ["Left_ear", "Right_ear"]})
    assert len(ef.report_cleaning(make_poses(2, 60), ef.clean(ds))) == 2 * 11


@pytest.mark.parametrize("given", [{}, {"min_confidence": None, "max_jump": None, "max_gap": None}])
def test_corrected_animals_are_held_against_their_own_points(given: dict[str, None]) -> None:
    """What was seen of an animal before is what it has since its identity was corrected."""
    cohort = stack([make_poses(2, 60, name="short"), make_poses(3, 110, name="long")])
    hidden = (cohort.individual == "individual_0") & (cohort.time > 0.8) & (cohort.time < 2)
    attrs = cohort.position.attrs
    cohort = cohort.assign(position=cohort.position.where(~hidden).assign_attrs(attrs))
    edits = pd.DataFrame({"recording": ["short", "long"], "start_frame": [30, 15],
                          "stop_frame": [60, 100], "a": ["individual_0"] * 2,
                          "b": ["individual_1"] * 2})  # fmt: skip
    corrected = ef.swap_identities(cohort, edits)
    cleaned = ef.clean(corrected, **given)
    table = ef.report_cleaning(corrected, cleaned)
    assert table.other.sum() == 0
    pd.testing.assert_frame_equal(ef.report_cleaning(cohort, cleaned), table)
    pd.testing.assert_frame_equal(
        ef.report_cleaning(cohort.chunk(recording=1, time=13), cleaned), table
    )
    one = ef.report_cleaning(cohort.sel(recording="long"), cleaned.sel(recording="long"))
    expected = table[table.recording == "long"].reset_index(drop=True)
    pd.testing.assert_frame_equal(one, expected)
    assert not ef.report_cleaning(cohort, ef.clean(cohort, **given)).equals(table)


def test_tracks_that_were_corrected_otherwise_are_refused() -> None:
    ds = make_poses(2, 60)
    edits = pd.DataFrame({"start_frame": [10], "a": ["individual_0"], "b": ["individual_1"]})
    with pytest.raises(ef.DataError, match="corrected otherwise"):
        ef.report_cleaning(ef.swap_identities(ds, edits), ef.clean(ds))


def test_other_tracks_are_refused() -> None:
    ds = make_poses(2, 60)
    with pytest.raises(ef.DataError, match="differ in time"):
        ef.report_cleaning(ds, ef.clean(make_poses(2, 50)))


def test_tracks_and_what_was_cleaned_are_not_taken_for_each_other() -> None:
    tracks = ef.simulate.simulate_cohort(1, n_individuals=1, duration="8 s", seed=5).tracks
    poses = ef.clean(tracks)
    with pytest.raises(ef.DataError, match="the wrong way round"):
        ef.report_cleaning(poses, tracks)
    with pytest.raises(ef.DataError, match="the wrong way round"):
        ef.plot.cleaning(tracks.isel(recording=0), poses.isel(recording=0))
