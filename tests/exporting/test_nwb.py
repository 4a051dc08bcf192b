"""NWB as pynwb and sleap-io read it, and bouts that come back with what was unknown."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.io.scoring.clock import LabelNote
from ethoflow.schema import DataError
from tests.exporting.scene import FIRST, FPS, PARTS, make_tracks, with_labels

pynwb = pytest.importorskip("pynwb")


def export(data, path, format="nwb"):
    """The files; skips where the extension of the bouts is missing."""
    if any(array.attrs.get("kind") == "label" for array in data.data_vars.values()):
        pytest.importorskip("ndx_ethogram")
    return ef.export(data, path, format=format)


def labels_again(path, tracks):
    """Labels of a file on the frames of the tracks, which begin late on their clock."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelNote)
        return ef.read_labels(path, like=tracks)


def test_pynwb_opens_a_file_per_animal(tmp_path):
    tracks = make_tracks()
    files = export(with_labels(tracks), tmp_path / "clip.nwb")
    assert [file.name for file in files] == ["clip_b.nwb", "clip_a.nwb"]
    for slot, path in enumerate(files):
        assert not pynwb.validate(path=str(path))
        with pynwb.NWBHDF5IO(path, "r", load_namespaces=True) as io:
            file = io.read()
            assert file.subject.subject_id == tracks.animal.values[slot]
            assert file.session_id == "clip"
            assert "date is not known" in file.session_description
            kinds = [type(item).__name__ for item in file.all_children()]
            assert kinds.count("PoseEstimation") == 1
            pose = file.processing["behavior"]["PoseEstimation"]
            assert list(pose.nodes[:]) == PARTS
            assert pose.skeleton.edges.shape == (0, 2)
            for place, part in enumerate(PARTS):
                series = pose[part]
                np.testing.assert_array_equal(series.data[:].T, tracks.position[slot, place].values)
                np.testing.assert_array_equal(
                    series.confidence[:], tracks.confidence[slot, place].values
                )
                np.testing.assert_array_equal(
                    series.timestamps[:], (FIRST + np.arange(tracks.sizes["time"])) / FPS
                )
                assert series.unit == "pixels"


def test_pynwb_opens_the_bouts(tmp_path):
    data = with_labels(make_tracks())
    path, _ = export(data, tmp_path / "clip.nwb")
    with pynwb.NWBHDF5IO(path, "r", load_namespaces=True) as io:
        module = io.read().processing["behavior"]
        whole, partly = module["bouts_2"], module["bouts_1"]
        assert partly.to_dataframe().label.tolist() == ["running", "running"]
        assert partly.start_time[:].tolist() == [(FIRST + 3) / FPS, (FIRST + 28) / FPS]
        assert partly.stop_time[:].tolist() == [(FIRST + 9) / FPS, (FIRST + 60) / FPS]
        seen = partly.observation_intervals
        assert seen.start_time[:].tolist() == [FIRST / FPS, (FIRST + 25) / FPS]
        assert seen.stop_time[:].tolist() == [(FIRST + 20) / FPS, (FIRST + 60) / FPS]
        # What never happened is in the catalogue, and was looked for all the time.
        assert len(whole) == 0
        assert list(whole.ethogram["behavior"].data[:]) == ["rearing"]
        assert len(whole.observation_intervals) == 1
        assert whole.source_pose is module["PoseEstimation"]
        assert whole.labeling_method == "automated"
        assert json.loads(whole.parameters) == {"fps": FPS, "made_by": {"rearing": "made()"}}


def test_sleap_io_opens_a_file_per_animal(tmp_path):
    sleap_io = pytest.importorskip("sleap_io")
    tracks = make_tracks()
    for slot, path in enumerate(export(with_labels(tracks), tmp_path / "clip.nwb")):
        found = sleap_io.load_file(str(path))
        assert found.skeleton.node_names == PARTS
        # sleap-io 0.9.5 counts one frame too many from a time it makes up itself: by their order.
        read = np.stack([frame.instances[0].numpy() for frame in found])
        own = tracks.position[slot].transpose("time", "bodypart", "space").values
        seen = ~np.isnan(own).all(axis=(1, 2))
        np.testing.assert_array_equal(read.astype(np.float32), own[seen])
        scores = np.stack([frame.instances[0].points["score"] for frame in found])
        own = tracks.confidence[slot].transpose("time", "bodypart").values
        np.testing.assert_array_equal(scores.astype(np.float32), own[seen])


