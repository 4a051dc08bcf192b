"""Tables with a row per frame and a column for every behaviour."""

from __future__ import annotations

import numpy as np
import pytest

import ethoflow as ef
from ethoflow.io.scoring.clock import LabelNote
from ethoflow.schema import DataError

MARKED = np.zeros(60, bool)
MARKED[10:20] = True


def _written(path, frames=range(60), first="frame", cell=int):
    rows = [f"{i},{cell(MARKED[i])},0" for i in frames]
    path.write_text("\n".join([f"{first},freezing,rearing", *rows]) + "\n")
    return path


@pytest.mark.parametrize("cell", [int, float, bool, lambda on: str(bool(on)).upper()])
@pytest.mark.parametrize("first", ["frame", "Frame", "", "frame_idx"])
def test_flags_of_any_spelling(tmp_path, first, cell):
    path = _written(tmp_path / "m.csv", first=first, cell=cell)
    path.write_text(path.read_text().replace(",0\n", f",{cell(False)}\n"))
    labels = ef.read_labels(path, fps=25)
    np.testing.assert_array_equal(labels.freezing.values.ravel(), MARKED)
    assert not labels.rearing.values.any()


def test_a_frame_without_a_row_is_unknown(tmp_path):
    kept = [i for i in range(60) if not 15 <= i < 25]
    labels = ef.read_labels(_written(tmp_path / "m.csv", kept), fps=25)
    found = labels.freezing.values.ravel()
    assert np.flatnonzero(np.isnan(found)).tolist() == list(range(15, 25))
    np.testing.assert_array_equal(found[kept], MARKED[kept])


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ([0, 1, 2, 2, 3, 4, 5, 6], "line 5: the frame is not after"),
        ([0, 1, 2, 3, 4, 5, 6, 5], "line 9: the frame is not after"),
    ],
)
def test_frames_that_repeat_or_go_back_are_refused(tmp_path, frames, said):
    with pytest.raises(DataError, match=said):
        ef.read_labels(_written(tmp_path / "m.csv", frames), fps=25)


def test_cells_that_are_no_flags_are_named(tmp_path):
    path = _written(tmp_path / "m.csv")
    path.write_text(path.read_text() + "60,0.4,0\n")
    with pytest.raises(DataError, match=r"line 62: its cells must be 0 or 1, found '0\.4'"):
        ef.read_labels(path, fps=25)


def test_a_bout_that_never_stops_is_said(tmp_path):
    (tmp_path / "log.csv").write_text(
        "time,behavior,event\n1.2,freezing,start\n3.4,freezing,stop\n10,rearing,start\n"
    )
    with pytest.warns(LabelNote, match="1 bouts begin and never stop.*rearing is unknown"):
        labels = ef.read_labels(tmp_path / "log.csv", fps=25, n_frames=500)
    assert np.isnan(labels.rearing.values[..., 251:]).all()
