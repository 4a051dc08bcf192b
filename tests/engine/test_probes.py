"""What users may add, each in one file that touches no other, through every way there is.

Chunks do not show, a recording alone and in a cohort gives the same, and what was killed while it
was written goes on.
"""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.engine import layout
from ethoflow.engine.model import Model
from ethoflow.errors import DataError, UnknownName, WrongUse
from tests.conftest import REPOSITORY
from tests.strategies import make_poses, stack
from tests.subjects import PROBES


def probe(name: str) -> Any:
    if name == "net":
        pytest.importorskip("torch")
    return importlib.import_module(f"tests.engine.probes.{name}")


def poses(seed: int = 1, n_frames: int = 120, name: str = "a") -> xr.Dataset:
    return make_poses(seed, n_frames, n_individuals=3, name=name)


def alone() -> list[xr.Dataset]:
    short = poses(2, 61, "short")
    absent = short.animal.values.copy()
    absent[2] = ""
    nobody = short.position.where(xr.DataArray(absent != "", dims="individual"))
    short = short.assign(position=nobody).assign_coords(animal=("individual", absent))
    return [short, poses(3, 113, "long"), poses(4, 1, "frame")]


@pytest.fixture(autouse=True, scope="module")
def _a_model() -> None:
    """The fit is computed before anything is built lazily."""
    probe("pose_model").fitted(2)


every = pytest.mark.parametrize("name", PROBES)


