"""DeepLabCut CSV: right numbers from good files, the line named for bad ones."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ethoflow.io.one_file import read
from ethoflow.schema import DataError

COORDS = ("x", "y", "likelihood")


def assert_table(ds, table, individual=None):
    """Every number of `ds` is the float32 of the table's."""
    scorer = table.columns[0][0]
    keys = (scorer,) if individual is None else (scorer, individual)
    # DeepLabCut writes a point it did not find as three zeros.
    unseen = {
        part: np.all(
            [table[key] == 0 for axis in COORDS if (key := (*keys, part, axis)) in table.columns],
            axis=0,
        )
        for part in ds.bodypart.values
    }
    slot = 0 if individual is None else list(ds.animal.values).index(individual)
    for part in ds.bodypart.values:
        for axis in ds.space.values:
            got = ds.position.isel(individual=slot).sel(bodypart=part, space=axis).values
            want = table[(*keys, part, axis)].to_numpy(np.float32, copy=True)
            want[unseen[part]] = np.nan
            np.testing.assert_array_equal(got, want)
        got = ds.confidence.isel(individual=slot).sel(bodypart=part).values
        want = table[(*keys, part, "likelihood")].to_numpy(np.float32)
        np.testing.assert_array_equal(got, want)


def write_lines(path, lines, newline="\n"):
    path.write_bytes((newline.join(lines) + newline).encode())
    return path


# Real files, against a plain pandas.read_csv.

BEAM = "gait-beamwalk-autogaita/25mm"


def test_beam_walk(real_data):
    paths = sorted((real_data / BEAM).glob("*SIMI*.csv"))
    assert len(paths) == 5
    for path in paths:
        ds = read(path, fps=100)
        table = pd.read_csv(path, header=[0, 1, 2], index_col=0)
        assert ds.sizes["time"] == len(table)
        assert ds.recording.item() == path.stem
        assert ds.animal.values.tolist() == [path.stem]
        assert ds.source_file.item() == path.name
        assert ds.attrs["source_software"] == "DeepLabCut"
        undetected = (table == 0).all(axis=1)  # 60 frames at the end of one of the five
        table.loc[undetected, table.columns.get_level_values("coords") != "likelihood"] = np.nan
        assert undetected.sum() == (60 if "Mouse16" in path.name else 0)
        assert_table(ds, table)


@pytest.mark.parametrize(
    ("name", "n_frames"),
    [
        ("freezing-behaviordepot/demo1/demo1_tracking.csv", 6000),
        ("deepof-examples/test_single_topview/Tables/testDLC_csv_table.csv", 97),
        (
            "dlc-openfield-bsoid/raw_clip1DLC_resnet50_OpenFieldHighResApr8shuffle1_1030000.csv",
            7200,
        ),
    ],
)
def test_single_animal_files(real_data, name, n_frames):
    ds = read(real_data / name, fps=50)
    table = pd.read_csv(real_data / name, header=[0, 1, 2], index_col=0)
    assert ds.sizes["time"] == n_frames == len(table)
    assert_table(ds, table)


def test_scorer_mangled_by_saving_again(real_data):
    path = real_data / "vame-one-recording-4-formats/tests_project_sample_data/cropped_video.csv"
    ds = read(path, fps=25)
    table = pd.read_csv(path, header=[1, 2], index_col=0)
    assert ds.sizes["bodypart"] == 6
    for part in ds.bodypart.values:
        want = table[part].to_numpy(np.float32)
        np.testing.assert_array_equal(ds.position.sel(bodypart=part)[0].values.T, want[:, :2])


def test_multi_animal_file_with_undetected_points(real_data):
    path = real_data / "deepof-examples/test_madlc_topview/Tables/testDLC_csv_table_madlc.csv"
    ds = read(path, fps=25)
    table = pd.read_csv(path, header=[1, 2, 3], index_col=0)
    assert ds.animal.values.tolist() == ["mouse_black_tail", "mouse_white_tail"]
    assert ds.individual.values.tolist() == ["individual_0", "individual_1"]
    n_unseen = 0
    for slot, animal in enumerate(ds.animal.values):
        for part in ds.bodypart.values:
            want = table[animal][part].to_numpy(np.float32)
            unseen = (want == 0).all(axis=1)
            n_unseen += unseen.sum()
            want[unseen, :2] = np.nan
            got = ds.isel(individual=slot).sel(bodypart=part)
            np.testing.assert_array_equal(got.position.values.T, want[:, :2])
            np.testing.assert_array_equal(got.confidence.values, want[:, 2])
    assert n_unseen == np.isnan(ds.position.isel(space=0)).sum() > 0


