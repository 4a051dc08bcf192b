"""Programs with environments of their own read what is written for them, number by number."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import ethoflow as ef
from ethoflow.exporting.declare import ExportNote
from tests.exporting.environments import MOSEQ, MOVEMENT, read_by
from tests.exporting.scene import FIRST, FPS, PARTS, make_tracks, with_labels

pytestmark = pytest.mark.slow


def written(tmp_path, format, data=None, name="clip"):
    """Files of the scene in one format."""
    data = make_tracks() if data is None else data
    suffix = {"DeepLabCut CSV": ".csv", "DeepLabCut HDF5": ".h5"}.get(format, ".nc")
    suffix = ".nwb" if format.startswith("NWB") else suffix
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExportNote)
        return ef.export(data, tmp_path / f"{name}{suffix}", format=format)


def check(read, facts, tracks, names):
    """Positions and confidences of the animals `names`, to the bit, by the names of their parts."""
    for place, name in enumerate(names):
        slot = tracks.animal.values.tolist().index(name)
        order = [PARTS.index(part) for part in facts["keypoint"]]
        want = tracks.isel(individual=slot, bodypart=order)
        np.testing.assert_array_equal(read["position"][place], want.position.values)
        np.testing.assert_array_equal(read["confidence"][place], want.confidence.values)
    assert sorted(facts["keypoint"]) == sorted(PARTS)
    assert facts["space"] == ["x", "y"]


def test_movement_and_vame(tmp_path):
    pytest.importorskip("ndx_ethogram")
    tracks = make_tracks()
    poses = with_labels(tracks)
    single = tracks.isel(individual=[1])
    files = [
        *((path, "NWB", None) for path in written(tmp_path, "NWB ndx-pose", poses)),
        *((path, "DeepLabCut", FPS) for path in written(tmp_path, "DeepLabCut CSV")),
        *((path, "DeepLabCut", FPS) for path in written(tmp_path, "DeepLabCut HDF5")),
        *((path, "DeepLabCut", FPS) for path in written(tmp_path, "DeepLabCut CSV", single, "one")),
        *((path, "netCDF", None) for path in written(tmp_path, "movement netCDF")),
        *((path, "VAME movement", None) for path in written(tmp_path, "VAME netCDF", name="vame")),
        (tmp_path / "clip.nc", "VAME movement", None),
        (tmp_path / "clip_a.nwb", "VAME NWB", None),
    ]
    asked = [(str(path), *rest) for path, *rest in files]
    said, read = read_by(MOVEMENT, "read_movement.py", tmp_path, asked)
    both, first = ["b", "a"], {}
    for (path, software, _), facts, arrays in zip(files, said["files"], read, strict=True):
        names = ["a"] if path.name in ("clip_a.nwb", "one.csv") else both
        names = ["b"] if path.name == "clip_b.nwb" else names
        check(arrays, facts, tracks, names)
        assert facts["fps"] == pytest.approx(FPS, abs=1e-6), path
        assert facts["time_unit"] == "seconds"
        first.setdefault(software, arrays["time"][0])
        if path.suffix == ".nwb":
            assert facts["individual"] == [f"clip_{names[0]}"]
        elif path.name != "one.csv":
            assert facts["individual"] == names
        np.testing.assert_allclose(np.diff(arrays["time"]), 1 / FPS, rtol=1e-6)
    # movement keeps the clock of its own files, and begins all others at 0.
    assert first["netCDF"] == first["VAME movement"] == FIRST / FPS
    assert first["NWB"] == first["DeepLabCut"] == 0


def test_keypoint_moseq(tmp_path):
    pytest.importorskip("ndx_ethogram")
    tracks = make_tracks()
    coordinates, confidences, parts = ef.to_keypoint_moseq(tracks)
    arrays = {f"place_{i}": values for i, values in enumerate(coordinates.values())}
    arrays |= {f"score_{i}": values for i, values in enumerate(confidences.values())}
    np.savez(tmp_path / "arrays.npz", names=list(coordinates), parts=parts, **arrays)
    files = [
        (str(path), kind, None)
        for format, kind in (
            ("NWB ndx-pose", "nwb"),
            ("DeepLabCut CSV", "deeplabcut"),
            ("DeepLabCut HDF5", "deeplabcut"),
        )
        for path in written(tmp_path, format, with_labels(tracks))
    ]
    files.append((str(tmp_path / "arrays.npz"), "arrays", None))
    said, read = read_by(MOSEQ, "read_keypoint_moseq.py", tmp_path, files)
    for facts, found in zip(said["files"], read, strict=True):
        assert sorted(facts["parts"]) == sorted(PARTS)
        assert facts["finite"]
        for place, name in enumerate(map(str, found["names"])):
            slot = tracks.animal.values.tolist().index(name.rpartition("_")[2])
            want = tracks.isel(individual=slot)
            np.testing.assert_array_equal(
                found[f"place_{place}"], want.position.transpose("time", "bodypart", "space").values
            )
            np.testing.assert_array_equal(
                found[f"score_{place}"], want.confidence.transpose("time", "bodypart").values
            )
    assert [len(found["names"]) for found in read] == [1, 1, 2, 2, 2]
