"""Formats without a real file, built from the published layouts, and quirks of all formats."""

from __future__ import annotations

import json
import pickle

import h5py
import numpy as np
import pandas as pd
import pytest

import ethoflow as ef
from ethoflow.io.loading import load
from ethoflow.io.options import Options
from ethoflow.io.reader import TrackingNote
from ethoflow.schema import DataError


def test_anipose(tmp_path):
    """Built from the published layout."""
    rng = np.random.default_rng(0)
    table = {"fnum": np.arange(5)}
    for part in ("nose", "paw"):
        for column in ("x", "y", "z", "error", "score", "ncams"):
            table[f"{part}_{column}"] = rng.random(5)
    table["nose_z"][2] = np.nan
    pd.DataFrame(table).to_csv(tmp_path / "m.csv", index=False)
    ds = ef.read(tmp_path / "m.csv", fps=100)
    assert ds.position.attrs["units"] == "mm"
    assert np.isnan(ds.position.sel(bodypart="nose")[0, :, 2]).all()
    np.testing.assert_allclose(ds.position.sel(bodypart="paw", space="z")[0], table["paw_z"], 1e-6)
    np.testing.assert_allclose(ds.confidence.sel(bodypart="paw")[0], table["paw_score"], 1e-6)


def test_calms21(tmp_path):
    """Built from the published layout."""
    rng = np.random.default_rng(0)
    keypoints, scores = rng.random((4, 2, 2, 7)), rng.random((4, 2, 7))
    sequence = {"keypoints": keypoints.tolist(), "scores": scores.tolist()}
    content = {
        "annotator-id_0": {"task1/train/mouse001": sequence, "task1/train/mouse002": sequence}
    }
    (tmp_path / "c.json").write_text(json.dumps(content))
    ds = ef.read(tmp_path / "c.json")
    assert ds.recording.values.tolist() == ["mouse001", "mouse002"]
    assert float(ds.fps) == 30
    nose = ds.position.sel(recording="mouse001", bodypart="nose", space="y")
    np.testing.assert_allclose(nose[1], keypoints[:, 1, 1, 0], rtol=1e-6)
    np.save(tmp_path / "c.npy", np.array({"sequences": {"a": sequence}}, dtype=object))
    with pytest.raises(DataError, match="Python pickle"):
        ef.read(tmp_path / "c.npy")
    again = ef.read(tmp_path / "c.npy", allow_pickle=True)
    np.testing.assert_array_equal(again.position.values, ds.position.values[0])


def test_mabe22(tmp_path):
    """Built from the published layout."""
    points = np.random.default_rng(0).integers(1, 500, (6, 3, 12, 2)).astype(float)
    points[2, 1] = 0
    content = {"sequences": {"s1": {"keypoints": points}}}
    np.save(tmp_path / "m.npy", np.array(content, dtype=object))
    ds = ef.read(tmp_path / "m.npy", allow_pickle=True)
    assert np.isnan(ds.position[1, :, :, 2]).all()
    assert float(ds.position.sel(bodypart="nose", space="x")[0, 0]) == points[0, 0, 0, 0]