def test_two_animals_by_prefix(real_data):
    path = real_data / "deepof-examples/test_multi_topview/Tables/testDLC_csv_table_multi.csv"
    both, one = read(path, fps=25, individuals=["B", "W"]), read(path, fps=25)
    assert dict(both.sizes) == {"individual": 2, "bodypart": 14, "space": 2, "time": 98}
    assert dict(one.sizes) == {"individual": 1, "bodypart": 28, "space": 2, "time": 98}
    assert both.animal.values.tolist() == ["B", "W"]
    assert both.digest.item() != one.digest.item()
    for slot, animal in enumerate("BW"):
        for part in both.bodypart.values:
            got = both.isel(individual=slot).sel(bodypart=part)
            want = one.isel(individual=0).sel(bodypart=f"{animal}_{part}")
            np.testing.assert_array_equal(got.position, want.position)
            np.testing.assert_array_equal(got.confidence, want.confidence)
    with pytest.raises(DataError, match="prefixes of body parts found: B, W.*write \\['B'\\]"):
        read(path, fps=25, individuals=["b", "W"])


def test_labelled_images_are_read_as_single_frames(real_data):
    folder = real_data / "small-interchange-formats/dlc/labeled-data/video"
    ds = read(folder / "maudlc_testdata_v2.csv", fps=25)
    assert ds.animal.values.tolist() == ["Animal1", "Animal2", "single"]
    assert ds.position.sel(bodypart="D")[2, :, 1].values.tolist() == [22, 23]
    assert np.isnan(ds.position.sel(bodypart="D")[:2]).all()
    assert "single frames: no tracks" in ds.attrs["notes"][0]


# Crafted files.


@pytest.mark.parametrize("individuals", [None, ["m1", "m2", "m3"]])
def test_round_trip(tmp_path, make_table, individuals):
    table = make_table(individuals=individuals)
    table.to_csv(tmp_path / "a.csv")
    ds = read(tmp_path / "a.csv", fps=25)
    for individual in individuals or [None]:
        assert_table(ds, table, individual)


def test_coordinates_of_the_dataset(tmp_path, make_table):
    make_table(bodyparts=["snout", "Tail_base", "Spine_2"]).to_csv(tmp_path / "m7DLC_filtered.csv")
    ds = read(tmp_path / "m7DLC_filtered.csv", fps=25, skeleton={"centre": "Spine_2"})
    assert ds.recording.item() == "m7DLC_filtered"
    assert ds.role.values.tolist() == ["nose", "tail_base", "centre"]
    assert float(ds.fps) == 25
    assert int(ds.n_frames) == 6
    assert ds.position.dtype == ds.confidence.dtype == np.float32
    np.testing.assert_allclose(ds.time, np.arange(6) / 25)
    assert len(ds.digest.item()) == 32


def test_columns_in_any_order(tmp_path, make_table):
    table = make_table()
    shuffled = table.iloc[:, np.random.default_rng(1).permutation(table.shape[1])]
    shuffled.to_csv(tmp_path / "a.csv")
    assert_table(read(tmp_path / "a.csv", fps=25), table)


def test_header_rows_in_any_order(tmp_path, make_table, lines_of):
    lines = lines_of()
    lines[:3] = [lines[2], lines[0], lines[1]]
    assert_table(read(write_lines(tmp_path / "a.csv", lines), fps=25), make_table())


def test_upper_case_coords(tmp_path, make_table, lines_of):
    lines = lines_of()
    lines[2] = lines[2].upper().replace("COORDS", "coords")
    assert_table(read(write_lines(tmp_path / "a.csv", lines), fps=25), make_table())


