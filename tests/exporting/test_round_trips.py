"""Written and read again: what a format says survives it does, whatever the tracks."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.exporting.declare import ExportNote, writers
from ethoflow.io.reader import readers
from ethoflow.io.scoring.declare import label_readers
from ethoflow.schema import DataError, text
from tests.conftest import no_compute
from tests.strategies import stack


def noted(words: str):
    """A context in which something is said that a format cannot keep."""
    return pytest.warns(ExportNote, match=words)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="#"),
    min_size=1, max_size=8,
).filter(lambda n: not n[0].isdigit() and n.lower() not in ("nan", "na", "none"))  # fmt: skip


@st.composite
def tracks(draw: st.DrawFn, plain: bool = False) -> xr.Dataset:
    """Tracks of any size with anything missing; names of any letters unless `plain`."""
    n_animals, n_parts, n_frames = draw(st.tuples(*[st.integers(1, 3)] * 2, st.integers(1, 12)))
    n_space = draw(st.sampled_from([2, 3]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    position = rng.normal(300, 1000, (n_animals, n_parts, n_space, n_frames)).astype(np.float32)
    gone = rng.random((n_animals, n_parts, n_frames)) < draw(st.sampled_from([0, 0.3]))
    position[np.broadcast_to(gone[:, :, None], position.shape)] = np.nan
    # One point stands: a file of nothing but missing points has no scale to speak of.
    position[0, 0, :, [0, -1]] = 1.5
    confidence = rng.random(gone.shape).astype(np.float32)
    letters = st.sampled_from(["nose", "ear_l", "tail", "a", "b", "c"]) if plain else NAMES
    unique = st.lists(letters, min_size=6, max_size=6, unique_by=str.lower)
    names = draw(unique)
    return ef.from_arrays(
        position, fps=draw(st.sampled_from([25.0, 29.385, 59.99988])), confidence=confidence,
        bodyparts=names[:n_parts], animals=names[3 : 3 + n_animals], recording="m1",
        units=draw(st.sampled_from(["px", "mm"])),
    )  # fmt: skip


READ = [name for name, one in writers().items() if one.reader and one.kind == "tracks"]


@pytest.mark.parametrize("name", [name for name in READ if writers()[name].extra != "nwb"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_a_format_says_survives(tmp_path_factory, name, data):
    check_survival(tmp_path_factory, name, data)


@pytest.mark.parametrize("name", [name for name in READ if writers()[name].extra == "nwb"])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_nwb_says_survives(tmp_path_factory, name, data):
    """Fewer examples, as pynwb takes its time."""
    pytest.importorskip("ndx_multisubjects")
    check_survival(tmp_path_factory, name, data)


def check_survival(tmp_path_factory, name, data):
    one = writers()[name]
    before = data.draw(tracks(plain=name.startswith("NWB")))
    path = tmp_path_factory.mktemp("r") / f"m1{one.suffix}"
    in_mm = before.position.attrs["units"] == "mm"
    with noted("unit of positions") if in_mm and "units" not in one.survives else nullcontext():
        written = ef.export(before, path, format=name)
    if one.apart:
        assert len(written) == before.sizes["individual"]
        place = data.draw(st.sampled_from(range(len(written))))
        path, before = written[place], before.isel(individual=[place])
    stated = "fps" in one.survives
    after = ef.read(path, fps=None if stated else float(before.fps))
    if one.apart:
        assert after.animal.values.tolist() == before.animal.values.tolist()
    same = before.sizes["individual"] == 1 or "animal" not in one.survives
    if "bodypart" in one.survives:
        assert sorted(after.bodypart.values) == sorted(before.bodypart.values)
        after = after.sel(bodypart=before.bodypart.values)
    assert after.sizes == before.sizes
    if "animal" not in one.survives and set(after.animal.values) == set(before.animal.values):
        # A format that keeps animals by name does not keep their order.
        place = [after.animal.values.tolist().index(name) for name in before.animal.values]
        after = after.isel(individual=place)
    for variable in ("position", "confidence"):
        if variable in one.survives:
            np.testing.assert_array_equal(after[variable].values, before[variable].values)
    if "animal" in one.survives and not same:
        assert after.animal.values.tolist() == before.animal.values.tolist()
    if stated:
        assert float(after.fps) == float(before.fps)
    if "units" in one.survives:
        assert after.position.attrs["units"] == before.position.attrs["units"]


def test_every_writer_names_a_reader_that_exists():
    known = {one.name for one in readers()} | {one.name for one in label_readers()}
    for name, one in writers().items():
        assert not one.reader or one.reader in known, name
        assert one.save.__doc__


@pytest.mark.parametrize("name", ["BORIS aggregated events", "BORIS tabular events"])
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 999), fps=st.sampled_from([25.0, 29.97, 100.0]))
def test_bouts_survive_boris(tmp_path_factory, name, seed, fps):
    rng = np.random.default_rng(seed)
    state = np.repeat(rng.random((2, 12)) > 0.5, 7, axis=1).astype(np.float32)
    base = ef.from_arrays(
        np.zeros((2, 1, 2, 84)), fps=fps, bodyparts=["nose"], animals=["m1", "m2"], recording="r"
    )
    label = base.confidence[:, 0].drop_vars("bodypart").copy(data=state)
    label.attrs = {"kind": "label", "units": "1"}
    labels = base[["fps"]].assign(run=label)
    path = tmp_path_factory.mktemp("b") / "r.tsv"
    ef.export(labels, path, format=name)
    if state.any():
        after = ef.read_labels(path, like=base)
        for row in range(2):
            if state[row].any():
                np.testing.assert_array_equal(after.run[row].values, state[row])


@pytest.mark.parametrize("dialect", ["singular", "plural"])
def test_movement_both_ways_is_lazy_and_exact(dialect):
    before = ef.simulate.still_then_running()
    with no_compute():
        there = ef.to_movement(before.chunk(time=20), dialect)
        back = ef.from_movement(there, recording=str(before.recording.values))
    assert there.position.dims[0] == "time"
    xr.testing.assert_equal(back.position.compute(), before.position)
    assert back.animal.values.tolist() == before.animal.values.tolist()
    assert float(back.fps) == float(before.fps)
    with pytest.raises(DataError, match="contradicts"):
        ef.from_movement(there.assign_attrs(fps=99.0))


def test_movement_file_of_its_own_package(real_data):
    folder = real_data / "vame-one-recording-4-formats"
    path = folder / "tests_project_sample_nc/cropped_video.nc"
    original = xr.open_dataset(path, engine="h5netcdf")
    ours = ef.from_movement(original)
    mine = ef.to_movement(ours, "plural")
    np.testing.assert_array_equal(mine.position.values, original.position.values.astype(np.float32))
    assert mine.position.dims == original.position.dims
    assert {"fps", "time_unit", "ds_type"} <= set(original.attrs) & set(mine.attrs)


def test_pandas_opens_the_deeplabcut_table(tmp_path):
    pytest.importorskip("tables")
    before = ef.simulate.still_then_running()
    with noted("its numbers are in mm, and read as px"):
        (path,) = ef.export(before, tmp_path / "m.h5", format="DeepLabCut HDF5")
    table = pd.read_hdf(path)
    assert table.columns.names == ["scorer", "bodyparts", "coords"]
    x = table.xs("x", level="coords", axis=1).to_numpy().T
    np.testing.assert_array_equal(x, before.position[0].sel(space="x").values)


def test_pynapple_objects():
    nap = pytest.importorskip("pynapple")
    before = ef.simulate.still_then_running()
    labels = ef.annotate(before, ["moving"])
    found = ef.to_pynapple(labels)["moving"]
    assert isinstance(found, nap.IntervalSet)
    assert found.start[0] == pytest.approx(ef.find_bouts(labels).start[0])
    frame = ef.to_pynapple(before)["position"]
    assert frame.shape == (before.sizes["time"], before.sizes["bodypart"] * 2)
    speed = ef.to_pynapple(ef.features.speed(before).to_dataset(name="speed"))["speed"]
    assert list(speed.columns) == list(map(str, before.bodypart.values))


def test_keypoint_moseq_input():
    before = ef.simulate.still_then_running()
    coordinates, confidences, parts = ef.to_keypoint_moseq(before)
    (name,) = coordinates
    assert coordinates[name].shape == (before.sizes["time"], len(parts), 2)
    np.testing.assert_array_equal(
        coordinates[name][:, 0, 0], before.position[0, 0].sel(space="x").values
    )
    assert confidences[name].shape == coordinates[name].shape[:2]


def test_a_cohort_becomes_a_folder(tmp_path):
    one = ef.from_arrays(np.ones((1, 1, 2, 5)), fps=25, bodyparts=["nose"], recording="a/b")
    other = ef.from_arrays(np.ones((2, 1, 2, 9)), fps=25, bodyparts=["nose"], recording="c")
    ef.write(other, tmp_path / "c.zarr")
    wide = ef.from_arrays(
        np.concatenate([one.position.values, np.full((1, 1, 2, 5), np.nan)]), fps=25,
        bodyparts=["nose"], recording="a/b", animals=["x", ""],
    )  # fmt: skip
    ef.write(wide, tmp_path / "c.zarr")
    cohort = ef.open(tmp_path / "c.zarr", "tracks")
    written = ef.export(cohort, tmp_path / "out", format="tidy CSV")
    assert sorted(path.name for path in written) == ["a_b.csv", "c.csv"]
    assert ef.read(tmp_path / "out/a_b.csv").sizes["time"] == 5
    with pytest.raises(DataError, match="there already"):
        ef.export(cohort, tmp_path / "out", format="tidy CSV")
    with pytest.raises(DataError, match="no format 'x' is written; there are"):
        ef.export(cohort, tmp_path / "out", format="x")
    with pytest.raises(DataError, match="takes labels"):
        ef.export(cohort, tmp_path / "o", format="BORIS aggregated events")
    assert not list((tmp_path / "out").glob("*.part*"))


def test_tables_of_features_and_pairs():
    simulated = ef.simulate.still_then_running()
    labels = ef.annotate(simulated, ["moving"])
    table = ef.to_table(labels)
    assert table.columns.tolist() == [
        "recording",
        "individual",
        "animal",
        "frame",
        "time",
        "moving",
    ]
    assert len(table) == labels.sizes["time"]
    assert text(["x"]).dtype == object
    wide = ef.to_table(simulated[["confidence"]].rename(confidence="c"))
    assert [f"c_{part}" for part in simulated.bodypart.values] == wide.columns.tolist()[5:]
    with pytest.raises(DataError, match="nothing here runs along time"):
        ef.to_table(simulated[[]])


def test_pairs_get_a_column_per_partner_and_empty_slots_no_row():
    base = ef.from_arrays(
        np.ones((3, 1, 2, 4)), fps=10, bodyparts=["nose"], animals=["a", "b", ""], recording="r"
    )
    alone = base.confidence[:, 0].drop_vars(["bodypart", "role"], errors="ignore")
    pair = alone.expand_dims(partner=base.individual.values, axis=1).copy()
    pair[0, 1] = [0, 1, 1, 0]
    table = ef.to_table(base[["fps"]].assign(moving=alone, following=pair))
    assert set(table.animal) == {"a", "b"}
    own = table[table.animal == "a"]
    assert own.following_individual_1.tolist() == [0, 1, 1, 0]
    assert "moving" in table


def test_what_a_format_cannot_keep_is_said(tmp_path):
    tracks = ef.simulate.still_then_running()
    labels = ef.annotate(tracks, ["moving"])
    late = labels.isel(time=slice(10, None))
    with noted("10 frames before these data were not scored"):
        (path,) = ef.export(late, tmp_path / "b.tsv", format="BORIS aggregated events")
    assert float(pd.read_csv(path, sep="\t")["Total length"][0]) == tracks.sizes["time"] / float(
        tracks.fps
    )
    whole = ef.read_labels(path, like=tracks)
    np.testing.assert_array_equal(whole.moving[..., 10:].values, labels.moving[..., 10:].values)


def test_names_that_become_one_name(tmp_path):
    one = {
        name: ef.from_arrays(np.ones((1, 1, 2, 5)), fps=25, bodyparts=["nose"], recording=name)
        for name in ("m 1", "m_1")
    }
    for tracks in one.values():
        ef.write(tracks, tmp_path / "c.zarr")
    cohort = ef.open(tmp_path / "c.zarr", "tracks")
    with pytest.raises(DataError, match="m 1 and m_1 would both be written to"):
        ef.export(cohort, tmp_path / "out", format="tidy CSV", overwrite=True)
    slashes = ef.from_arrays(
        np.ones((2, 1, 2, 5)), fps=25, bodyparts=["nose"], animals=["a/b", "a:b"], recording="r"
    )
    with pytest.raises(DataError, match="r, a/b and r, a:b would both be written to"):
        ef.export(slashes, tmp_path / "r.nwb", format="NWB ndx-pose")
    with pytest.raises(DataError, match="two animals would be called 'a_b' in NWB"):
        ef.export(slashes, tmp_path / "r.nwb", format="NWB ndx-multisubjects")
    assert not list(tmp_path.glob("*.nwb"))
    late = one["m 1"].isel(time=slice(5, None))
    with pytest.raises(DataError, match="no frames of it"):
        ef.export(late, tmp_path / "late.csv", format="tidy CSV")


@pytest.mark.parametrize("name", READ)
def test_tracks_without_confidence(tmp_path, name):
    bare = ef.from_arrays(np.ones((1, 1, 2, 5)), fps=25, bodyparts=["nose"], recording="r")
    path = tmp_path / f"r{writers()[name].suffix}"
    ef.export(bare.drop_vars("confidence"), path, format=name)
    again = ef.read(path, fps=25)
    assert again.confidence.isnull().all()
    np.testing.assert_array_equal(again.position.values, bare.position.values)


def test_movement_in_another_order_of_space_and_in_cm(tmp_path):
    there = ef.to_movement(ef.simulate.still_then_running())
    turned = there.isel(space=[1, 0])
    turned["position"] = turned.position / 10
    turned.position.attrs["units"] = "cm"
    turned.to_netcdf(tmp_path / "m.nc", engine="h5netcdf")
    for back in (ef.from_movement(turned), ef.read(tmp_path / "m.nc")):
        assert back.position.attrs["units"] == "mm"
        np.testing.assert_allclose(
            back.position.sel(space="y")[0, 0].values,
            there.position.sel(space="y")[:, 0, 0].values, rtol=1e-6,
        )  # fmt: skip
    turned.isel(time=[0, 1, 5, 6]).to_netcdf(tmp_path / "h.nc", engine="h5netcdf")
    with pytest.raises(DataError, match="its times are not regular"):
        ef.read(tmp_path / "h.nc")
    steps = turned.assign_coords(time=np.arange(turned.sizes["time"]) * 2)
    steps.attrs["time_unit"] = "frames"
    with pytest.raises(DataError, match="advance by 2 frames from one to the next"):
        ef.from_movement(steps)


def test_a_recording_chosen_from_a_cohort_brings_no_padding(tmp_path):
    pytest.importorskip("h5netcdf")
    pytest.importorskip("pynapple")
    animals = {"a": ["m", "n"], "b": ["o", ""]}
    cohort = stack([
        ef.from_arrays(
            np.ones((2, 1, 2, n)), fps=30, bodyparts=["nose"], recording=name, animals=animals[name]
        )
        for name, n in (("a", 30), ("b", 10))
    ])  # fmt: skip
    one = cohort.sel(recording="b")
    for name, suffix in (("tidy CSV", ".csv"), ("movement netCDF", ".nc")):
        ef.export(one, tmp_path / f"b{suffix}", format=name)
        back = ef.read(tmp_path / f"b{suffix}", fps=30)
        assert (back.sizes["individual"], back.sizes["time"]) == (1, 10)
    assert len(ef.to_table(one)) == 10
    assert ef.to_movement(one).sizes["time"] == 10
    assert {len(found) for found in ef.to_pynapple(one).values()} == {10}
    assert [len(values) for values in ef.to_keypoint_moseq(one)[0].values()] == [10]


def test_the_only_animal_of_movement_is_that_of_its_recording() -> None:
    place = (("time", "space", "keypoints", "individuals"), np.zeros((9, 2, 1, 1)))
    names = {"space": ["x", "y"], "keypoints": ["nose"]}
    for who, found in (("individual_0", "day_1"), ("track_3", "day_1"), ("B7", "B7")):
        ds = xr.Dataset({"position": place}, {**names, "individuals": [who]}, {"fps": 30})
        assert ef.from_movement(ds, recording="day_1").animal.values.tolist() == [found]
