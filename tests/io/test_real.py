"""Complex numbers and records are no positions, in whatever file they lie."""

from __future__ import annotations

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
from scipy.io import savemat

import ethoflow as ef
from ethoflow.exporting.movement import to_movement
from ethoflow.io.loading import load
from ethoflow.io.time_lists import read_times
from ethoflow.real import real_numbers
from ethoflow.schema import DataError, make_tracks

COMPLEX = np.dtype(np.complex64)
RECORDS = np.dtype([("x", "f4"), ("y", "f4")])
SINGLE = np.dtype([("x", "f4")])
UNREAL = [COMPLEX, RECORDS, SINGLE]


def _sleap(path, dtype):
    with h5py.File(path, "w") as file:
        file["node_names"] = [b"nose", b"tail"]
        file["tracks"] = np.zeros((1, 2, 2, 50), dtype)


def _points3d(path, dtype):
    with h5py.File(path, "w") as file:
        file["tracks"] = np.zeros((50, 1, 4, 3), dtype)


def _jabs(path, dtype):
    with h5py.File(path, "w") as file:
        file["poseest/points"] = np.zeros((50, 12, 2), dtype)
        file["poseest/confidence"] = np.ones((50, 12), "f4")


def _idtracker(path, dtype):
    with h5py.File(path, "w") as file:
        file["trajectories"] = np.zeros((50, 2, 2), dtype)
        file["id_probabilities"] = np.ones((50, 2))


def _nwb(path, dtype):
    with h5py.File(path, "w") as file:
        pose = file.create_group("processing/behavior/pose")
        pose.attrs["neurodata_type"] = "PoseEstimation"
        nose = pose.create_group("nose")
        nose.attrs["neurodata_type"] = "PoseEstimationSeries"
        nose["data"] = np.zeros((50, 2), dtype)
        nose["timestamps"] = np.arange(50) / 25


def _deeplabcut(path, dtype):
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        group.attrs.update(pandas_type="frame", nblocks=1, axis1_variety="regular")
        group.attrs.update(block0_items_nlevels=3, axis0_nlevels=3)
        for axis in ("block0_items", "axis0"):
            for level, names in enumerate(([b"net"], [b"nose"], [b"x", b"y", b"likelihood"])):
                group[f"{axis}_level{level}"] = np.array(names)
                group[f"{axis}_label{level}"] = np.arange(3) % len(names)
        group["block0_values"] = np.zeros((50, 3), dtype)
        group["block0_values"].attrs["transposed"] = True
        group["axis1"] = np.arange(50)


def _netcdf(path, dtype):
    with h5py.File(path, "w") as file:
        sizes = {"time": 50, "space": 2, "keypoints": 1, "individuals": 1}
        for name, size in sizes.items():
            words = {"space": ["x", "y"], "keypoints": ["nose"], "individuals": ["a"]}
            file[name] = words.get(name, np.arange(size) / 25)
            file[name].make_scale(name)
        file["position"] = np.zeros(tuple(sizes.values()), dtype)
        for axis, name in enumerate(sizes):
            file["position"].dims[axis].attach_scale(file[name])


def _matlab(path, dtype):
    savemat(path, {"pred": np.zeros((50, 3, 4), dtype), "sampleID": np.arange(50.0)})


def _npz(path, dtype):
    columns = {"X#wcentroid": np.zeros(50, dtype), "Y#wcentroid": np.zeros(50, dtype)}
    np.savez(path, frame=np.arange(50), **columns)


@pytest.mark.parametrize("dtype", UNREAL, ids=["complex", "records", "single"])
@pytest.mark.parametrize(
    ("make", "suffix"),
    [(_sleap, "h5"), (_points3d, "h5"), (_jabs, "h5"), (_idtracker, "h5"), (_nwb, "nwb"),
     (_deeplabcut, "h5"), (_netcdf, "nc"), (_matlab, "mat"), (_npz, "npz")],
)  # fmt: skip
def test_tracks_of_other_than_real_numbers_are_refused(tmp_path, make, suffix, dtype):
    path = tmp_path / f"mouse.{suffix}"
    make(path, np.dtype("f4"))
    assert load(path)[0].position.dtype == np.float32
    make(path, dtype)
    with pytest.raises(DataError, match="complex|records of x") as raised:
        load(path)
    assert "damaged" not in str(raised.value)


@pytest.mark.parametrize("kind", ["tidy", "mabe"])
def test_nested_columns_are_refused(tmp_path, kind):
    path = tmp_path / "mouse.parquet"
    frames, names = pa.array([0, 1]), pa.array(["nose", "nose"])
    nested = pa.array([{"re": 1.0, "im": 0.0}] * 2)
    columns = {"bodypart": names, "x": nested, "y": pa.array([0.0, 1.0])}
    if kind == "tidy":
        columns |= {"frame": frames}
    else:
        columns |= {"video_frame": frames, "mouse_id": pa.array([1, 1])}
    pq.write_table(pa.table(columns), path)
    with pytest.raises(DataError, match=r"no number|needed one real number") as raised:
        load(path)
    assert "damaged" not in str(raised.value)


def test_arrays_in_memory_are_refused():
    shape = (1, 1, 2, 50)
    with pytest.raises(DataError, match="positions are complex"):
        make_tracks(np.zeros(shape, COMPLEX), fps=25, bodyparts=["nose"])
    ds = make_tracks(np.zeros(shape), fps=25, bodyparts=["nose"])
    ds["position"] = ds.position.astype(COMPLEX)
    with pytest.raises(DataError, match="positions are complex"):
        ef.features.speed(ds)


def test_datasets_of_movement_are_refused():
    ds = to_movement(make_tracks(np.zeros((1, 1, 2, 50)), fps=25, bodyparts=["nose"]))
    assert isinstance(ef.from_movement(ds), xr.Dataset)
    ds["position"] = ds.position.astype(COMPLEX)
    with pytest.raises(DataError, match="complex"):
        ef.from_movement(ds)


def test_complex_times_are_refused(tmp_path):
    path = tmp_path / "times.npy"
    np.save(path, np.arange(50) * (1 + 0j))
    with pytest.raises(DataError, match="times are complex"):
        read_times(path)


@pytest.mark.parametrize("values", [["a"], [True], np.array(["2020-01-01"], "M8[s]"), [None, 1j]])
def test_what_is_no_number_is_said(values):
    with pytest.raises(DataError, match="needed one real number each"):
        real_numbers(values, "positions")


def test_cells_and_whole_numbers_are_numbers():
    cells = np.array([1, 2.5, np.nan], object)
    np.testing.assert_array_equal(real_numbers(cells, "positions"), [1, 2.5, np.nan])
    np.testing.assert_array_equal(real_numbers(np.arange(3, dtype="u2"), "positions"), [0, 1, 2])