def test_three_coordinates_without_likelihood(tmp_path, make_table):
    table = make_table(coords=["x", "y", "z"])
    table.to_csv(tmp_path / "a.csv")
    ds = read(tmp_path / "a.csv", fps=25)
    assert ds.space.values.tolist() == ["x", "y", "z"]
    got = ds.position.sel(bodypart="nose", space="z")[0]
    np.testing.assert_array_equal(got, table["DLC_net", "nose", "z"].to_numpy(np.float32))
    assert np.isnan(ds.confidence).all()


def test_no_likelihood_leaves_confidence_unknown(tmp_path, make_table):
    make_table(coords=["x", "y"]).to_csv(tmp_path / "a.csv")
    ds = read(tmp_path / "a.csv", fps=25)
    assert np.isnan(ds.confidence).all()
    assert not np.isnan(ds.position).any()


def test_likelihood_is_not_clipped(tmp_path, make_table):
    table = make_table()
    table["DLC_net", "nose", "likelihood"] = [100.0, 55.0, -0.5, 1.7, 0.0, 1.0]
    table.to_csv(tmp_path / "a.csv")
    ds = read(tmp_path / "a.csv", fps=25)
    got = ds.confidence.sel(bodypart="nose")[0].values
    np.testing.assert_array_equal(got, np.float32([100, 55, -0.5, 1.7, 0, 1]))


def test_unseen_points(tmp_path, make_table):
    table = make_table()
    table.iloc[1, 0:3] = 0  # as DeepLabCut writes an undetected point
    table.iloc[2, 0:2] = 0  # at the origin, but seen
    table.iloc[3, 1] = np.nan  # one coordinate missing
    table.iloc[4, 2] = np.nan
    table.to_csv(tmp_path / "a.csv")
    nose = read(tmp_path / "a.csv", fps=25).sel(bodypart="nose").isel(individual=0)
    missing = np.isnan(nose.position.values)
    assert missing.tolist() == [[False, True, False, True, False, False]] * 2
    assert nose.confidence.values[1] == 0
    assert np.isnan(nose.confidence.values).tolist() == [False, False, False, False, True, False]


def test_animal_that_is_never_seen(tmp_path, make_table):
    table = make_table(individuals=["m1", "m2"])
    table.loc[:, ("DLC_net", "m2")] = np.nan
    table.to_csv(tmp_path / "a.csv")
    ds = read(tmp_path / "a.csv", fps=25)
    assert np.isnan(ds.position[1]).all()
    assert not np.isnan(ds.position[0]).any()


def test_animals_with_different_body_parts(tmp_path, make_table):
    table = make_table(individuals=["m1", "single"])
    absent = [("m1", "tailbase"), ("single", "nose")]
    table = table.loc[:, [column[1:3] not in absent for column in table.columns]]
    table.to_csv(tmp_path / "a.csv")
    ds = read(tmp_path / "a.csv", fps=25)
    assert ds.bodypart.values.tolist() == ["nose", "centre", "tailbase"]
    assert np.isnan(ds.position.isel(individual=0).sel(bodypart="tailbase")).all()
    only = read(tmp_path / "a.csv", fps=25, individuals=["m1"])
    assert only.animal.values.tolist() == ["m1"]


def test_semicolons_and_decimal_commas(tmp_path, make_table):
    table = make_table()
    table.iloc[2, 4] = np.nan
    table.to_csv(tmp_path / "a.csv", sep=";", decimal=",")
    ds = read(tmp_path / "a.csv", fps=25)
    table.iloc[2, 3] = np.nan
    assert_table(ds, table)


def test_decimal_commas_in_quotes(tmp_path, make_table):
    table = make_table().map(lambda value: str(value).replace(".", ","))
    table.to_csv(tmp_path / "a.csv")
    assert_table(read(tmp_path / "a.csv", fps=25), make_table())


def test_tabs_quotes_and_points(tmp_path, make_table):
    make_table().to_csv(tmp_path / "a.csv", sep="\t", quoting=csv.QUOTE_ALL)
    assert_table(read(tmp_path / "a.csv", fps=25), make_table())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path, make_table, encoding, newline):
    table = make_table(bodyparts=["Öhrchen links", "Butt/Proximal Tail ", "centre"])
    path = tmp_path / "Käfig 3 🐭.csv"
    text = table.to_csv(lineterminator="\n").replace("\n", newline)
    path.write_bytes(text.encode(encoding))
    ds = read(path, fps=25)
    assert ds.recording.item() == "Käfig 3 🐭"
    assert_table(ds, table)


