"""Clusterers on animals of known behaviour: what is looked at, predicted, kept and refused."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

import ethoflow as ef
from ethoflow.cluster.family import find_family
from ethoflow.cluster.inputs import COLUMNS, USUAL_POSE
from ethoflow.cluster.pieces import choose_places
from ethoflow.cluster.projection import fit_projection, project
from ethoflow.cluster.request import ShortRecording
from ethoflow.engine.lazy import compute_calls
from ethoflow.engine.resolve import Request
from ethoflow.errors import DataError, UnknownName, WrongUse
from tests.cluster.worlds import switching
from tests.conftest import no_compute

PARTS = ["Nose", "Left_ear", "Right_ear", "Center", "Tail_base"]
BODY = np.array([[35, 0], [25, 8], [25, -8], [0, 0], [-40, 0]], float)
FPS = 25.0


def animal(seed: int, n_frames: int = 1500, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Positions (bodypart, space, time) of an animal that sits with its head to a side, or runs.

    It changes every two seconds; also 0 where it sits and 1 where it runs.
    """
    random = np.random.default_rng(seed)
    state = (np.arange(n_frames) // 50) % 2
    angle = np.cumsum(random.normal(0, 0.01, n_frames))
    speed = np.where(state, 6.0, 0.05)
    way = np.stack([np.cumsum(speed * np.cos(angle)), np.cumsum(speed * np.sin(angle))])
    body = np.repeat(BODY[..., None], n_frames, axis=2)
    body[0, 1] += np.where(state, 0.0, 15.0)
    turned = np.stack(
        [
            np.cos(angle) * body[:, 0] - np.sin(angle) * body[:, 1],
            np.sin(angle) * body[:, 0] + np.cos(angle) * body[:, 1],
        ],
        axis=1,
    )
    noise = random.normal(0, 0.4, turned.shape)
    return scale * (turned + way + noise), state


def recording(seed: int, name: str, n_frames: int = 1500, scale: float = 1.0) -> xr.Dataset:
    position, _ = animal(seed, n_frames, scale)
    ds = ef.from_arrays(position[None], fps=FPS, bodyparts=PARTS, recording=name)
    return ds


def cohort(*recordings: xr.Dataset) -> xr.Dataset:
    """Recordings one beside the other; shorter ones are padded."""
    longest = max(one.sizes["time"] for one in recordings)
    rows = []
    for one in recordings:
        n = one.sizes["time"]
        padded = one.pad(time=(0, longest - n)).assign_coords(time=np.arange(longest) / FPS)
        rows.append(padded.assign_coords(n_frames=n))
    rows = [r if "recording" in r.dims else r.expand_dims("recording") for r in rows]
    return xr.concat(rows, "recording", coords="different", compat="equals", join="override")


def columns(ds: xr.Dataset) -> xr.DataArray:
    request = Request(ds)
    request.nodes["usual_pose"] = request.call(USUAL_POSE, {})
    return compute_calls(ds, {"c": request.call(COLUMNS, {})})["c"]


@pytest.fixture(scope="module")
def three() -> xr.Dataset:
    return cohort(recording(0, "a"), recording(1, "b", 1000), recording(2, "c", scale=1.4))


@pytest.fixture(scope="module")
def model(three: xr.Dataset) -> ef.cluster.Clusterer:
    return ef.cluster.fit(three, 2, "syllables", settings={"again": 1, "most": 4, "steps": 40})


def states_of(found: xr.DataArray) -> np.ndarray:
    return found.values.reshape(-1, found.sizes["time"])


def test_numbers_are_of_the_body_and_not_of_place_size_or_unit() -> None:
    one = recording(3, "one", 300)
    turn = np.array([[0.0, -1], [1, 0]])
    moved = np.einsum("ij,...jt->...it", turn, one.position.values) * 2.5 + 700
    other = one.copy()
    other["position"] = (one.position.dims, moved.astype(np.float32))
    np.testing.assert_allclose(columns(one), columns(other), atol=3e-3)


def test_a_missing_point_hides_itself_alone() -> None:
    whole = recording(3, "one", 300)
    less = whole.copy(deep=True)
    less.position.loc[{"bodypart": "Left_ear", "time": slice(4, 5)}] = np.nan
    one, other = columns(whole), columns(less)
    others = tuple(dim for dim in other.dims if dim != "column")
    gone = other.isnull().any(others)
    assert set(other.column.values[gone.values]) == {
        f"{what}Left_ear {s}" for what in ("", "change of ") for s in "xy"
    }
    poses = one.column.values[:10]
    np.testing.assert_allclose(other.fillna(one).sel(column=poses), one.sel(column=poses), atol=0.1)
    less.position.loc[{"time": slice(6, 7), "bodypart": PARTS[1:]}] = np.nan
    assert columns(less).sel(time=6.4).isnull().all()


def test_components_of_a_frame_in_part_seen_are_near_those_of_the_whole() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(3, 2000))
    x = np.concatenate([x, x[::-1] + x, 2 * x]) + 0.05 * random.normal(size=(9, 2000))
    fitted = fit_projection(x, 3)
    whole = project(x, fitted)
    np.testing.assert_allclose(np.cov(whole), np.eye(3), atol=0.02)
    less = x.copy()
    less[4, ::2] = np.nan
    part = project(less, fitted)
    np.testing.assert_array_equal(part[:, 1::2], whole[:, 1::2])
    assert np.abs(part - whole).max() < 0.4
    less[:5, 7] = np.nan
    assert np.isnan(project(less, fitted)[:, 7]).all()


