"""Cohorts: lazy, equal to their recordings read alone, nothing lost when a file is broken."""

from __future__ import annotations

import pickle
import re
import warnings

import dask
import numpy as np
import pytest
import xarray as xr

from ethoflow.io import files as files_module
from ethoflow.io.cohort import UnmatchedMetadata, open_cohort, read_cohort
from ethoflow.io.one_file import read
from ethoflow.io.reader import TrackingNote
from ethoflow.io.scan import BrokenFile, scan
from ethoflow.schema import DataError, as_dataset
from tests.conftest import no_compute


@pytest.fixture
def folder(tmp_path, make_table):
    """Three recordings of 4, 6 and 5 frames, the body parts of one in another order."""
    for i, (name, n_frames) in enumerate([("a", 4), ("b", 6), ("c", 5)]):
        table = make_table(n_frames=n_frames, seed=i)
        table = table.iloc[:, ::-1] if i == 1 else table
        table.to_csv(tmp_path / f"{name}.csv")
    return tmp_path


def assert_holds(ds, path, name, **options):
    """The recording in the cohort is the recording alone, and padding is NaN."""
    alone = read(path, fps=float(ds.fps), **options)
    inside = ds.sel(recording=name).compute()
    n_frames = alone.sizes["time"]
    assert int(inside.n_frames) == n_frames
    assert np.isnan(inside.position.isel(time=slice(n_frames, None))).all()
    trimmed = inside.isel(individual=slice(alone.sizes["individual"]), time=slice(n_frames))
    xr.testing.assert_identical(
        trimmed.sel(bodypart=alone.bodypart).drop_vars("role"), alone.drop_vars("role")
    )


# Real files.


def test_beam_walk(real_data):
    pattern = str(real_data / "gait-beamwalk-autogaita/25mm/*SIMI*.csv")
    ds = read_cohort(pattern, fps=100)
    assert dict(ds.sizes) == {
        "recording": 5,
        "individual": 1,
        "bodypart": 15,
        "space": 2,
        "time": 877,
    }
    assert ds.n_frames.values.tolist() == [430, 831, 564, 877, 715]
    for name in ds.recording.values:
        assert_holds(ds, real_data / "gait-beamwalk-autogaita/25mm" / f"{name}.csv", name)


def test_open_field_tracks(real_data):
    with pytest.warns(TrackingNote, match="seems to be one video"):
        ds = read_cohort(real_data / "dlc-openfield-m3v1/*.h5", fps=30).drop_attrs(deep=False)
    ds.attrs["source_software"] = "DeepLabCut"
    assert ds.position.shape == (4, 1, 4, 2, 2330)
    for name in ds.recording.values:
        assert_holds(ds, real_data / "dlc-openfield-m3v1" / f"{name}.h5", name)


def test_two_animals_and_prefixes(real_data):
    tables = real_data / "deepof-examples/test_multi_topview/Tables"
    ds = read_cohort(tables / "*", fps=25, individuals=["B", "W"])
    assert ds.position.shape == (2, 2, 14, 2, 100)
    assert ds.animal.values.tolist() == [["B", "W"]] * 2
    for path in tables.iterdir():
        assert_holds(ds, path, path.stem, individuals=["B", "W"])


def test_one_and_two_animals_in_one_cohort(real_data):
    examples = real_data / "deepof-examples"
    paths = [
        examples / "test_single_topview/Tables/testDLC_csv_table.csv",
        examples / "test_madlc_topview/Tables/testDLC_h5_table_madlc.h5",
        examples / "test_square_arena_topview/Tables/testDLC_square_arena.h5",
        examples / "test_single_topview/Tables/testDLC_h5_table.h5",
    ]
    ds = read_cohort(paths, fps=25)
    assert ds.position.shape == (4, 2, 14, 2, 451)
    assert ds.animal.values[0].tolist() == ["testDLC_csv_table", ""]
    assert ds.animal.values[1].tolist() == ["mouse_black_tail", "mouse_white_tail"]
    assert np.isnan(ds.position.isel(recording=0, individual=1)).all()
    for path in paths:
        assert_holds(ds, path, path.stem)


def test_videos_of_a_sleap_project_are_recordings(real_data):
    path = real_data / "sleap-flies/multiview.slp"
    lazy, eager = read_cohort(path, fps=25), read(path, fps=25)
    xr.testing.assert_identical(lazy.compute(), eager)