@every
def test_alone_and_in_a_cohort(name: str) -> None:
    """Of three animals, one of which some recordings lack."""
    run, recordings = probe(name).run, alone()
    ds = stack(recordings).chunk(recording=1, time=25)
    together = run(ds).compute(scheduler="synchronous")
    for row, recording in enumerate(recordings):
        own = run(recording)
        found = together.isel(recording=row, time=slice(recording.sizes["time"]))
        for variable in own.data_vars:
            np.testing.assert_array_equal(found[variable], own[variable], err_msg=str(variable))
        assert (
            together.isel(recording=row, time=slice(recording.sizes["time"], None)).isnull().all()
        )


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stores of all probes of which the first writer was killed, and what is said of each."""
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-m", "tests.engine.probes.killed", str(folder)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    (folder / "said.txt").write_text(ran.stdout)
    return folder


@every
def test_a_killed_write_goes_on(name: str, killed: Path) -> None:
    probe(name)
    ended = map(json.loads, (killed / "said.txt").read_text().splitlines())
    said = {each["name"]: each for each in ended}[name]
    log = (killed / f"{name}.txt").read_text()
    assert said["code"] == -signal.SIGKILL, log
    assert said["done"] is not None, log
    written, fresh = said["done"]
    assert written
    assert fresh >= 1
    found = ef.open(killed / f"{name}.zarr", "probe")
    expected = probe(name).run(killed_dataset())
    for variable in expected.data_vars:
        np.testing.assert_array_equal(found[variable].values[0], expected[variable].values)
        assert found[variable].dtype == expected[variable].dtype == np.float32


def killed_dataset() -> xr.Dataset:
    return poses(5, 150)


@every
def test_stored_results_are_fresh_and_read_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "choose_block", lambda *_: 40)
    run = probe(name).run
    ds = stack([poses(6, 97, "a"), poses(7, 30, "b")])
    first = ef.write(run(ds), tmp_path / "a.zarr", "probe")
    assert first.written
    assert not first.fresh
    second = ef.write(run(ds), tmp_path / "a.zarr", "probe")
    assert not second.written
    found = ef.open(tmp_path / "a.zarr", "probe").compute()
    expected = run(ds)
    for variable in expected.data_vars:
        np.testing.assert_array_equal(found[variable], expected[variable])
        kept = {
            k: v
            for k, v in found[variable].attrs.items()
            if k in ("kind", "units", "flag_meanings")
        }
        assert kept.items() <= expected[variable].attrs.items()


# --- what they compute ------------------------------------------------------------------------


def test_pair_distances_are_distances() -> None:
    ds = poses()
    found = probe("pair_distances").run(ds).pair_distance
    assert found.sizes["pair"] == 55
    expected = np.sqrt(np.square(
        ds.position.sel(bodypart="Nose") - ds.position.sel(bodypart="Center")
    ).sum("space", skipna=False))  # fmt: skip
    np.testing.assert_allclose(found.sel(pair="Nose-Center"), expected, rtol=1e-6)


@pytest.mark.parametrize("n_space", [2, 3])
def test_joint_angles_in_two_and_three_dimensions(n_space: int) -> None:
    ds = make_poses(1, 60, n_individuals=1, n_space=n_space, gaps=False)
    found = probe("joint_angle").run(ds).angle_at_joint.isel(joint=0, individual=0)
    nose, middle, tail = (
        ds.position.sel(bodypart=part).isel(individual=0).values.astype(float)
        for part in ("Nose", "Center", "Tail_base")
    )
    one, other = nose - middle, tail - middle
    cosine = (one * other).sum(0) / np.linalg.norm(one, axis=0) / np.linalg.norm(other, axis=0)
    np.testing.assert_allclose(found, np.arccos(cosine), atol=2e-3)


def test_a_group_has_the_animals_that_are_there() -> None:
    short, _, _ = alone()
    found = probe("huddle").run(short)
    pair = probe("huddle").run(short.isel(individual=[0, 1]))
    np.testing.assert_array_equal(found.huddle, pair.huddle)
    assert found.huddle.dims == ("time",)
    assert {0.0, 1.0} & set(np.unique(found.huddle))
    assert np.isnan(found.distance_to_others[2]).all()


def test_a_model_is_the_same_whatever_the_chunks_and_the_order() -> None:
    postures = probe("pose_model").postures
    recordings = alone()
    whole = postures(stack(recordings))
    assert whole["modes"].shape == (3, 22)
    for ds in (
        stack(recordings).chunk(recording=1, time=7),
        stack(recordings).chunk(time=100),
        stack(recordings[::-1]),
    ):
        other = postures(ds)
        for name in ("mean", "modes"):
            np.testing.assert_array_equal(other[name], whole[name])
    assert postures(stack(recordings).chunk(recording=1, time=7)).digest == whole.digest
    assert postures(stack(recordings[::-1])).digest == whole.digest
    assert postures(stack(recordings), n_modes=2).digest != whole.digest


def test_another_model_makes_stale(tmp_path: Path) -> None:
    module, ds = probe("pose_model"), stack([poses(6, 97, "a")])
    one, other = module.postures(poses(8, 60)), module.postures(poses(9, 60))
    saved = one.save(tmp_path / "models" / "postures")
    ef.write(module.run(ds, one), tmp_path / "a.zarr", "probe")
    assert not ef.write(module.run(ds, saved), tmp_path / "a.zarr", "probe").written
    assert ef.write(module.run(ds, other), tmp_path / "a.zarr", "probe").written
    xr.testing.assert_identical(module.run(ds, saved), module.run(ds, one))


def test_a_model_in_a_store_knows_when_what_it_was_fitted_on_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "cohort.zarr"
    ef.write(stack([poses(6, 97, "a"), poses(7, 40, "b")]), path, "poses")
    model = probe("pose_model").postures(ef.open(path, "poses"))
    model.save(path / "models" / "postures")
    ef.write(stack([poses(6, 97, "a"), poses(8, 30, "c")]), path, "poses")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = ef.open_model(path / "models" / "postures")
        assert not ef.verify(path).faults
    np.testing.assert_array_equal(again["modes"], model["modes"])
    assert again.digest == model.digest
    ef.write(stack([poses(9, 97, "a")]), path, "poses")
    with pytest.warns(UserWarning, match="poses/position.*fit it again"):
        ef.open_model(path / "models" / "postures")
    assert xr.open_zarr(path, group="models/postures", consolidated=False).sizes["mean_0"] == 22


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    from ethoflow.engine.model import _loaded

    saved = probe("pose_model").postures(poses(8, 60)).save(tmp_path / "m")
    chunk = next(path for path in (tmp_path / "m" / "mean").rglob("*") if path.name == "0")
    chunk.write_bytes(b"\x00" * 400)
    _loaded.clear()
    with pytest.raises(Exception, match="model|mean|chunk|decompress|Zstd|buffer"):
        saved["mean"]


def test_a_file_of_a_model_that_was_changed_is_refused(tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"before")
    saved = Model.of("net", {}).save(tmp_path / "m", {"weights.bin": weights})
    (tmp_path / "m" / "files" / "weights.bin").write_bytes(b"behind")
    with pytest.raises(DataError, match="is not as it was saved"):
        saved.file("weights.bin")


def test_who_is_there_counts_in_what_was_learnt() -> None:
    @ef.fit(merge=lambda one, other: one + other, finish=lambda n: {"n": np.array(n)})
    def count_frames_of_animals(position: Any) -> Any:
        """Frames of all animals that are there, seen or not."""
        return position.shape[-1]

    ds = poses()
    unseen = ds.assign(position=ds.position.where(ds.individual != ds.individual[2]))
    absent = ds.animal.values.copy()
    absent[2] = ""
    one = count_frames_of_animals(unseen)
    other = count_frames_of_animals(unseen.assign_coords(animal=("individual", absent)))
    assert (int(one["n"]), int(other["n"])) == (360, 240)
    assert one.digest != other.digest


def test_the_smoother_is_that_of_a_random_walk() -> None:
    """Against the posterior of all frames at once, by linear algebra."""
    kalman = probe("kalman")
    rng = np.random.default_rng(0)
    values = np.cumsum(rng.normal(0, 2, 40)) + rng.normal(0, 1, 40)
    values[[5, 6, 20]] = np.nan
    mean, spread = kalman.smooth_walk(values, 1.0, 2.0)
    seen = ~np.isnan(values)
    walk = np.diff(np.eye(40), axis=0)
    precision = walk.T @ walk / 4 + np.diag(seen / 1.0)
    precision[0, 0] += 1e-6
    right = np.where(seen, np.nan_to_num(values), 0)
    right[0] += 1e-6 * values[0]
    covariance = np.linalg.inv(precision)
    np.testing.assert_allclose(mean, covariance @ right, atol=1e-6)
    np.testing.assert_allclose(spread, np.sqrt(np.diag(covariance)), atol=1e-6)


def test_states_follow_the_film_of_speeds() -> None:
    found = probe("hmm").run(poses())
    assert found.state_sequence.attrs["flag_meanings"] == "rest walk run"
    assert found.state_sequence.attrs["kind"] == "category"
    values = set(np.unique(found.state_sequence.values[~np.isnan(found.state_sequence)]))
    assert values <= {0.0, 1.0, 2.0}
    assert len(values) > 1


def test_a_stage_is_computed_once_for_all_blocks() -> None:
    calls: list[int] = []

    @ef.feature(dims=("time",), halo="whole", optional=("body_span",))
    def counted_whole(body_span: Any) -> Any:
        """Frames from the end."""
        calls.append(body_span.size)
        return body_span - np.nanmax(body_span)

    ds = make_poses(1, 120, n_individuals=2)
    lazy = counted_whole(ds.chunk(time=10))
    lazy.compute(scheduler="synchronous")
    assert calls == [120, 120]


def test_a_summary_may_rest_on_a_summary() -> None:
    @ef.summary()
    def longest_in_bodies(body_span: Any, body_length: Any) -> Any:
        """The longest span, in body lengths."""
        return np.nanmax(body_span) / body_length

    ds = make_poses(1, 120)
    now = longest_in_bodies(ds)
    assert (now > 1).all()
    for chunk in (7, 120):
        xr.testing.assert_identical(longest_in_bodies(ds.chunk(time=chunk)).compute(), now)


def test_settings_reach_what_a_rule_rests_on() -> None:
    @ef.feature(dims=("time",), roles=("nose",), parameter_units={"above": "mm"})
    def nose_above(position: Any, *, above: float = 0.0) -> Any:
        """How far the nose is above a line."""
        return position[0, 1] - above

    @ef.behaviour(min_bout=0, max_gap=0)
    def nose_is_above(nose_above: Any) -> Any:
        """The nose is above the line."""
        return nose_above > 0

    ds = poses()
    moved = ef.annotate(ds, [nose_is_above], parameters={"nose_above": {"above": "5 cm"}})
    expected = (ds.position.sel(bodypart="Nose", space="y") - 50 > 0).where(
        ds.position.sel(bodypart="Nose", space="y").notnull()
    )
    np.testing.assert_array_equal(moved.nose_is_above, expected)
    with pytest.raises(UnknownName, match="nor among what they rest on"):
        ef.annotate(ds, [nose_is_above], parameters={"acceleration": {}})
    given = ds.assign(nose_above=nose_above(ds))
    with pytest.raises(WrongUse, match="is in the dataset"):
        ef.annotate(given, [nose_is_above], parameters={"nose_above": {"above": 1}})


def test_what_does_not_go_together_is_refused() -> None:
    def of_three(position: Any) -> Any: ...

    with pytest.raises(TypeError, match="'individual', 'pair' or 'group'"):
        ef.feature(dims=("time",), scope="triple")(of_three)

    @ef.feature(dims=("crowd", "time"))
    def nobody_knows(position: Any) -> Any:
        """A dim that nobody finds members for."""
        return position[0]

    with pytest.raises(TypeError, match="over="):
        nobody_knows(poses())

    @ef.feature(dims=())
    def one_number(speed: Any) -> Any:
        """A number of a block."""
        return speed.mean()

    with pytest.raises(TypeError, match="whole"):
        one_number(poses())


def test_what_mixes_body_parts_gets_all_of_them() -> None:
    @ef.feature(dims=("bodypart", "space", "time"), units="position")
    def from_the_middle(position: Any) -> Any:
        """Body parts from the mean of all."""
        return position - position.mean(axis=0)

    @ef.behaviour(roles={"from_the_middle": ("nose",)}, min_bout=0, max_gap=0)
    def nose_right_of_the_middle(from_the_middle: Any) -> Any:
        """The nose is right of the mean of all body parts."""
        return from_the_middle[0, 0] > 0

    ds = poses()
    expected = ds.position.sel(space="x") - ds.position.sel(space="x").mean(
        "bodypart", skipna=False
    )
    expected = expected.sel(bodypart="Nose")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = nose_right_of_the_middle(ds)
    np.testing.assert_array_equal(found, (expected > 0).where(expected.notnull()))


def test_what_is_far_wider_than_its_source_has_shorter_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MOST_BYTES", 64 * 55 * 3 * 4)
    monkeypatch.setattr(layout, "choose_block", lambda *_: 150)
    path, ds = tmp_path / "a.zarr", stack([poses(6, 150, "a"), poses(7, 60, "b")])
    ef.write(ds, path, "poses")
    found = probe("pair_distances").run(ef.open(path, "poses"))
    ef.write(found, path, "features")
    stored = ef.open(path, "features").pair_distance
    assert ef.open(path, "poses").position.chunks[-1] == (150,)
    assert max(stored.chunks[-1]) <= 64
    np.testing.assert_array_equal(stored, probe("pair_distances").run(ds).pair_distance)