def test_stretches_are_those_of_each_recording_in_any_order(three: xr.Dataset) -> None:
    def names(ds: xr.Dataset) -> set[tuple[str, int, int]]:
        found = choose_places(ds, length=250, max_frames=1500, seed=0)
        return {(str(ds.recording.values[p.row]), p.seat, p.first) for p in found}

    found = names(three)
    assert found == names(three.isel(recording=[2, 0, 1]))
    assert len(found) == 6
    assert [sum(name == one for name, _, _ in found) for one in "abc"] == [2, 2, 2]
    assert all(first + 250 <= 1000 for name, _, first in found if name == "b")


def test_what_was_put_in_is_found_in_animals_of_another_size(
    three: xr.Dataset, model: ef.cluster.Clusterer
) -> None:
    found = model.predict(three)
    _, state = animal(0)
    for row, n in enumerate((1500, 1000, 1500)):
        labels = states_of(found.cluster.isel(recording=row))[0]
        assert (labels[:n] == state[:n]).mean() > 0.97  # sitting moves least: cluster 0
        assert np.isnan(labels[n:]).all()
    total = found.membership.sum("of_cluster")
    np.testing.assert_allclose(total.isel(recording=0), 1, rtol=1e-5)
    assert found.cluster.attrs["flag_meanings"] == "cluster_0 cluster_1"


def test_chunks_and_the_cohort_do_not_show(three: xr.Dataset, model: ef.cluster.Clusterer) -> None:
    whole = model.predict(three)
    with no_compute():
        lazy = model.predict(three.chunk(recording=1, time=333))
    xr.testing.assert_identical(lazy.compute(), whole)
    alone = model.predict(recording(1, "b", 1000))
    for name in ("cluster", "membership", "embedding"):
        within = whole[name].isel(recording=1, time=slice(1000)).values
        np.testing.assert_array_equal(np.squeeze(alone[name].values), np.squeeze(within))


def test_fitting_does_not_depend_on_chunks(three: xr.Dataset) -> None:
    few = {"again": 1, "most": 4}
    one = ef.cluster.fit(three, 2, "hmm", settings=few)
    other = ef.cluster.fit(three.chunk(recording=1, time=400), 2, "hmm", settings=few)
    assert one.digest == other.digest
    assert ef.cluster.fit(three, 2, "hmm", settings=few, max_frames=1500).digest != one.digest


def test_the_order_of_recordings_does_not_show_in_a_model(three: xr.Dataset) -> None:
    found = [
        ef.cluster.fit(ds, n_clusters=2, model="kmeans").predict(three).cluster
        for ds in (three, three.isel(recording=[2, 0, 1]))
    ]
    xr.testing.assert_identical(*found)