# Crafted cohorts.


def test_structure(folder):
    ds = read_cohort(folder / "*.csv", fps=25)
    with no_compute():
        assert as_dataset(ds).position.dims == ds.position.dims
    assert ds.position.dims == ("recording", "individual", "bodypart", "space", "time")
    assert ds.confidence.dims == ("recording", "individual", "bodypart", "time")
    assert ds.position.chunks == ((1, 1, 1), (1,), (3,), (2,), (6,))
    assert ds.confidence.chunks == ((1, 1, 1), (1,), (3,), (6,))
    assert ds.position.dtype == ds.confidence.dtype == np.float32
    assert ds.recording.values.tolist() == ["a", "b", "c"]
    assert ds.source_file.values.tolist() == ["a.csv", "b.csv", "c.csv"]
    assert ds.animal.values.tolist() == [["a"], ["b"], ["c"]]
    assert ds.n_frames.dtype == np.int64
    assert ds.role.values.tolist() == ["nose", "centre", "tail_base"]
    assert len(set(ds.digest.values)) == 3
    assert ds.position.attrs["units"] == "px"
    assert ds.attrs["source_software"] == "DeepLabCut"
    for name in "abc":
        assert_holds(ds, folder / f"{name}.csv", name)


def test_one_reading_gives_position_and_confidence(folder, monkeypatch):
    ds = read_cohort(folder / "*.csv", fps=25)
    seen = []
    load = files_module.load
    monkeypatch.setattr(
        files_module, "load", lambda path, *rest: seen.append(path.name) or load(path, *rest)
    )
    dask.compute(ds.position.data, ds.confidence.data, scheduler="synchronous")
    assert sorted(seen) == ["a.csv", "b.csv", "c.csv"]
    seen.clear()
    ds.sel(recording="b").compute(scheduler="synchronous")
    assert set(seen) == {"b.csv"}


def test_slices_and_rechunking(folder):
    ds = read_cohort(folder / "*.csv", fps=25)
    whole = ds.compute()
    xr.testing.assert_identical(ds.chunk(time=2).compute(), whole)
    piece = {"time": slice(1, 5), "bodypart": [2, 0], "recording": [2, 1]}
    xr.testing.assert_identical(ds.isel(piece).compute(), whole.isel(piece))


def test_graph_goes_to_another_process(folder):
    ds = read_cohort(folder / "*.csv", fps=25)
    assert pickle.loads(pickle.dumps(ds)).identical(ds.compute())
    xr.testing.assert_identical(ds.compute(scheduler="processes", num_workers=1), ds.compute())


def test_relative_paths_survive_a_change_of_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    ds = read_cohort("*.csv", fps=25)
    monkeypatch.chdir("/")
    assert np.isfinite(ds.position.compute()).any()


def test_equal_cohorts_have_equal_names(folder):
    first, again = (read_cohort(folder / "*.csv", fps=25) for _ in range(2))
    assert first.position.data.name == again.position.data.name
    other = read_cohort(folder / "[ab].csv", fps=25)
    assert first.position.data.name != other.position.data.name


def test_a_file_that_changes_afterwards(folder, make_table):
    ds = read_cohort(folder / "*.csv", fps=25)
    make_table(n_frames=4, seed=9).to_csv(folder / "a.csv")
    with pytest.raises(DataError, match="a.csv: the file has changed"):
        ds.position.compute()
    ds.position.sel(recording=["b", "c"]).compute()
    (folder / "b.csv").unlink()
    with pytest.raises(DataError, match="b.csv: .* gone"):
        ds.position.sel(recording=["b", "c"]).compute()


@pytest.fixture
def spoiled(folder, make_table):
    """The three good files, and one of every kind of trouble."""
    good = (folder / "a.csv").read_bytes()
    (folder / "cut.csv").write_bytes(good[:-60])
    (folder / "empty.csv").write_bytes(b"")
    (folder / "notes.csv").write_bytes(b"day;weather\n1;rain\n")
    make_table(bodyparts=["nose", "centre", "tail_tip"]).to_csv(folder / "other.csv")
    make_table(coords=["x", "y", "z"]).to_csv(folder / "solid.csv")
    (folder / "twin").mkdir()
    make_table().to_csv(folder / "twin" / "b.csv")
    return folder