def test_gzip(tmp_path, make_table):
    make_table().to_csv(tmp_path / "a.csv.gz")
    ds = read(tmp_path / "a.csv.gz", fps=25)
    assert ds.recording.item() == "a"
    assert_table(ds, make_table())
    data = (tmp_path / "a.csv.gz").read_bytes()
    (tmp_path / "b.csv.gz").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="b.csv.gz: .*cut off"):
        read(tmp_path / "b.csv.gz", fps=25)


def test_last_line_without_line_end_blank_lines_and_empty_rows(tmp_path, make_table, lines_of):
    lines = lines_of()
    lines[5:5] = ["", "," * 9]
    (tmp_path / "a.csv").write_text("\n".join([*lines, "," * 9, ""]) + "\n\n")
    assert_table(read(tmp_path / "a.csv", fps=25), make_table())
    (tmp_path / "b.csv").write_text("\n".join(lines))
    assert_table(read(tmp_path / "b.csv", fps=25), make_table())


def test_name_of_the_index_in_a_row_of_its_own(tmp_path, make_table):
    table = make_table()
    table.index.name = "frame"
    table.to_csv(tmp_path / "a.csv")
    assert_table(read(tmp_path / "a.csv", fps=25), make_table())


def test_spreadsheet_columns_at_the_end(tmp_path, make_table, lines_of):
    lines = [f"{line},," for line in lines_of()]
    assert_table(read(write_lines(tmp_path / "a.csv", lines), fps=25), make_table())


# Frame numbers.


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(
    dropped=st.sets(st.integers(1, 58), max_size=20),
    start=st.integers(0, 10_000),
    as_float=st.booleans(),
)
def test_dropped_frames_become_nan_rows(tmp_path, make_table, dropped, start, as_float):
    table = make_table(n_frames=60)
    table.index = table.index + start
    if as_float:
        table.index = table.index.astype(float)
    kept = table.drop(index=[start + frame for frame in dropped])
    kept.to_csv(tmp_path / "a.csv")
    ds = read(tmp_path / "a.csv", fps=25)
    assert ds.sizes["time"] == 60
    assert ds.time.values[0] == 0
    assert_table(ds, kept.reindex(table.index))


def test_rows_out_of_order_go_where_their_number_says(tmp_path, make_table):
    table = make_table()
    table.iloc[[0, 2, 1, 3, 4, 5]].to_csv(tmp_path / "a.csv")
    assert_table(read(tmp_path / "a.csv", fps=25), table)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([0, 1, 2, 2, 3, 4], "line 7: the frame number 2 occurs a second time"),
        ([0, 33, 67, 100, 133, 167], "not the numbers of consecutive frames"),
        ([0, 2, 4, 6, 8, 10], "give the fps of the rows"),
        ([0, 1, 2, 3, 4, 10**9], "not the numbers of consecutive frames"),
        ([0, 0.04, 0.08, 0.12, 0.16, 0.2], "line 5: needed a frame number .* found 0.04"),
        ([0, 1, None, 3, 4, 5], "line 6: needed a frame number"),
        ([0, 1, 1e300, 3, 4, 5], "line 6: needed a frame number .* found 1e\\+300"),
    ],
)
def test_bad_frame_numbers(tmp_path, make_table, index, message):
    table = make_table()
    table.index = index
    table.to_csv(tmp_path / "a.csv")
    with pytest.raises(DataError, match=message):
        read(tmp_path / "a.csv", fps=25)


# Broken files: each says what is wrong, and where.