def test_a_saved_clusterer_is_the_same_and_holds_no_pickle(
    three: xr.Dataset, model: ef.cluster.Clusterer, tmp_path: Path
) -> None:
    saved = model.save(tmp_path / "model")
    opened = ef.cluster.load(tmp_path / "model")
    again = opened.save(tmp_path / "again")
    assert saved.digest == model.digest == opened.digest == again.digest
    xr.testing.assert_identical(opened.predict(three), model.predict(three))
    names = {path.name for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert {"config.json", "model.safetensors"} <= names
    assert not any(name.endswith((".pt", ".pkl", ".pickle")) for name in names)
    with pytest.raises(DataError, match="no model"):
        ef.cluster.load(tmp_path / "modle")


def test_weights_of_a_clusterer_that_lies_there_now_are_not_taken_for_those_of_another(
    three: xr.Dataset, tmp_path: Path
) -> None:
    one, other = (ef.cluster.fit(three, 2, "kmeans", settings={"half": half}) for half in (4, 6))
    opened = one.save(tmp_path / "model")
    xr.testing.assert_identical(opened.predict(three), one.predict(three))
    other.save(tmp_path / "model")
    with pytest.raises(DataError, match="another one now"):
        opened.save(tmp_path / "copy")
    xr.testing.assert_identical(ef.cluster.load(tmp_path / "model").predict(three),
                                other.predict(three))  # fmt: skip


def test_other_frame_rates_points_and_kinds_are_refused(
    three: xr.Dataset, model: ef.cluster.Clusterer
) -> None:
    slow = ef.from_arrays(animal(0)[0][None], fps=50, bodyparts=PARTS)
    with pytest.raises(DataError, match="fitted at 25|trained at 25|25 frames per second"):
        model.predict(slow)
    with pytest.raises(DataError, match="left_ear"):
        model.predict(three.isel(bodypart=[0, 2, 3, 4]))
    with pytest.raises(DataError, match="matrix|poses"):
        model.predict(ef.feature_matrix(three, ["speed"]))
    turned = model.predict(three.isel(bodypart=[4, 2, 0, 3, 1]))
    xr.testing.assert_equal(turned.cluster, model.predict(three).cluster)


def test_too_little_is_refused_in_words(three: xr.Dataset) -> None:
    with pytest.raises(DataError, match="clusters"):
        ef.cluster.fit(three, 100, "hmm")
    nothing = three.copy(deep=True)
    nothing["position"] = nothing.position * np.nan
    with pytest.raises(DataError, match="nothing is seen"):
        ef.cluster.fit(nothing, 2)
    with pytest.raises(DataError, match="too little|clusters"):
        ef.cluster.fit(recording(0, "a", 12), 2, "hmm")
    with pytest.raises(WrongUse, match="n_clusters"):
        ef.cluster.fit(three, 0)
    with pytest.raises(UnknownName, match="syllables"):
        ef.cluster.fit(three, 2, "sylables")
    with pytest.raises(UnknownName, match="steps"):
        ef.cluster.fit(three, 2, settings={"stesp": 3})


def test_an_empty_seat_is_nobody(three: xr.Dataset, model: ef.cluster.Clusterer) -> None:
    pair = ef.from_arrays(
        np.stack([animal(0)[0], np.full((5, 2, 1500), np.nan)]), fps=FPS, bodyparts=PARTS,
        animals=["one", ""],
    )  # fmt: skip
    found = model.predict(pair)
    labels = found.cluster.squeeze()
    assert labels.isel(individual=1).isnull().all()
    assert labels.isel(individual=0).notnull().all()


def test_of_a_few_frames_labels_are_given_and_that_they_may_be_others_is_said(
    three: xr.Dataset, model: ef.cluster.Clusterer
) -> None:
    with pytest.warns(ShortRecording, match=r"0\.2 s.* of 40 s and more.*Predict whole"):
        short = model.predict(recording(0, "a", 60).isel(time=slice(0, 5)))
    assert short.cluster.sizes["time"] == 5
    assert short.cluster.notnull().all()
    with pytest.warns(ShortRecording, match="^b: only 8 s"):
        model.predict(cohort(recording(0, "a"), recording(1, "b", 200)))
    one = recording(0, "a", 60).isel(time=slice(0, 1))
    with pytest.warns(ShortRecording):
        alone = model.predict(one)
    assert alone.cluster.isnull().all()  # nothing is known of how it moves


def test_an_animal_that_is_absent_from_a_recording_is_unknown(
    three: xr.Dataset, model: ef.cluster.Clusterer
) -> None:
    gone = three.copy(deep=True)
    gone["position"] = gone.position.where(gone.recording != "b")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = model.predict(gone)
        whole = model.predict(three)
    assert found.cluster.sel(recording="b").isnull().all()
    for name in ("a", "c"):
        xr.testing.assert_equal(found.sel(recording=name), whole.sel(recording=name))


def test_coarse_labels_follow_the_tree(three: xr.Dataset) -> None:
    model = ef.cluster.fit(three, 4, "hmm", settings={"again": 1, "most": 4})
    fine = model.predict(three).cluster
    coarse = model.coarse(fine, 2)
    assert set(np.unique(coarse.values[~np.isnan(coarse.values)])) <= {0.0, 1.0}
    pairs = {(f, c) for f, c in zip(fine.values.ravel(), coarse.values.ravel(), strict=True)
             if f == f}  # fmt: skip
    assert len(pairs) == 4
    assert (coarse.isnull() == fine.isnull()).all()
    assert len(model.tree) == 3
    xr.testing.assert_equal(model.coarse(fine, 4), fine)


@pytest.mark.parametrize(("name", "least"), [("mixture", 0.7), ("kmeans", 0.5)])
def test_baselines_find_states_far_apart(name: str, least: float) -> None:
    pieces, state = switching()
    family = find_family(name)
    fitted = family.fit(pieces, family.configure({"clusters": 4}), seed=1)
    latent = fitted.encoder(torch.from_numpy(pieces.read("signal")))
    assert fitted.emission is not None
    found = fitted.emission(latent).argmax(1).numpy()
    assert ef.cluster.adjusted_rand(found, state) > least
    assert fitted.transitions is None
    assert fitted.scores["occupied"] == 4


def test_a_matrix_is_clustered_too(three: xr.Dataset) -> None:
    matrix = ef.feature_matrix(three, ["speed", "body_span"])
    model = ef.cluster.fit(matrix, 2, "hmm", settings={"again": 1, "most": 4})
    found = model.predict(matrix)
    assert found.cluster.dims == ("recording", "individual", "time")
    mixed = model.predict(matrix.isel(feature=slice(None, None, -1)))
    xr.testing.assert_equal(mixed.cluster, found.cluster)
    with pytest.raises(DataError, match="other columns"):
        model.predict(matrix.isel(feature=[0]))
