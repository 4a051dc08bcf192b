"""Metadata tables: which row is about which recording, and what becomes of the cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ethoflow.io.cohort import read_cohort
from ethoflow.io.metadata import join_metadata
from ethoflow.io.metadata_rows import place_rows, read_rows
from ethoflow.schema import DataError, make_tracks

M3V1 = "m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000"


@pytest.fixture
def cohort(tmp_path, make_table):
    """Two recordings of one animal each."""
    for name in ("m1DLC_resnet50", "m2DLC_resnet50"):
        make_table().to_csv(tmp_path / f"{name}.csv")
    return read_cohort(tmp_path / "*.csv", fps=25)


@pytest.fixture
def pairs(tmp_path, make_table):
    """One recording of two named animals, one of a single one."""
    folder = tmp_path / "pairs"
    folder.mkdir()
    make_table(individuals=["black", "white"]).to_csv(folder / "pair.csv")
    make_table().to_csv(folder / "single.csv")
    return read_cohort(folder / "*.csv", fps=25)


def table(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "animals.table"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "key",
    ["m1DLC_resnet50", "m1DLC_resnet50.csv", "m1DLC_resnet50.h5", "m1", "m1.mp4", "/data/m1.avi",
     "C:\\videos\\m1.mp4", "day 1/m1DLC_resnet50.csv"],
)  # fmt: skip
@pytest.mark.parametrize("column", ["recording", "File", "video", "which"])
def test_keys(tmp_path, cohort, key, column):
    path = table(tmp_path, f"note,{column},sex\nx,{key},f\ny,m2,m\n")
    ds, (report,) = join_metadata(cohort, path)
    assert ds.sex.values.tolist() == ["f", "m"]
    assert ds.note.values.tolist() == ["x", "y"]
    assert report.complete
    assert str(report) == "2 of 2 recordings have a row in animals.table."


def test_the_video_before_the_mark_of_a_superanimal():
    names = ["m1_superanimal_topviewmouse_hrnet", "m2_superanimal_topviewmouse_hrnet"]
    placed = place_rows(("t", {"video": ["m2.mp4", "m1.mp4"]}), names, names)
    assert placed.recordings == (1, 0)


def test_name_before_a_second_mark():
    names = ["testDLC_videoDLC_resnet50_x"]
    for key in ("testDLC_video.mp4", "test"):
        assert place_rows(("t", {"k": [key]}), names, ["f.h5"]).recordings == (0,)


def test_the_part_before_the_mark_must_be_unique(tmp_path):
    names = [M3V1, M3V1.replace("Aug20", "Oct30"), "otherDeepCut_resnet50"]
    placed = place_rows(("t", {"video": ["m3v1mp4", "other", M3V1]}), names, ["f"] * 3)
    assert placed.recordings == (None, 2, 0)
    assert placed.ambiguous == ("m3v1mp4",)


def test_real_metadata_is_joined_by_the_column_that_fits(real_data):
    folder = real_data / "oft-csi-cohort-ethz"
    names = [path.stem for path in sorted((folder / "CSVinput").glob("*.csv"))]
    files = [f"{name}.csv" for name in names]
    placed = place_rows(read_rows(folder / "Example_metadata.csv"), names, files)
    assert placed.key == "DLCFile"
    assert sorted(row for row in placed.recordings if row is not None) == list(range(59))
    whole = pd.read_csv(folder / "Example_metadata.csv", sep=";")
    assert placed.columns["Condition"] == whole["Condition"].tolist()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_separators_and_encodings(tmp_path, cohort, separator, encoding):
    text = "recording,Käfig,drug\nm1,Süd,none\nm2,Nord,MK-801\n".replace(",", separator)
    ds, _ = join_metadata(cohort, table(tmp_path, text.replace("\n", "\r\n"), encoding))
    assert ds["Käfig"].values.tolist() == ["Süd", "Nord"]
    assert ds["drug"].values.tolist() == ["none", "MK-801"]


@pytest.mark.parametrize(
    ("cells", "values", "kind"),
    [
        (("1", "2"), [1, 2], "i"),
        (("1.5", "2"), [1.5, 2], "f"),
        (("1,5", "-2"), [1.5, -2], "f"),
        (("1", ""), [1, np.nan], "f"),
        (("NA", "2"), [np.nan, 2], "f"),
        (("007", "12"), ["007", "12"], "O"),
        (("1_2", "3"), ["1_2", "3"], "O"),
        (("12E3", "12E4"), ["12E3", "12E4"], "O"),
        (("1,000", "2"), ["1,000", "2"], "O"),
        (("saline", "NA"), ["saline", ""], "O"),
        (("", ""), ["", ""], "O"),
        (("2024-05-01", "True"), ["2024-05-01", "True"], "O"),
    ],
)
def test_kinds_of_cells(tmp_path, cohort, cells, values, kind):
    path = table(tmp_path, f"recording;value\nm1;{cells[0]}\nm2;{cells[1]}\n")
    ds, _ = join_metadata(cohort, path)
    assert ds.value.dtype.kind == kind
    assert ds.value.dims == ("recording",)
    np.testing.assert_array_equal(ds.value.values, np.array(values, dtype=ds.value.dtype))


def test_a_frame_instead_of_a_file(cohort):
    frame = pd.DataFrame({"recording": ["m2", "m1"], "weight": [21.5, None], "day": [3, 4]})
    ds, _ = join_metadata(cohort, frame)
    np.testing.assert_array_equal(ds.weight, [np.nan, 21.5])
    assert ds.day.values.tolist() == [4, 3]
    indexed, _ = join_metadata(cohort, frame.set_index("recording"))
    assert indexed.identical(ds)


def test_left_over_on_both_sides(tmp_path, cohort):
    ds, (report,) = join_metadata(cohort, table(tmp_path, "recording,sex\nm1,f\nm9,m\n"))
    assert ds.sex.values.tolist() == ["f", ""]
    assert report.matched == ("m1DLC_resnet50",)
    assert report.recordings_without_row == ("m2DLC_resnet50",)
    assert report.rows_without_recording == ("m9",)
    assert str(report) == (
        "1 of 2 recordings have a row in animals.table. Recordings without a row: m2DLC_resnet50. "
        "Rows without a recording: m9."
    )


def test_rows_about_animals(tmp_path, pairs):
    text = (
        "recording,individual,sex\npair,white,f\npair,black,m\nsingle,individual_0,f\npair,red,m\n"
    )
    ds, (report,) = join_metadata(pairs, table(tmp_path, text))
    assert ds.sex.dims == ("recording", "individual")
    assert ds.sex.values.tolist() == [["m", "f"], ["f", ""]]
    assert report.rows_without_recording == ("pair / red",)


def test_names_of_the_animals(tmp_path, cohort, pairs):
    ds, _ = join_metadata(cohort, table(tmp_path, "recording,Animal\nm1,007\nm2,007\n"))
    assert ds.animal.values.tolist() == [["007"], ["007"]]
    assert cohort.animal.values.tolist() == [["m1DLC_resnet50"], ["m2DLC_resnet50"]]
    text = "recording,individual,animal\npair,black,x1\npair,white,x2\nsingle,individual_0,x1\n"
    ds, _ = join_metadata(pairs, table(tmp_path, text))
    assert ds.animal.values.tolist() == [["x1", "x2"], ["x1", ""]]
    assert "Animal" not in ds.coords
    with pytest.raises(DataError, match="pair has 2 animals; a column 'individual' must say"):
        join_metadata(pairs, table(tmp_path, "recording,animal\npair,x\n"))


def test_a_single_recording(tmp_path):
    ds = make_tracks(np.zeros((2, 1, 2, 5)), fps=25, bodyparts=["nose"], recording="pair")
    path = table(tmp_path, "recording,sex\npair,f\n")
    joined, (report,) = join_metadata(ds, path)
    assert joined.sex.dims == ()
    assert joined.sex.item() == "f"
    assert report.complete
    text = "recording,individual,sex,animal\npair,individual_1,f,x\n"
    joined, _ = join_metadata(ds, table(tmp_path, text))
    assert joined.sex.values.tolist() == ["", "f"]
    assert joined.animal.values.tolist() == ["individual_0", "x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recording,sex\nx1,f\nx2,m\n", "no row names a recording.*'x1', 'x2'.*'m1DLC_resnet50'"),
        ("recording,sex\n", "no rows"),
        ("recording,sex\nm1,f\nm1.mp4,m\n", "two rows are about m1.mp4"),
        ("recording,sex,sex\nm1,f,m\n", "several columns are called sex"),
        ("recording,sex\nm1,f,x\n", "line 2 has 3 cells, the header has 2"),
        ("recording,sex\n\nm1\n", "line 3 has 1 cells, the header has 2"),
        ("", "is empty"),
        ("a\x00b", "this is no table of text"),
        ("recording,fps\nm1,30\n", "the data have fps 25, the table"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, cohort, text, message):
    with pytest.raises(DataError, match=message) as caught:
        join_metadata(cohort, table(tmp_path, text))
    assert "animals.table" in str(caught.value)


def test_missing_table(tmp_path, cohort):
    with pytest.raises(DataError, match="no such metadata table"):
        join_metadata(cohort, tmp_path / "none.csv")


def test_spreadsheet_leftovers(tmp_path, cohort):
    ds, _ = join_metadata(cohort, table(tmp_path, "\nrecording,sex,\nm1,f,\n,,\nm2,m,,\n"))
    assert ds.sex.values.tolist() == ["f", "m"]