REASONS = {
    "cut.csv": "cut off",
    "empty.csv": "is empty",
    "notes.csv": "no known format",
    "other.csv": "missing tailbase; not in the others tail_tip",
    "solid.csv": "3 coordinates per point, a has 2",
    "twin/b.csv": "'b' is already read from .*b.csv",
}


def test_all_broken_files_are_listed(spoiled):
    with pytest.raises(DataError, match="6 of 9 files cannot be used.*errors='warn'") as caught:
        read_cohort(spoiled / "**/*.csv", fps=25)
    message = str(caught.value)
    for name in REASONS:
        assert str(spoiled / name) in message


def test_broken_files_are_warned_of_and_the_rest_is_read(spoiled):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ds = read_cohort(spoiled / "**/*.csv", fps=25, errors="warn")
    assert ds.recording.values.tolist() == ["a", "b", "c"]
    assert [item.category for item in caught] == [BrokenFile] * 6
    assert {item.filename for item in caught} == {__file__}
    for name in "abc":
        assert_holds(ds, spoiled / f"{name}.csv", name)


def test_problems_as_values(spoiled):
    cohort = open_cohort(spoiled / "**/*.csv", fps=25)
    assert cohort.dataset.recording.values.tolist() == ["a", "b", "c"]
    assert cohort.reports == ()
    found = {problem.path: problem for problem in cohort.problems}
    assert set(found) == {str(spoiled / name) for name in REASONS}
    for name, reason in REASONS.items():
        problem = found[str(spoiled / name)]
        assert re.search(reason, problem.reason), problem
        assert str(problem).startswith(str(spoiled / name))


def test_nothing_but_broken_files(tmp_path):
    (tmp_path / "a.csv").write_text("nothing")
    for errors in ("raise", "warn"):
        with pytest.raises(DataError, match="1 of 1 files cannot be used:\n"):
            read_cohort(tmp_path / "*.csv", fps=25, errors=errors)
    with pytest.raises(DataError, match="1 of 1 files cannot be used"):
        open_cohort(tmp_path / "*.csv", fps=25)
    with pytest.raises(ValueError, match="errors must be"):
        read_cohort(tmp_path / "*.csv", fps=25, errors="ignore")


def test_no_files_and_folders(tmp_path):
    with pytest.raises(DataError, match="no files: nothing is at .*none"):
        read_cohort(tmp_path / "none*.csv", fps=25)
    with pytest.raises(DataError, match="no files"):
        read_cohort([], fps=25)
    with pytest.raises(DataError, match=r"is a folder: name its files, as in ef\.read_cohort"):
        read_cohort(tmp_path, fps=25)
    with pytest.raises(DataError, match="nowhere.csv: there is no such file"):
        read_cohort([tmp_path / "nowhere.csv"], fps=25)


def test_files_whose_names_look_like_patterns(tmp_path, make_table):
    make_table().to_csv(tmp_path / "mouse[1].csv")
    ds = read_cohort([tmp_path / "mouse[1].csv"], fps=25)
    assert ds.recording.values.tolist() == ["mouse[1]"]


def test_scan_calls_back_and_keeps_no_arrays(spoiled):
    seen = []
    headers, problems = scan(spoiled / "*.csv", progress=lambda *step: seen.append(step))
    assert seen == [(i, 8) for i in range(1, 9)]
    assert len(headers) + len(problems) == 8
    assert headers[1].n_frames == 6
    assert not any(isinstance(value, np.ndarray) for value in vars(headers[0]).values())


# Frame rate and metadata.


def test_fps_of_a_cohort(folder):
    with pytest.raises(DataError, match="the cohort: the frame rate is not known"):
        read_cohort(folder / "*.csv")
    table = folder / "animals.tsv"
    table.write_text("recording\tfps\na\t25\nb\t25\nc\t\n")
    assert float(read_cohort(folder / "*.csv", metadata=table).fps) == 25
    table.write_text("recording\tfps\na\t25\nb\t30\nc\t25\n")
    with pytest.raises(DataError, match="one frame rate, found 25: a, c; 30: b"):
        read_cohort(folder / "*.csv", metadata=table)
    table.write_text("recording\tfps\na\t30\nb\t30\nc\t30\n")
    with pytest.raises(DataError, match="found 30: a, b, c; 25: the call"):
        read_cohort(folder / "*.csv", fps=25, metadata=table)
    table.write_text("recording\tfps\na\tfast\nb\t30\n")
    with pytest.raises(DataError, match="fps of a is 'fast'"):
        read_cohort(folder / "*.csv", metadata=table)