def test_several_animals_in_one_file(tmp_path):
    pytest.importorskip("ndx_multisubjects")
    tracks = make_tracks()
    (path,) = export(with_labels(tracks), tmp_path / "clip.nwb", "ndx-multisubjects")
    assert not pynwb.validate(path=str(path), namespace="ndx-multisubjects")
    with pynwb.NWBHDF5IO(path, "r", load_namespaces=True) as io:
        file = io.read()
        assert file.subjects_table.to_dataframe().subject_id.tolist() == ["b", "a"]
        for slot, animal in enumerate(("b", "a")):
            held = file.processing["behavior"][animal]
            assert held.subjects.data[:].tolist() == [slot]
            pose = held.nwb_data_interfaces["PoseEstimation"]
            for place, part in enumerate(PARTS):
                np.testing.assert_array_equal(
                    pose[part].data[:].T, tracks.position[slot, place].values
                )
    again = ef.read(path, fps=FPS)
    assert again.animal.values.tolist() == ["b", "a"]
    np.testing.assert_array_equal(again.position.sel(bodypart=PARTS).values, tracks.position.values)
    assert float(again.origin) == FIRST / FPS


@pytest.mark.parametrize("format", ["NWB ndx-pose", "NWB ndx-multisubjects"])
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 999), late=st.sampled_from([0, 1, 17]),
    origin=st.sampled_from([0.0, 33.3, 100 / 29.97, 86_400.5]),
)  # fmt: skip
def test_labels_survive_with_what_is_unknown(tmp_path_factory, format, seed, late, origin):
    rng = np.random.default_rng(seed)
    data = with_labels(make_tracks().assign_coords(origin=origin))
    for name in ("running", "rearing"):
        state = rng.choice([0, 1, np.nan], (2, 12), p=[0.5, 0.4, 0.1])
        data[name] = data[name].copy(data=np.repeat(state, 5, axis=1).astype(np.float32))
    data = data.isel(time=slice(late, None))
    for path in export(data, tmp_path_factory.mktemp("n") / "clip.nwb", format):
        tracks = ef.read(path, fps=FPS)
        again = labels_again(path, tracks)
        for slot, animal in enumerate(again.animal.values):
            before = data.isel(individual=data.animal.values.tolist().index(animal))
            for name in ("running", "rearing"):
                found = again[name][slot].values if name in again else np.full(60 - late, np.nan)
                np.testing.assert_array_equal(found, before[name].values)


def test_pairs_keep_their_partners_and_are_known_where_all_are(tmp_path):
    tracks = make_tracks()
    three = tracks.isel(individual=[0, 1, 1]).assign_coords(
        individual=["s0", "s1", "s2"], animal=("individual", ["b", "a", "c"])
    )
    alone = with_labels(three.isel(individual=[0, 1])).running.isel(individual=[0, 1, 1])
    alone = alone.assign_coords(individual=three.individual, animal=three.animal)
    pair = (alone * 0).fillna(0).expand_dims(partner=["s0", "s1", "s2"], axis=1).copy()
    pair[0, 1, 10:20] = 1
    pair[0, 2, 40:45] = np.nan
    pair[0, 0] = np.nan
    pair.attrs = alone.attrs
    path, *_ = export(three.assign(following=pair), tmp_path / "clip.nwb")
    with pynwb.NWBHDF5IO(path, "r", load_namespaces=True) as io:
        table = io.read().processing["behavior"]["bouts"].to_dataframe()
    assert table.partner.tolist() == ["a"]
    again = labels_again(path, tracks.isel(individual=[0])).following[0].values
    assert np.flatnonzero(again == 1).tolist() == list(range(10, 20))
    assert np.flatnonzero(np.isnan(again)).tolist() == list(range(40, 45))