def test_mabe25(tmp_path):
    """Built from the published layout."""
    rows = [
        {"video_frame": f, "mouse_id": m, "bodypart": b, "x": f + 10.0 * m, "y": 2.0}
        for f in range(3, 9) for m in (1, 2) for b in ("nose", "tail")
        if not (f == 5 and m == 2)
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(tmp_path / "m.parquet")
    ds = ef.read(tmp_path / "m.parquet", fps=25)
    assert ds.sizes["time"] == 6
    x = ds.position.sel(bodypart="nose", space="x").values
    np.testing.assert_array_equal(x[0], np.arange(3, 9) + 10)
    assert np.isnan(x[1, 2])


@pytest.mark.parametrize("version", [2, 3, 4, 6, 8])
def test_jabs_of_every_version(tmp_path, version):
    """Built from the published layout."""
    rng = np.random.default_rng(version)
    shape = (9, 12) if version == 2 else (9, 3, 12)
    points = rng.integers(1, 700, (*shape, 2)).astype(np.uint16)
    with h5py.File(tmp_path / "m_pose_est.h5", "w") as file:
        group = file.create_group("poseest")
        group.attrs["version"] = [version, 0]
        group["points"] = points
        group["confidence"] = np.ones(shape, np.float32)
        if version > 2:
            group["instance_count"] = np.full(9, 2, np.uint8)
            group["instance_track_id"] = np.tile(np.arange(3, dtype=np.uint32), (9, 1))
        if version > 3:
            group["instance_embed_id"] = np.tile(np.array([2, 1, 3], np.uint32), (9, 1))
            group["id_mask"] = np.zeros((9, 3), bool)
        if version > 5:
            group["seg_data"] = np.zeros((9, 3, 2, 4, 2), np.int32)
        if version > 7:
            file.create_group("dynamic_objects")
    (tracks,) = load(tmp_path / "m_pose_est.h5")
    first = points[:, 0] if version == 2 else points[:, 1 if version > 3 else 0, 0]
    expected = first[0] if version > 2 else points[0, 0]
    np.testing.assert_array_equal(tracks.position[0, 0, :, 0], expected[::-1])
    assert len(tracks.position) == (1 if version == 2 else 2)


def test_deeplabcut_pickles(tmp_path):
    """Built from the published layout."""
    rng = np.random.default_rng(0)
    assemblies = {frame: [rng.random((3, 4)) for _ in range(2)] for frame in range(4)}
    (tmp_path / "a_assemblies.pickle").write_bytes(pickle.dumps({**assemblies, "single": {}}))
    with pytest.raises(DataError, match="Python pickle"):
        load(tmp_path / "a_assemblies.pickle")
    (tracks,) = load(tmp_path / "a_assemblies.pickle", Options(allow_pickle=True))
    np.testing.assert_allclose(tracks.position[1, 2, :, 3], assemblies[3][1][2, :2], rtol=1e-6)
    header = pd.MultiIndex.from_product(
        [["net"], ["nose", "tail"], ["x", "y", "likelihood"]],
        names=["scorer", "bodyparts", "coords"],
    )
    tracklets = {0: {"frame0001": rng.random((2, 3)), "frame0003": rng.random((2, 3))}}
    (tmp_path / "a_el.pickle").write_bytes(pickle.dumps({**tracklets, "header": header}))
    (tracks,) = load(tmp_path / "a_el.pickle", Options(allow_pickle=True))
    assert tracks.bodyparts == ("nose", "tail")
    assert np.isnan(tracks.position[0, :, :, 2]).all()
    np.testing.assert_allclose(tracks.position[0, 1, 0, 3], tracklets[0]["frame0003"][1, 0], 1e-6)


def test_a_pickle_that_runs_code_is_never_opened_unasked(tmp_path):
    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    for name in ("x.pickle", "x.h5", "x.csv"):
        (tmp_path / name).write_bytes(pickle.dumps({"numpy": Harm()}))
        with pytest.raises(DataError):
            load(tmp_path / name)
    assert not (tmp_path / "harm").exists()


def test_sleap_csv_of_several_animals(tmp_path):
    rows = ["track,frame_idx,instance.score,a.x,a.y,a.score", "1,4,0.9,1,2,0.8", ",4,0.9,3,4,0.7",
            "2,5,0.9,5,6,0.6", ",4,0.9,7,8,0.5"]  # fmt: skip
    (tmp_path / "s.csv").write_text("\n".join(rows))
    ds = ef.read(tmp_path / "s.csv", fps=25)
    assert ds.animal.values.tolist() == ["1", "untracked_0", "2", "untracked_1"]
    assert ds.position.sel(space="x")[:, 0, 0].values.tolist()[:2] == [1, 3]
    (tmp_path / "s.csv").write_text("\n".join([*rows, "1,4,0.9,1,2,0.8"]))
    with pytest.raises(DataError, match="line 6: the same frame a second time"):
        ef.read(tmp_path / "s.csv", fps=25)
    assert ef.read(tmp_path / "s.csv", fps=25, repeats="first").sizes["time"] == 2


def test_plain_tables_with_a_column_map(tmp_path):
    wide = pd.DataFrame({"t": np.arange(5) / 12.5, "nx": np.arange(5.0), "ny": 1.0, "p": 0.5,
                         "tx": 2.0, "ty": 3.0})  # fmt: skip
    wide.to_csv(tmp_path / "w.csv", index=False, sep=";")
    columns = {"time": "t", "nose": ("nx", "ny", "p"), "tail": ("tx", "ty")}
    ds = ef.read(tmp_path / "w.csv", columns=columns)
    assert float(ds.fps) == 12.5
    assert ds.bodypart.values.tolist() == ["nose", "tail"]
    assert ds.confidence.sel(bodypart="nose").values.tolist() == [[0.5] * 5]
    assert np.isnan(ds.confidence.sel(bodypart="tail")).all()
    wide.to_parquet(tmp_path / "w.parquet")
    other = ef.read(tmp_path / "w.parquet", columns=columns)
    np.testing.assert_array_equal(ds.position.values, other.position.values)
    long = {"x": "nx", "y": "ny", "frame": "t"}
    with pytest.raises(DataError, match="needed a frame number"):
        ef.read(tmp_path / "w.csv", columns=long, fps=25)
    with pytest.raises(DataError, match=r"no column 'zz'; the table has 't', 'nx'"):
        ef.read(tmp_path / "w.csv", columns={"x": "zz", "y": "ny"}, fps=25)
    cohort = ef.read_cohort([tmp_path / "w.csv"], columns=columns)
    np.testing.assert_array_equal(cohort.position[0].values, ds.position.values)


def test_repeated_and_missing_frames_are_noted(tmp_path, make_table):
    table = make_table(n_frames=8)
    table.index = [3, 4, 4, 5, 9, 10, 11, 12]
    table.to_csv(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"line 6: the frame number 4 occurs.*repeats='first'"):
        ef.read(tmp_path / "a.csv", fps=25)
    with pytest.warns(TrackingNote) as caught:
        ds = ef.read(tmp_path / "a.csv", fps=25, repeats="last")
    notes = " ".join(str(warning.message) for warning in caught)
    assert "1 rows repeat a frame number (the first is line 5)" in notes
    assert "3 of its 10 frames have no row" in notes
    assert "first frame is number 3" in notes
    want = table.iloc[2, 0]
    assert float(ds.position[0, 0, 0, 1]) == np.float32(want)
    assert np.isnan(ds.position[..., 3:6]).all()


def test_unique_body_parts_and_ragged_animals(tmp_path):
    columns = pd.MultiIndex.from_tuples(
        [("net", who, part, axis) for who, parts in
         (("m1", ("nose", "tail")), ("m2", ("nose",)), ("single", ("corner",)))
         for part in parts for axis in ("x", "y", "likelihood")],
        names=["scorer", "individuals", "bodyparts", "coords"],
    )  # fmt: skip
    table = pd.DataFrame(np.arange(36.0).reshape(3, 12), columns=columns)
    table.to_csv(tmp_path / "a_el.csv")
    table.to_hdf(tmp_path / "a_el.h5", key="df_with_missing")
    for name in ("a_el.csv", "a_el.h5"):
        with pytest.warns(TrackingNote, match="unique body parts are in a slot of their own"):
            ds = ef.read(tmp_path / name, fps=25)
        assert ds.animal.values.tolist() == ["m1", "m2", "single"]
        assert np.isnan(ds.position.sel(bodypart="tail")[1:]).all()
        assert ds.position.sel(bodypart="corner")[2, :, 0].values.tolist() == [9, 10]
        mice = ef.read(tmp_path / name, fps=25, individuals=["m1", "m2"])
        assert mice.sizes["individual"] == 2


def test_nwb_units_and_clock(tmp_path):
    with h5py.File(tmp_path / "m.nwb", "w") as file:
        poses = file.create_group("processing/behavior/PoseEstimation")
        poses.attrs["neurodata_type"] = "PoseEstimation"
        series = poses.create_group("nose")
        series.attrs["neurodata_type"] = "PoseEstimationSeries"
        series["data"] = np.arange(10.0).reshape(5, 2)
        series["data"].attrs.update(unit="meters", conversion=0.001)
        series["timestamps"] = np.array([0, 1, 2, 4, 5]) / 29.385
    ds = ef.read(tmp_path / "m.nwb")
    assert float(ds.fps) == pytest.approx(29.385, abs=1e-6)
    assert ds.position.attrs["units"] == "mm"
    assert ds.position[0, 0, 0].values[[0, 1]].tolist() == [0, 2]
    assert np.isnan(ds.position[..., 3]).all()


def test_three_dimensions_go_through_to_features(real_data, tmp_path):
    path = real_data / "mouse-3d-dannce/save_data_MAX_master.mat"
    tracks = ef.read(path, fps=100)
    poses = ef.clean(tracks, min_confidence=None)
    speed = ef.features.speed(poses)
    assert speed.dims == ("individual", "bodypart", "time")
    moved = tracks.position.values[0, :, :, 2:] - tracks.position.values[0, :, :, :-2]
    raw = ef.features.speed(tracks)[0, :, 1:-1].values
    np.testing.assert_allclose(raw, np.sqrt((moved**2).sum(axis=1)) * 50, rtol=1e-3)
    ef.write(tracks, tmp_path / "c.zarr")
    stored = ef.open(tmp_path / "c.zarr", "tracks")
    assert stored.space.values.tolist() == ["x", "y", "z"]
    labels = ef.annotate(ef.assign_roles(poses, {"centre": "SpineM"}), ["moving"])
    assert 0 < float(labels.moving.mean()) <= 1


def test_an_ensemble_is_the_median_with_its_spread(real_data):
    folder = real_data / "lightningpose-ensembles/ibl-paw"
    paths = sorted(folder.glob("*.left.rng=*.csv"))
    ds = ef.read_ensemble(paths, fps=60)
    raw = np.stack([pd.read_csv(path, header=[1, 2], index_col=0).to_numpy() for path in paths])
    assert ds.recording.item().endswith(".left")
    np.testing.assert_allclose(ds.position[0, 0, 0], np.median(raw[:, :, 0], axis=0), rtol=1e-6)
    np.testing.assert_allclose(
        ds.position_sd[0, 1, 1], raw[:, :, 4].std(axis=0, ddof=1), rtol=1e-3, atol=1e-3
    )
    np.testing.assert_allclose(ds.confidence[0, 0], raw[:, :, 2].mean(axis=0), rtol=1e-5)
    with pytest.raises(DataError, match="not the same recording"):
        ef.read_ensemble([paths[0], folder / paths[0].name.replace("left", "right")], fps=60)
    with pytest.raises(DataError, match="two networks or more"):
        ef.read_ensemble(paths[:1], fps=60)


def test_a_cohort_of_different_rates_is_resampled_when_asked(tmp_path, make_table):
    for name, n_frames in (("a", 61), ("b", 31)):
        make_table(n_frames=n_frames).to_csv(tmp_path / f"{name}.csv")
    (tmp_path / "rates.csv").write_text("recording;fps\na;60\nb;30\n")
    with pytest.raises(DataError, match=r"found 60: a; 30: b.*resample_fps"):
        ef.read_cohort(tmp_path / "?.csv", metadata=tmp_path / "rates.csv")
    ds = ef.read_cohort(tmp_path / "?.csv", metadata=tmp_path / "rates.csv", resample_fps=30)
    assert ds.n_frames.values.tolist() == [31, 31]
    alone = ef.read(tmp_path / "a.csv", fps=60, resample_fps=30)
    np.testing.assert_array_equal(ds.position[0].values, alone.position.values)
    assert any("resampled from 60 to 30" in note for note in ds.attrs["notes"])


def test_metadata_from_excel(tmp_path, make_table):
    pytest.importorskip("openpyxl")
    make_table().to_csv(tmp_path / "a.csv")
    table = pd.DataFrame({"recording": ["a"], "treatment": ["drug"], "dose": [1.5], "cage": [3]})
    table.to_excel(tmp_path / "m.xlsx", index=False)
    ds = ef.read_cohort(tmp_path / "a.csv", fps=25, metadata=tmp_path / "m.xlsx")
    assert ds.treatment.values.tolist() == ["drug"]
    assert ds.dose.values.tolist() == [1.5]
    assert ds.cage.values.tolist() == [3]


def test_ethovision_text_export(tmp_path):
    """Built from the published layout: UTF-16, semicolons, quotes, '-' where nothing was found."""
    lines = ['"Number of header lines:";"6"', '"Trial name";"Trial 1"', '"Subject name";"M 7"', "",
             '"Trial time";"Recording time";"X center";"Y center";"Rearing"',
             '"s";"s";"cm";"cm";""', "0;0;1.5;2.5;0", '0.04;0.04;"-";"-";1',
             "0.08;0.08;2;3;1"]  # fmt: skip
    path = tmp_path / "Raw data.txt"
    path.write_bytes("\r\n".join(lines).encode("utf-16"))
    ds = ef.read(path)
    assert float(ds.fps) == 25
    assert ds.animal.values.tolist() == ["M 7"]
    np.testing.assert_array_equal(ds.position[0, 0, 0].values, [15, np.nan, 20])
    labels = ef.read_labels(path)
    assert labels.Rearing[0].values.tolist() == [0, 1, 1]


def test_trex_several_points_and_units(tmp_path):
    rows = ["frame,X#wcentroid (cm),Y#wcentroid (cm),poseX0 (cm),poseY0 (cm),time,missing",
            "5,1.0,2.0,3.0,4.0,0.2,0", "6,inf,inf,inf,inf,0.24,1",
            "7,1.5,2.5,3.5,4.5,0.28,0"]  # fmt: skip
    (tmp_path / "t_fish0.csv").write_text("\n".join(rows))
    ds = ef.read(tmp_path / "t_fish0.csv")
    assert float(ds.fps) == 25
    assert ds.bodypart.values.tolist() == ["wcentroid", "pose0"]
    assert ds.position.sel(bodypart="pose0", space="x")[0].values.tolist()[0] == 30
    assert np.isnan(ds.position[:, :, :, 1]).all()


@pytest.mark.parametrize("name", ["Mäuse 🐭", "a b", "c'd"])
def test_names_of_folders_and_files(tmp_path, make_table, name):
    folder = tmp_path / name
    folder.mkdir()
    make_table().to_csv(folder / f"{name}.csv", encoding="utf-8")
    assert ef.read(folder / f"{name}.csv", fps=25).recording.item() == name
    ds = ef.read_cohort(str(folder / "*.csv"), fps=25)
    assert ds.recording.values.tolist() == [name]


def test_trex_archive(tmp_path):
    """Built from the published layout: cm, infinite where the animal was not found."""
    x = np.array([0, 0.1, np.inf, 0.3])
    np.savez(tmp_path / "fish0.npz", frame=np.arange(4), time=np.arange(4) / 25,
             **{"X#wcentroid": x, "Y#wcentroid": 2 * x, "AREA": x})  # fmt: skip
    ds = ef.read(tmp_path / "fish0.npz")
    assert ds.position.attrs["units"] == "mm"
    assert float(ds.fps) == 25
    np.testing.assert_allclose(ds.position[0, 0, 0], [0, 1, np.nan, 3], rtol=1e-6)
    np.savez(tmp_path / "other.npz", a=x)
    with pytest.raises(
        DataError, match="a NumPy archive with the arrays a: write the tracks as CSV"
    ):
        ef.read(tmp_path / "other.npz")


def test_tracktor_with_several_animals(tmp_path, cases):
    ds = ef.read(cases / "tracktor-several-animals/pair_tracked.csv", fps=30)
    assert ds.animal.values.tolist() == ["A", "B"]
    np.testing.assert_array_equal(ds.position[0, 0, 0], 100 + np.arange(100))
    np.testing.assert_array_equal(ds.position[1, 0, 1], 60)
    trex = ef.read(cases / "npz-is-no-workbook/test_fish0.npz")
    missing = np.flatnonzero(np.isnan(trex.position[0, 0, 0]))
    assert missing.tolist() == list(range(50, 60))


@pytest.mark.parametrize(
    ("header", "looks"),
    [
        ("video;group", r"begins with 'video;group', .*about the recordings: give it as metadata="),
        ("Zone,x,y,radius", "about zones"),
        ("Time,pos.x,pos.y", "name its columns with columns="),
    ],
)
def test_tables_of_other_kinds_are_told(tmp_path, header, looks):
    (tmp_path / "t.csv").write_text(f"{header}\na,1,2\n")
    with pytest.raises(DataError, match=looks):
        ef.read(tmp_path / "t.csv", fps=25)
