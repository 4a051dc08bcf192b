"""Missing written as a number by the tracker is missing, and a position is a position."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.io.cohort import open_cohort
from ethoflow.io.reader import TrackingNote
from ethoflow.io.undetected import hide_undetected
from ethoflow.stats.survey import survey


@given(st.lists(
    st.tuples(*[st.sampled_from([-1.0, 0.0, 0.5, 120.0])] * 2,
              st.sampled_from([-1.0, 0.0, 0.5, np.nan])), min_size=1,
))  # fmt: skip
def test_only_what_is_no_position_goes(points):
    values = np.array(points, np.float32).T
    position, confidence = values[np.newaxis, np.newaxis, :2].copy(), values[None, None, 2].copy()
    count = hide_undetected(position, confidence)
    gone = np.array([(x, y) == (-1, -1) and score in (-1, 0) for x, y, score in points])
    assert count == gone.sum()
    np.testing.assert_array_equal(np.isnan(position).any(axis=2)[0, 0], gone)
    np.testing.assert_array_equal(position[0, 0][:, ~gone], values[:2, ~gone])


@pytest.fixture
def table(make_table):
    """Two animals; the second is not there in frames 2 and 3."""
    table = make_table(individuals=["a", "b"], n_frames=6)
    table.loc[[2, 3], table.columns.get_level_values("individuals") == "b"] = -1.0
    table.iloc[0, 0] = -1.0  # a position left of the picture
    return table


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_deeplabcut_three(tmp_path, table, suffix):
    path = tmp_path / f"m{suffix}"
    table.to_csv(path) if suffix == ".csv" else table.to_hdf(path, key="tracks")
    with pytest.warns(TrackingNote, match="6 points are at .-1, -1. with a score of -1 or 0"):
        ds = ef.read(path, fps=25)
    gone = np.isnan(ds.position.values).any(axis=(1, 2))
    np.testing.assert_array_equal(gone[0], [False] * 6)
    np.testing.assert_array_equal(gone[1], [False, False, True, True, False, False])
    assert float(np.nanmin(ds.confidence)) >= 0
    assert float(ds.position[0, 0, 0, 0]) == -1


def test_any_reader(tmp_path):
    rows = ["frame,bodypart,x,y,confidence", "0,nose,-1,-1,-1", "1,nose,-1,-1,0.9", "2,nose,5,5,1"]
    (tmp_path / "m.csv").write_text("\n".join(rows))
    with pytest.warns(TrackingNote, match="1 points"):
        ds = ef.read(tmp_path / "m.csv", fps=25)
    np.testing.assert_array_equal(ds.position.values.ravel(), [np.nan, -1, 5, np.nan, -1, 5])


def test_long_files_are_counted_whole(tmp_path, table, monkeypatch):
    path = tmp_path / "m.csv"
    table.to_csv(path)
    for module, name, value in (("scan", "LONG", 1), ("trackers.dlc_csv_long", "_BLOCK", 200)):
        monkeypatch.setattr(f"ethoflow.io.{module}.{name}", value)
    cohort = open_cohort([path], fps=25)
    assert cohort.counts.missing == 6
    assert "m: 6 points" in cohort.dataset.attrs["notes"][0]


def test_the_case(cases):
    with pytest.warns(TrackingNote, match="300 points"):
        ds = ef.read(cases / "dlc3-minus-one/of_superanimal_topviewmouse.csv", fps=30)
    assert np.isnan(ds.position.values[1]).mean() == 0.5
    found = survey(ds)[0]
    assert (found.n_frames, found.present.tolist()) == (200, [200, 100])
    assert found.absence[1] / 30 == pytest.approx(3.33, abs=0.01)


@pytest.mark.parametrize(("value", "said"), [(0, True), (-1, True), (5, False)])
def test_doubtful_points_without_scores_are_kept_and_said(
    value: int, said: bool, tmp_path: Path
) -> None:
    path = tmp_path / "m.csv"
    rows = [f"{n},{value if n < 10 else n},{value if n < 10 else n}" for n in range(40)]
    path.write_text("\n".join(["frame,x,y", *rows, ""]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ds = ef.read(path, fps=30, columns={"frame": "frame", "x": "x", "y": "y"})
    notes = [str(one.message) for one in caught if "no scores that tell" in str(one.message)]
    assert len(notes) == said
    assert not said or f"10 points have {value} in x, y" in notes[0]
    assert not ds.position.isnull().any()
