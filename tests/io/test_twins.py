"""One video is counted once: versions of one network's tracks, and tables beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ethoflow.io.cohort import read_cohort
from ethoflow.io.one_file import read
from ethoflow.io.reader import TrackingNote
from ethoflow.io.twins import leave_twins
from ethoflow.schema import DataError

RAW = "m1DLC_resnet50_cageJan1shuffle1_5000"
DLC3 = "m1DLC_HrnetW32_cageJan1shuffle1_detector_{d}_snapshot_{s}"
ANIMAL = "m1_superanimal_topviewmouse_hrnet_w32_fasterrcnn_{}_adapt"


@pytest.mark.parametrize(
    ("files", "taken", "said"),
    [
        ([f"{RAW}_filtered.csv", f"{RAW}.csv"], f"{RAW}.csv", "filtered versions"),
        ([f"{RAW}_filtered.h5", f"{RAW}.csv"], f"{RAW}.csv", "filtered versions"),
        (["m1.csv", "m1_filtered.csv"], "m1.csv", "filtered versions"),
        ([f"{RAW}.csv", f"{RAW}.h5"], f"{RAW}.h5", "another format"),
        ([f"{RAW}.csv.gz", f"{RAW}.h5"], f"{RAW}.h5", "another format"),
        ([f"{RAW}.csv", f"{RAW}0.csv"], f"{RAW}0.csv", "earlier snapshots"),
        ([f"{RAW}_filtered.csv", f"{RAW}0.csv"], f"{RAW}0.csv", "earlier snapshots"),
        ([f"{RAW}_bx.h5", f"{RAW}_el.h5"], f"{RAW}_el.h5", "other trackers"),
        (
            [DLC3.format(d=90, s=100) + ".h5", DLC3.format(d="best-90", s="200") + ".h5"],
            DLC3.format(d="best-90", s="200") + ".h5",
            "earlier snapshots",
        ),
        (
            [DLC3.format(d=90, s=300) + ".h5", DLC3.format(d=90, s="best-200") + ".h5"],
            DLC3.format(d=90, s="best-200") + ".h5",
            "earlier snapshots",
        ),
        (
            [ANIMAL.format("before") + ".h5", ANIMAL.format("after") + ".h5"],
            ANIMAL.format("after") + ".h5",
            "before the network was adapted",
        ),
        (["m1.predictions.slp", "m1.predictions.analysis.h5"], "m1.predictions.slp", "format"),
        (["m1.analysis.h5", "m1.slp"], "m1.slp", "format"),
        ([f"{RAW}.csv", f"{RAW}_skeleton.csv"], f"{RAW}.csv", "angles of a skeleton"),
    ],
)
def test_one_of_a_pair_is_taken_and_said(files, taken, said):
    for order in (files, files[::-1]):
        kept, notes = leave_twins([Path("day1", name) for name in order])
        assert [path.name for path in kept] == [taken]
        assert len(notes) == 1
        assert said in notes[0]
        assert next(name for name in files if name != taken) in notes[0]


@pytest.mark.parametrize(
    "files",
    [
        ["m1.csv", "m1.h5", "m1_5000.csv", "m1_10000.csv", "m2_filtered.csv"],  # anybody's names
        [f"day1/{RAW}.csv", f"day2/{RAW}.csv"],
        [f"{RAW}.csv", f"{RAW.replace('m1', 'm2')}_filtered.csv"],
        ["m1_01.slp", "m1_02.slp"],
        [f"{RAW}_filtered.csv"],
        [f"{RAW}_skeleton.csv"],  # alone: reading it says what it is
    ],
)
def test_what_is_no_pair_stays(files):
    kept, notes = leave_twins([Path(name) for name in files])
    assert [str(path) for path in kept] == files
    assert notes == []


def test_several_networks_are_told_and_all_stay():
    for other in (f"{RAW.replace('shuffle1', 'shuffle2')}", f"filtered/{RAW}_filtered"):
        kept, (note,) = leave_twins([Path(f"{RAW}.h5"), Path(f"{other}.h5")])
        assert len(kept) == 2
        assert "seems to be one video" in note
        assert Path(other).name in note


def test_a_cohort_of_pairs(tmp_path, make_table):
    for i, video in enumerate(("m1", "m2")):
        name = RAW.replace("m1", video)
        make_table(seed=i).to_csv(tmp_path / f"{name}.csv")
        make_table(seed=i + 9).to_csv(tmp_path / f"{name}_filtered.csv")
    with pytest.warns(TrackingNote, match="2 files are left out, as one video counts once") as said:
        ds = read_cohort(tmp_path / "*.csv", fps=25)
    assert len(said) == 1
    assert ds.sizes["recording"] == 2
    alone = read(tmp_path / f"{RAW}.csv", fps=25)
    np.testing.assert_array_equal(ds.position.isel(recording=0).values, alone.position.values)
    filtered = read_cohort(tmp_path / "*_filtered.csv", fps=25)
    assert filtered.sizes["recording"] == 2


def test_a_skeleton_table_is_named(cases):
    folder = cases / "dlc-folder-raw-and-filtered"
    with pytest.raises(DataError, match="lengths and angles of a skeleton"):
        read(folder / f"{RAW}_skeleton.csv", fps=30)
    with pytest.raises(DataError, match=r"'video,group', which seems .*metadata="):
        read(folder / "animals.csv", fps=30)


def test_the_case(cases):
    folder = cases / "dlc-folder-raw-and-filtered"
    with pytest.warns(TrackingNote) as said:
        ds = read_cohort(folder / "*DLC*.csv", fps=30, metadata=folder / "animals.csv")
    assert [str(one.message)[:22] for one in said] == [
        "3 files are left out, ",
        "1 file is left out: le",
    ]
    assert ds.recording.values.tolist() == [RAW.replace("m1", f"m{i}") for i in (1, 2, 3)]
    assert ds.group.values.tolist() == ["a", "b", "a"]
