"""Joins do not lose groups: forms of letters, ear tags, rows per animal, groups without rows."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pytest

from ethoflow.io.cohort import UnmatchedMetadata, read_cohort
from ethoflow.io.metadata import join_metadata
from ethoflow.io.metadata_rows import place_rows
from ethoflow.io.reader import TrackingNote
from ethoflow.schema import DataError, make_tracks
from tests.strategies import stack


def cohort(*names, animals=None):
    """Recordings of one animal each, or of those named."""
    return stack([
        make_tracks(
            np.zeros((len(animals or [""]), 1, 2, 5)), fps=25, bodyparts=["nose"], recording=name,
            animals=animals, source_file=f"{name}.csv",
        )
        for name in names
    ])  # fmt: skip


def sessions():
    return cohort("M1_day1", "M1_day2", "M2_day1", "M2_day2", "M10_day1")


@pytest.mark.parametrize("of_file", ["NFC", "NFD"])
@pytest.mark.parametrize("of_table", ["NFC", "NFD"])
@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u202f", "  ", "\t"])
def test_the_same_letters_are_the_same_name(of_file, of_table, blank):
    name = unicodedata.normalize(of_file, "Mäuschen Ü1")
    key = unicodedata.normalize(of_table, f"\ufeff{blank}Mäuschen{blank}Ü1\u200b{blank}")
    ds = cohort(name, "zwei")
    frame = pd.DataFrame({"\u00a0recording ": [key, "zwei\u00a0"], "group": ["ko\u00a0", "wt"]})
    joined, (report,) = join_metadata(ds, frame)
    assert joined.group.values.tolist() == ["ko", "wt"]
    assert report.complete
    assert joined.recording.values[0] == name


def test_names_that_differ_by_form_alone_are_found_exactly():
    names = [unicodedata.normalize(form, "Ü") for form in ("NFC", "NFD")]
    assert place_rows(("t", {"k": ["Ü"]}), names, ["f"] * 2).recordings == (0,)


def test_case_counts():
    frame = pd.DataFrame({"recording": ["m1", "M2"], "group": ["a", "b"]})
    joined, (report,) = join_metadata(cohort("M1", "M2"), frame)
    assert joined.group.values.tolist() == ["", "b"]
    assert report.rows_without_recording == ("m1",)


@pytest.mark.parametrize(("name", "key"), [("01", "1"), ("1", "01"), ("m_007", "m_7"), ("7", "07")])
def test_numbers_that_were_names_are_not_mixed_up(name, key):
    frame = pd.DataFrame({"recording": [key, "other"], "group": ["a", "b"]})
    _, (report,) = join_metadata(cohort(name, "other"), frame)
    assert report.recordings_without_row == (name,)
    assert f"{key!r} and {name!r} are taken for different names" in str(report)
    with pytest.raises(DataError, match="are taken for different names"):
        join_metadata(cohort(name), frame[:1])


def test_whole_numbers_of_a_frame_are_names():
    """A column of numbers with one missing is of floats: 1.0 is the recording 1."""
    frame = pd.DataFrame({"recording": [1.0, 2.0, np.nan], "group": ["a", "b", "c"]})
    joined, _ = join_metadata(cohort("1", "2"), frame)
    assert joined.group.values.tolist() == ["a", "b"]


# Who a row is about.


@pytest.mark.parametrize("heading", ["individual", "Individual"])
def test_an_ear_tag_is_the_one_animal(heading):
    ds = cohort("M1_day1", "M1_day2", "M2_day1")
    frame = pd.DataFrame({
        "recording": ds.recording.values, heading: ["9001", "9001", "9002"],
        "genotype": ["wt", "wt", "ko"],
    })  # fmt: skip
    joined, (report,) = join_metadata(ds, frame)
    assert joined.genotype.dims == ("recording",)
    assert joined.genotype.values.tolist() == ["wt", "wt", "ko"]
    assert joined.animal.values.ravel().tolist() == ["9001", "9001", "9002"]
    assert report.complete
    named, _ = join_metadata(ds, frame.assign(animal=["a", "a", "b"]))
    assert named.animal.values.ravel().tolist() == ["a", "a", "b"]


def test_an_ear_tag_is_nobody_among_several():
    pair = cohort("pair", animals=["black", "white"])
    frame = pd.DataFrame({"recording": ["pair"] * 2, "individual": ["black", "9001"]})
    frame["sex"] = ["f", "m"]
    joined, (report,) = join_metadata(pair, frame)
    assert joined.sex.values.tolist() == [["f", ""]]
    assert report.rows_without_recording == ("pair / 9001",)
    alone = pd.DataFrame({"recording": ["M1"], "individual": ["individual_1"], "sex": ["f"]})
    _, (report,) = join_metadata(cohort("M1"), alone)
    assert report.rows_without_recording == ("M1 / individual_1",)


def test_two_tags_in_one_recording_of_one_animal():
    frame = pd.DataFrame({"recording": ["M1"] * 2, "individual": ["a", "b"], "sex": ["f", "m"]})
    with pytest.raises(DataError, match="two rows are about M1 / individual_0"):
        join_metadata(cohort("M1"), frame)


def test_rows_per_animal_through_a_table_of_recordings():
    recordings = pd.DataFrame({"recording": sessions().recording.values,
                               "animal": ["a", "a", "b", "b", "c"]})  # fmt: skip
    animals = pd.DataFrame({"Animal": ["b", "a", "c"], "genotype": ["ko", "wt", "ko"]})
    joined, reports = join_metadata(sessions(), [recordings, animals])
    assert joined.genotype.values.tolist() == ["wt", "wt", "ko", "ko", "ko"]
    assert all(report.complete for report in reports)
    _, reports = join_metadata(sessions(), [recordings, animals[:2]])
    assert reports[1].recordings_without_row == ("M10_day1",)


def test_rows_per_animal_that_the_tracker_names():
    ds = cohort("one", "two", animals=["black", "white"])
    frame = pd.DataFrame({"id": ["white", "black", "red"], "weight": [20, 30, 40]})
    joined, (report,) = join_metadata(ds, frame)
    assert joined.weight.values.tolist() == [[30, 20]] * 2
    assert joined.animal.values.tolist() == [["black", "white"]] * 2
    assert report.rows_without_recording == ("red",)


@pytest.mark.parametrize("heading", ["animal", "Mouse_ID", "ear tag"])
def test_rows_per_animal_through_names_of_recordings(heading):
    frame = pd.DataFrame({heading: ["M1", "M2", "M10"], "genotype": ["wt", "ko", "het"]})
    joined, (report,) = join_metadata(sessions(), frame)
    assert joined.genotype.values.tolist() == ["wt", "wt", "ko", "ko", "het"]
    assert joined.animal.values.ravel().tolist() == ["M1", "M1", "M2", "M2", "M10"]
    assert report.complete
    assert "M1 in M1_day1, M1_day2" in joined.attrs["notes"][0]


def test_parts_of_names_that_are_no_animals():
    with pytest.raises(DataError, match="no row names a recording"):  # what a column says counts
        join_metadata(sessions(), pd.DataFrame({"session": ["day1", "day2"], "drug": ["a", "b"]}))
    both = pd.DataFrame({"animal": ["M1", "day1"], "drug": ["a", "b"]})
    joined, _ = join_metadata(sessions(), both)  # M1_day1 may be either
    assert joined.drug.values.tolist() == ["", "a", "b", "", "b"]


# Groups that come out empty.


@pytest.fixture
def folder(tmp_path, make_table):
    for name in ("a", "b", "c", "d"):
        make_table().to_csv(tmp_path / f"{name}.csv")
    return tmp_path


def write(folder, rows):
    path = folder / "animals.tsv"
    path.write_text("\n".join(["recording\tgroup\tnote", *rows]))
    return path


FAILED = ["a\tx\t1", "b\tx\t2", "cc\ty\t3", "dd\ty\t4"]
LONGER = ["a\tx\t1", "b\tx\t2", "c\tx\t3", "d\tx\t4", "e\ty\t5", "f\ty\t6"]


@pytest.mark.parametrize("rows", [FAILED, LONGER])
def test_a_group_that_comes_out_empty_is_confirmed(folder, rows):
    table = write(folder, rows)
    with pytest.raises(DataError, match="group y.* would come out empty"):
        read_cohort(folder / "?.csv", fps=25, metadata=table)
    with pytest.warns(UnmatchedMetadata):
        ds = read_cohort(folder / "?.csv", fps=25, metadata=table, empty_groups="allow")
    assert "y" not in ds.group.values
    with pytest.raises(ValueError, match="empty_groups must be"):
        read_cohort(folder / "?.csv", fps=25, metadata=table, empty_groups="no")


@pytest.mark.parametrize("rows", [
    ["a\tx\t1", "b\ty\t2", "c\tx\t3", "d\ty\t4", "e\tx\t5", "f\ty\t6"],  # a longer table
    ["a\tx\t1", "b\ty\t2", "c\tx\t3"],  # one recording without a row
])  # fmt: skip
def test_what_loses_no_group_is_said(folder, rows):
    with pytest.warns(UnmatchedMetadata):
        ds = read_cohort(folder / "?.csv", fps=25, metadata=write(folder, rows))
    assert ds.group.values.tolist()[:3] == ["x", "y", "x"]


@pytest.mark.filterwarnings("ignore::ethoflow.io.reader.TrackingNote")
def test_cases(cases):
    ds = read_cohort(
        cases / "join-individual-is-the-mouse/M?_day?.csv", fps=30,
        metadata=cases / "join-individual-is-the-mouse/meta.tsv",
    )  # fmt: skip
    assert ds.genotype.values.tolist() == ["wt", "wt", "ko", "ko"]
    forms = cases / "join-unicode-forms"
    files = sorted(path for path in forms.glob("*.csv"))
    ds = read_cohort(files, fps=30, metadata=forms / "meta.tsv")
    assert "" not in ds.group.values.tolist()


def test_notes_of_a_join_are_warnings(tmp_path, make_table):
    for name in ("M1_day1", "M2_day1"):
        make_table().to_csv(tmp_path / f"{name}.csv")
    frame = pd.DataFrame({"animal": ["M1", "M2"], "sex": ["f", "m"]})
    with pytest.warns(TrackingNote, match="found in names of recordings"):
        ds = read_cohort(tmp_path / "*.csv", fps=25, metadata=frame)
    assert ds.sex.values.tolist() == ["f", "m"]


def test_numbers_of_rows_and_of_mice_are_not_taken_for_each_other():
    ds = cohort("1", "2", "3")
    rows = {"order": ["1", "2", "3"], "mouse": ["3", "1", "2"], "group": ["ko", "wt", "het"]}
    joined, _ = join_metadata(ds, pd.DataFrame(rows))
    assert joined.group.values.tolist() == ["wt", "het", "ko"]
    assert "'order' would fit as well, and differently" in joined.attrs["notes"][0]
    cages = pd.DataFrame({"cage": ["1", "1", "2"], **rows}).drop(columns="order")
    joined, _ = join_metadata(ds, cages)
    assert joined.group.values.tolist() == ["wt", "het", "ko"]
    unnamed = pd.DataFrame(rows).rename(columns={"order": "", "mouse": "code"})
    joined, _ = join_metadata(ds, unnamed)
    assert joined.group.values.tolist() == ["wt", "het", "ko"]
    assert not joined.attrs.get("notes")


def test_columns_that_name_different_recordings_are_asked_about():
    rows = {"order": ["1", "2", "3"], "code": ["3", "1", "2"], "group": ["ko", "wt", "het"]}
    with pytest.raises(DataError, match="'order' and 'code' both fit.*'recording'"):
        join_metadata(cohort("1", "2", "3"), pd.DataFrame(rows))
    joined, _ = join_metadata(
        cohort("1", "2", "3"), pd.DataFrame(rows).rename(columns={"code": "recording"})
    )
    assert joined.group.values.tolist() == ["wt", "het", "ko"]


def test_a_column_of_two_tables_is_completed_or_refused():
    ds = cohort("a", "b", "c")
    first = pd.DataFrame({"recording": ["a", "b"], "sex": ["f", ""], "weight": [20, 22]})
    second = pd.DataFrame({"recording": ["b", "c"], "sex": ["m", "f"], "weight": [22, 25]})
    joined, _ = join_metadata(ds, [first, second])
    assert joined.sex.values.tolist() == ["f", "m", "f"]
    assert joined.weight.values.tolist() == [20, 22, 25]
    for other in ({"sex": ["m", "f"], "weight": [23, 25]}, {"sex": [1, 2]}):
        with pytest.raises(DataError, match="both have a column .*do not say the same"):
            join_metadata(ds, [first, pd.DataFrame({"recording": ["b", "c"], **other})])


def test_two_tables_with_different_rates_are_refused(tmp_path, make_table):
    make_table(9).to_csv(tmp_path / "a.csv")
    tables = [pd.DataFrame({"recording": ["a"], "fps": [rate]}) for rate in (25, 30)]
    with pytest.raises(
        DataError, match="fps of a is 30, in another table of the metadata it is 25"
    ):
        read_cohort([tmp_path / "a.csv"], metadata=tables)