def test_metadata_of_a_cohort(folder):
    table = folder / "animals.txt"
    table.write_text("recording,treatment,day\na,saline,1\nb,drug,2\nc,drug,3\n")
    ds = read_cohort(folder / "*.csv", fps=25, metadata=table)
    assert ds.treatment.values.tolist() == ["saline", "drug", "drug"]
    assert ds.day.values.tolist() == [1, 2, 3]
    mean = ds.n_frames.groupby("treatment").mean()
    assert mean.sel(treatment="drug") == 5.5


def test_metadata_that_does_not_fit_everywhere(folder):
    table = folder / "animals.txt"
    table.write_text("recording,treatment\na,saline\nz,drug\n")
    with pytest.raises(DataError, match="z. So treatment drug would come out empty.*empty_groups"):
        read_cohort(folder / "*.csv", fps=25, metadata=table)
    confirmed = {"fps": 25, "metadata": table, "empty_groups": "allow"}
    with pytest.warns(UnmatchedMetadata, match="1 of 3 .* without a row: b, c. .* recording: z."):
        ds = read_cohort(folder / "*.csv", **confirmed)
    assert ds.treatment.values.tolist() == ["saline", "", ""]
    cohort = open_cohort(folder / "*.csv", **confirmed)
    assert cohort.reports[0].rows_without_recording == ("z",)


def test_times_of_cameras_in_a_cohort(tmp_path, make_table):
    """A column of the metadata names them; what does not fit is left out, the rest is read."""
    steps = {"a": [0, 1, 2, 3, 4, 5], "b": [0, 1, 3, 4, 5, 6], "c": [0, 1]}
    rows = ["recording;timestamps;sex"]
    for seed, (name, frames) in enumerate(steps.items()):
        make_table(seed=seed).to_csv(tmp_path / f"{name}.csv")
        np.save(tmp_path / f"{name}_times.npy", 7 + np.array(frames) / 50)
        rows.append(f"{name};{name}_times.npy;f")
    table = tmp_path / "animals.txt"
    table.write_text("\n".join(rows))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        ds = read_cohort(tmp_path / "?.csv", metadata=table, errors="warn")
    assert [w.category for w in said] == [*[TrackingNote] * 2, BrokenFile, UnmatchedMetadata]
    assert "2 times for 6 frames" in str(said[2].message)
    assert "the camera dropped 1, which are missing" in str(said[1].message)
    assert float(ds.fps) == 50
    assert ds.recording.values.tolist() == ["a", "b"]
    assert ds.n_frames.values.tolist() == [6, 7]
    assert "timestamps" not in ds.coords
    assert ds.sex.values.tolist() == ["f", "f"]
    times = tmp_path / "b_times.npy"
    with pytest.warns(TrackingNote):
        alone = read(tmp_path / "b.csv", timestamps=times)
    np.testing.assert_array_equal(ds.position.sel(recording="b").values, alone.position.values)
    assert np.isnan(alone.position[..., 2]).all()
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        slow = read_cohort(tmp_path / "?.csv", metadata=table, errors="warn", resample_fps=25)
    assert slow.n_frames.values.tolist() == [3, 4]
    with pytest.warns(TrackingNote):
        alone = read(tmp_path / "b.csv", timestamps=times, resample_fps=25)
    np.testing.assert_array_equal(slow.position.sel(recording="b").values, alone.position.values)
    with pytest.raises(DataError, match="2 times for 6 frames"):
        read_cohort(tmp_path / "?.csv", metadata=table)


def test_times_that_changed_since(tmp_path, make_table):
    make_table().to_csv(tmp_path / "a.csv")
    times = tmp_path / "times.txt"
    times.write_text("\n".join(str(i / 50) for i in range(6)))
    table = tmp_path / "animals.txt"
    table.write_text("recording,timestamps\na,times.txt\n")
    with pytest.warns(TrackingNote):
        ds = read_cohort(tmp_path / "a.csv", metadata=table)
    times.write_text("\n".join(str(i / 50) for i in (0, 1, 3, 4, 5, 6)))
    with pytest.raises(DataError, match=r"times.txt has changed since the cohort was made"):
        ds.position.load()