def spoil_cell(lines, row, column, value):
    cells = lines[row].split(",")
    cells[column] = value
    lines[row] = ",".join(cells)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("abc", "line 6: 'abc' is no number \\(y of 'centre'\\)"),
        ("1_0", "line 6: '1_0' is no number"),
        ("2.804.508", "line 6: '2.804.508' is no number"),
        ("inf", "line 6: y of 'centre' is inf"),
        ("1e300", "line 6: y of 'centre' is 1e\\+300"),
    ],
)
def test_garbage_in_a_cell(tmp_path, lines_of, cell, message):
    lines = lines_of()
    spoil_cell(lines, 5, 5, cell)
    with pytest.raises(DataError, match=message) as caught:
        read(write_lines(tmp_path / "a.csv", lines), fps=25)
    assert str(tmp_path / "a.csv") in str(caught.value)


def test_line_numbers_count_blank_lines(tmp_path, lines_of):
    lines = lines_of()
    spoil_cell(lines, 7, 5, "inf")
    lines[5:5] = ["", ""]
    with pytest.raises(DataError, match="line 10:"):
        read(write_lines(tmp_path / "a.csv", lines), fps=25)


@pytest.mark.parametrize("keep", [0.3, 0.5, 0.9])
def test_truncated_in_the_middle_of_a_row(tmp_path, real_data, keep):
    path = real_data / "freezing-behaviordepot/demo1/demo1_tracking.csv"
    data = path.read_bytes()
    cut = data[: int(len(data) * keep)]
    last = cut.rsplit(b"\n", 1)[1]
    assert 0 < last.count(b",") < 24
    (tmp_path / "a.csv").write_bytes(cut)
    n_lines = cut.count(b"\n") + 1
    with pytest.raises(DataError, match=f"line {n_lines} has .* cut off"):
        read(tmp_path / "a.csv", fps=50)


def test_truncated_in_the_header(tmp_path, lines_of):
    lines = lines_of()
    write_lines(tmp_path / "a.csv", lines[:1])
    with pytest.raises(DataError, match="header row 'bodyparts' is missing"):
        read(tmp_path / "a.csv", fps=25)
    write_lines(tmp_path / "a.csv", [*lines[:2], "coords,x,y,likel"])
    with pytest.raises(DataError, match="different numbers of cells \\(bodyparts 9, coords 3\\)"):
        read(tmp_path / "a.csv", fps=25)


def test_header_only(tmp_path, lines_of):
    with pytest.raises(DataError, match="no frames"):
        read(write_lines(tmp_path / "a.csv", lines_of()[:3]), fps=25)


def test_swapped_contents_of_header_rows(tmp_path, lines_of):
    lines = lines_of()
    parts, coords = lines[1].split(",", 1)[1], lines[2].split(",", 1)[1]
    lines[1:3] = [f"bodyparts,{coords}", f"coords,{parts}"]
    with pytest.raises(DataError, match="are the header rows swapped"):
        read(write_lines(tmp_path / "a.csv", lines), fps=25)


def test_point_without_y(tmp_path, make_table):
    make_table().drop(columns=[("DLC_net", "centre", "y")]).to_csv(tmp_path / "a.csv")
    with pytest.raises(DataError, match="'centre' has no column 'y'"):
        read(tmp_path / "a.csv", fps=25)


def test_two_scorers(tmp_path, make_table):
    table = pd.concat([make_table(), make_table().rename(columns={"DLC_net": "Human"})], axis=1)
    table.to_csv(tmp_path / "a.csv")
    with pytest.raises(DataError, match="scorers of the file are: DLC_net, Human"):
        read(tmp_path / "a.csv", fps=25)


def test_rows_wider_than_the_header(tmp_path, lines_of):
    lines = lines_of()
    lines[4] += ",1,2"
    with pytest.raises(DataError, match="line 5 has 12 cells, the header has 10"):
        read(write_lines(tmp_path / "a.csv", lines), fps=25)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(cut=st.integers(0, 600), noise=st.binary(max_size=6))
def test_damage_never_ends_in_another_error(tmp_path, make_table, cut, noise):
    text = make_table(n_frames=4).to_csv().encode()
    path = Path(tmp_path / "a.csv")
    path.write_bytes(text[:cut] + noise + text[cut:])
    try:
        read(path, fps=25)
    except DataError as error:
        assert str(path) in str(error)
    path.write_bytes(gzip.compress(text[:cut]))
    try:
        ds = read(path, fps=25)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert ds.sizes["time"] <= 4