def test_names_of_files_of_a_cohort(tmp_path):
    for name, animals in (("m1", ["a", "b"]), ("m1_a", ["", "d"]), ("m2", ["c", ""])):
        n_frames = 9 if name == "m2" else 5
        one = ef.from_arrays(
            np.ones((2, 1, 2, n_frames)), fps=25, bodyparts=["nose"], animals=animals,
            recording=name,
        )  # fmt: skip
        ef.write(one, tmp_path / "c.zarr")
    cohort = ef.open(tmp_path / "c.zarr", "tracks")
    with pytest.raises(DataError, match=r"m1, a and m1_a would both be written to .*m1_a\.nwb"):
        ef.export(cohort, tmp_path / "out", format="nwb")
    assert not (tmp_path / "out").exists()
    part = cohort.sel(recording=["m1", "m2"])
    files = ef.export(part, tmp_path / "out", format="nwb")
    assert [file.name for file in files] == ["m1_a.nwb", "m1_b.nwb", "m2.nwb"]
    assert [ef.read(file, fps=25).sizes["time"] for file in files] == [5, 5, 9]
    # One recording of the cohort, still as long as the longest, is cut to its own frames.
    alone = cohort.sel(recording="m1")
    assert alone.sizes["time"] == 9
    for file in ef.export(alone, tmp_path / "alone.nwb", format="nwb"):
        assert ef.read(file, fps=25).sizes["time"] == 5


def test_facts_of_the_session_and_the_subject(tmp_path):
    tracks = (
        make_tracks(units="mm")
        .isel(individual=[0])
        .assign_coords(session_start="2024-03-01T09:30:00", sex="female", strain="C57BL/6J")
    )
    (path,) = export(tracks, tmp_path / "clip.nwb")
    with pynwb.NWBHDF5IO(path, "r", load_namespaces=True) as io:
        file = io.read()
        assert file.session_start_time.isoformat() == "2024-03-01T09:30:00+00:00"
        assert "not known" not in file.session_description
        assert (file.subject.sex, file.subject.strain) == ("F", "C57BL/6J")
        assert file.processing["behavior"]["PoseEstimation"]["nose"].unit == "mm"


def test_three_dimensions_and_a_single_frame(tmp_path):
    deep = ef.from_arrays(np.ones((1, 1, 3, 1)), fps=50, bodyparts=["nose"], recording="r")
    (path,) = export(deep, tmp_path / "r.nwb")
    with pynwb.NWBHDF5IO(path, "r", load_namespaces=True) as io:
        file = io.read()
        assert list(file.processing) == ["behavior"]
        assert file.processing["behavior"]["PoseEstimation"]["nose"].rate == 50
    assert float(ef.read(path).fps) == 50


def test_regions_categories_and_what_all_do_are_behaviours_of_each(tmp_path):
    rng = np.random.default_rng(3)
    tracks = make_tracks()
    label = with_labels(tracks).running
    values = rng.choice([0, 1, np.nan], (2, 2, 12)).repeat(5, axis=-1).astype(np.float32)
    inside = label.expand_dims(region=["nest", "wall"], axis=1).copy(data=values)
    huddle = label.isel(individual=0, drop=True)
    state = label.copy(data=rng.choice([0, 2], (2, 12)).repeat(5, axis=-1).astype(np.float32))
    facts = {"kind": "category", "flag_values": [0, 2], "flag_meanings": "rest walk"}
    data = tracks.assign(
        inside=inside.assign_attrs(kind="label"), huddle=huddle, state=state.assign_attrs(facts)
    )
    for slot, path in enumerate(export(data, tmp_path / "clip.nwb")):
        again = labels_again(path, ef.read(path, fps=FPS)).isel(individual=0)
        for name, place in (("nest", 0), ("wall", 1)):
            np.testing.assert_array_equal(again[f"inside_{name}"], values[slot, place])
        np.testing.assert_array_equal(again.huddle, huddle)
        np.testing.assert_array_equal(again.state_walk, state[slot] == 2)
        np.testing.assert_array_equal(again.state_rest, state[slot] == 0)
