"""The store: what is written, read back with and without ethoflow, and written again."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

import ethoflow as ef
from ethoflow import store
from ethoflow.engine import layout
from ethoflow.schema import DataError
from ethoflow.store.commit import commit
from ethoflow.store.documents import group_document
from tests.conftest import no_compute
from tests.walks import cohort, walk

# The confidences of these walks are random, so that cleaning takes many points.
pytestmark = pytest.mark.filterwarnings("ignore::ethoflow.cleaning.CostlyThreshold")

ARENA = ef.circle(300, 300, 200, size="400 mm")
LENGTHS = (700, 300, 500)


def write_all(tracks: xr.Dataset, path: Path, **parameters: object) -> dict[str, object]:
    """Tracks, poses and labels of a cohort; what each write did."""
    done = {"tracks": ef.write(tracks, path)}
    poses = ef.clean(ef.calibrate(ef.open(path, "tracks"), ARENA))
    done["poses"] = ef.write(poses, path, "poses")
    labels = ef.annotate(ef.open(path, "poses"), parameters=parameters)
    done["labels"] = ef.write(labels, path, "labels/rules")
    return done


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several blocks per recording, although the recordings are short."""
    monkeypatch.setattr(layout, "BLOCK_BYTES", 200 * 2 * 4 * 2 * 4)
    monkeypatch.setattr(layout, "MIN_BLOCK", 100)


@pytest.mark.usefixtures("small_blocks")
def test_the_store_holds_what_the_functions_give(tmp_path: Path) -> None:
    tracks = cohort(LENGTHS)
    write_all(tracks, tmp_path / "c.zarr")
    labels = ef.open(tmp_path / "c.zarr", "labels/rules").compute()
    assert zarr.open_array(str(tmp_path / "c.zarr"), path="labels/rules/moving").nchunks > 3
    for row, n in enumerate(LENGTHS):
        alone = tracks.isel(recording=row, time=slice(0, n))
        expected = ef.annotate(ef.clean(ef.calibrate(alone, ARENA)))
        for name in expected.data_vars:
            found = labels[name].isel(recording=row).values
            np.testing.assert_array_equal(found[..., :n], expected[name].values, err_msg=name)
            assert np.isnan(found[..., n:]).all()


def test_plain_xarray_opens_every_group(tmp_path: Path) -> None:
    write_all(cohort(LENGTHS), tmp_path / "c.zarr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = xr.open_datatree(tmp_path / "c.zarr", engine="zarr", chunks={})
        groups = {
            name: xr.open_zarr(tmp_path / "c.zarr", group=name)
            for name in ("tracks", "poses", "labels/rules")
        }
    for name, ds in groups.items():
        assert name in tree or tree[name].has_data
        assert {"fps", "n_frames", "animal", "treatment", "role"} - set(ds.coords) <= (
            {"role"} if name.startswith("labels") else set()
        )
        assert float(ds.fps) == 25
        np.testing.assert_array_equal(ds.n_frames, LENGTHS)
        np.testing.assert_allclose(ds.time[:3], [0, 0.04, 0.08])
    assert groups["poses"].position.attrs["units"] == "mm"
    assert groups["tracks"].position.dims[-1] == "time"
    labels = groups["labels/rules"].moving
    assert labels.dtype == np.float32
    assert set(np.unique(labels.values[~np.isnan(labels.values)])) <= {0, 1}
    opened = ef.open(tmp_path / "c.zarr", "labels/rules")
    assert opened.groupby("treatment").groups.keys() == {"control", "stress"}


def test_building_and_opening_compute_nothing(tmp_path: Path) -> None:
    write_all(cohort(LENGTHS), tmp_path / "c.zarr")
    with no_compute():
        poses = ef.clean(ef.calibrate(ef.open(tmp_path / "c.zarr")["tracks"], ARENA))
        labels = ef.annotate(poses)
    assert all(hasattr(array.data, "dask") for array in labels.data_vars.values())


def test_writing_again_writes_nothing(tmp_path: Path) -> None:
    write_all(cohort(LENGTHS), tmp_path / "c.zarr")
    again = write_all(cohort(LENGTHS), tmp_path / "c.zarr")
    assert [written.written for written in again.values()] == [0, 0, 0]


def test_a_changed_threshold_recomputes_that_rule_alone(tmp_path: Path) -> None:
    write_all(cohort(LENGTHS), tmp_path / "c.zarr")
    before = chunk_times(tmp_path / "c.zarr" / "labels/rules")
    again = write_all(cohort(LENGTHS), tmp_path / "c.zarr", moving={"min_speed": "5 cm/s"})
    assert again["poses"].written == 0
    assert again["labels"].written == len(LENGTHS)
    after = chunk_times(tmp_path / "c.zarr" / "labels/rules")
    # Chunks that stay may be linked to another place: they keep their time.
    new = set(after.values()) - set(before.values())
    assert {name.split("/")[0] for name, time in after.items() if time in new} == {"moving"}


def chunk_times(folder: Path) -> dict[str, int]:
    """When each stored chunk of data was written."""
    return {
        str(file.relative_to(folder)): file.stat().st_mtime_ns
        for name in ("moving", "climbing", "following", "immobile", "side_by_side")
        for file in (folder / name).rglob("*")
        if file.is_file() and file.name != "zarr.json"
    }


def test_an_added_longer_recording_leaves_the_others_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    write_all(cohort(LENGTHS), path)
    before = chunk_times(path / "labels/rules")
    longer = cohort((5000,), first_seed=7, first_name=9)
    assert ef.write(longer, path).written == 4
    written = write_all(cohort(LENGTHS), path)
    assert written["tracks"].written == 0
    assert written["poses"].fresh == 12
    after = chunk_times(path / "labels/rules")
    assert {name: after[name] for name in before} == before
    labels = ef.open(path, "labels/rules")
    assert labels.recording.values.tolist()[-1] == "mouse_09"
    alone = ef.annotate(ef.clean(ef.calibrate(longer.isel(recording=0), ARENA)))
    np.testing.assert_array_equal(
        labels.moving.sel(recording="mouse_09").values, alone.moving.values
    )


def test_other_numbers_under_the_same_name_are_written(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    write_all(cohort(LENGTHS), path)
    changed = cohort(LENGTHS)
    changed.position.values[1] += 1
    again = write_all(changed, path)
    assert again["tracks"].written == 1
    assert again["poses"].written == 3  # confidence is what it was
    np.testing.assert_array_equal(ef.open(path, "tracks").position, changed.position)


def test_arithmetic_on_stored_data_does_not_pass_for_fresh(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    write_all(cohort(LENGTHS), path)
    poses = ef.open(path, "poses")
    poses["position"] = poses.position * 2
    assert ef.write(ef.annotate(poses, ["moving"]), path, "labels/rules").written == len(LENGTHS)


def test_another_calibration_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    write_all(cohort(LENGTHS), path)
    ef.write(ef.clean(ef.open(path, "tracks")), path, "poses", keep=False)
    poses = ef.open(path, "poses")
    assert "arena" not in poses
    assert poses.position.attrs["units"] == "px"


def test_a_single_recording_is_a_cohort_of_one(tmp_path: Path) -> None:
    one = walk(300)
    ef.write(one, tmp_path / "c.zarr")
    back = ef.open(tmp_path / "c.zarr", "tracks")
    assert back.sizes["recording"] == 1
    np.testing.assert_array_equal(back.position[0], one.position)
    ef.write(ef.annotate(ef.clean(ef.calibrate(one, ARENA))), tmp_path / "c.zarr", "labels/rules")
    assert ef.open(tmp_path / "c.zarr", "labels/rules").sizes["recording"] == 1


def test_refusals_name_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    ef.write(walk(300), path)
    with pytest.raises(ef.DataError, match="frames per second"):
        ef.write(walk(300, fps=30, name="b"), path)
    with pytest.raises(ef.DataError, match="individual"):
        ef.write(walk(300, n_individuals=1, name="b"), path)
    twice_the_counter = xr.concat([cohort((50,)), cohort((50,))], "recording")
    with pytest.raises(ef.DataError, match="one name: mouse_00"):
        ef.write(twice_the_counter, path)
    with pytest.raises(ef.DataError, match="no Zarr store"):
        ef.open(tmp_path / "nothing.zarr")
    with pytest.raises(ef.DataError, match="it has: tracks"):
        ef.open(path, "poses")


def test_new_metadata_reaches_an_existing_store(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    ef.write(cohort(LENGTHS).drop_vars("treatment"), path)
    ef.write(cohort(LENGTHS), path)
    tracks = ef.open(path, "tracks")
    assert tracks.treatment.values.tolist() == ["control", "stress", "control"]
    assert tracks.position.treatment.dims == ("recording",)


def test_what_was_opened_two_writes_ago_never_gives_the_numbers_of_another(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    ef.write(cohort(LENGTHS), path)
    opened = ef.open(path, "tracks")
    for by in (1, 2, 3):
        changed = cohort(LENGTHS)
        changed.position.values[1] += by
        ef.write(changed, path)
    with pytest.raises(ef.DataError, match="recording mouse_01, block 0 is no more the one that"):
        opened.position[1].load()
    # Chunks that no write replaced are read as ever.
    np.testing.assert_array_equal(opened.confidence, cohort(LENGTHS).confidence)
    np.testing.assert_array_equal(opened.position[0], cohort(LENGTHS).position[0])
    np.testing.assert_array_equal(ef.open(path, "tracks").position, changed.position)


SINCE_1970 = 1.7e9 + np.arange(max(LENGTHS)) / 30
OWN_NUMBERS = {
    "seconds": SINCE_1970,
    "milliseconds": (SINCE_1970 * 1e3).astype(np.int64),
    "counter": np.arange(max(LENGTHS), dtype=np.uint32) + 2**31,
    "trigger": np.arange(max(LENGTHS), dtype=np.uint8),
    "temperature": np.linspace(20, 21, max(LENGTHS), dtype=np.float32),
}


@pytest.mark.parametrize("name", OWN_NUMBERS)
@pytest.mark.parametrize("chunk", [None, 90])
@pytest.mark.usefixtures("small_blocks")
def test_numbers_of_a_users_own_are_kept_to_the_last_digit(
    tmp_path: Path, name: str, chunk: int | None
) -> None:
    tracks = cohort(LENGTHS)
    values = OWN_NUMBERS[name]
    tracks = tracks.assign({name: (("recording", "time"), np.stack([values] * len(LENGTHS)))})
    ef.write(tracks.chunk(time=chunk) if chunk else tracks, tmp_path / "c.zarr")
    found = ef.open(tmp_path / "c.zarr", "tracks")[name]
    for row, n in enumerate(LENGTHS):
        np.testing.assert_array_equal(found[row, :n].values, values[:n])
        assert np.isnan(found[row, n:]).all()


@ef.feature(dims=("time",), units="s")
def seconds_since_start(clock, *, start: float = 0.0):
    """Seconds since a second of the year 1970."""
    return clock - start


def test_large_numbers_are_subtracted_before_they_are_rounded(tmp_path: Path) -> None:
    tracks = cohort(LENGTHS).isel(recording=[0])
    tracks = tracks.assign(clock=(("recording", "time"), SINCE_1970[None]))
    ef.write(tracks, tmp_path / "c.zarr")
    for ds in (tracks, tracks.chunk(time=90), ef.open(tmp_path / "c.zarr", "tracks")):
        found = seconds_since_start(ds, start=1.7e9)
        np.testing.assert_allclose(found[0, 0], np.arange(max(LENGTHS)) / 30, atol=2e-5)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((SINCE_1970 * 1e9).astype(np.int64), r"above 2\*\*53"),
        (SINCE_1970.astype("datetime64[s]"), "are times"),
        (np.array(["a"] * max(LENGTHS)), "are text"),
        (SINCE_1970 + 1j, "are complex"),
    ],
)
def test_what_no_store_keeps_exactly_is_refused(
    tmp_path: Path, values: np.ndarray, said: str
) -> None:
    tracks = cohort(LENGTHS).isel(recording=[0])
    tracks = tracks.assign(clock=(("recording", "time"), values[None]))
    with pytest.raises(ef.DataError, match=said):
        ef.write(tracks, tmp_path / "c.zarr")


def test_what_stays_and_what_is_new_are_of_one_type(tmp_path: Path) -> None:
    exact = cohort(LENGTHS).isel(recording=[0])
    exact = exact.assign(clock=(("recording", "time"), SINCE_1970[None]))
    other = exact.assign_coords(recording=["other"])
    coarse = other.assign(clock=other.clock.astype(np.float32))
    ef.write(coarse, tmp_path / "c.zarr")
    with pytest.raises(ef.DataError, match="clock as float32 for other, .* as float64"):
        ef.write(exact, tmp_path / "c.zarr")
    ef.write(exact, tmp_path / "d.zarr")
    ef.write(coarse, tmp_path / "d.zarr")
    found = ef.open(tmp_path / "d.zarr", "tracks").clock
    np.testing.assert_array_equal(found.values, [SINCE_1970, SINCE_1970.astype(np.float32)])


def test_names_of_any_kind_of_text_can_be_appended_to(tmp_path: Path) -> None:
    first = cohort((200,)).assign_coords(recording=np.array(["a"]))
    second = cohort((100,)).assign_coords(recording=np.array(["a much longer name"]))
    ef.write(first, tmp_path / "c.zarr")
    ef.write(second, tmp_path / "c.zarr")
    opened = ef.open(tmp_path / "c.zarr", "tracks")
    assert opened.recording.values.tolist() == ["a", "a much longer name"]


@ef.feature(dims=("time",), scope="group", raw=("counter",))
def twice_the_counter(counter):
    """Twice a counter, in its own arithmetic."""
    return counter * 2


@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool"])
def test_whole_numbers_as_they_were_are_not_read_from_a_store(tmp_path: Path, dtype: str) -> None:
    tracks = cohort(LENGTHS).isel(recording=[0])
    values = np.arange(max(LENGTHS)).astype(dtype)
    tracks = tracks.assign(counter=(("recording", "time"), values[None]))
    ef.write(tracks, tmp_path / "c.zarr")
    expected = np.multiply(values, 2, dtype=None)
    np.testing.assert_array_equal(twice_the_counter(tracks)[0], expected)
    stored = ef.open(tmp_path / "c.zarr", "tracks")
    for ds in (stored, stored.compute()):
        with pytest.raises(ef.DataError, match=f"that was {dtype}, which a store keeps as float32"):
            twice_the_counter(ds)


def values_of(url: str | Path, group: str) -> xr.Dataset:
    return ef.open(url, group).load()


def write_poses(url: str | Path) -> xr.Dataset:
    """Poses of a cohort in a store; labels of the same recordings."""
    tracks = cohort((250, 120))
    ef.write(tracks, url, "poses")
    return ef.annotate(ef.calibrate(tracks, ARENA), ["moving", "immobile"])


PLACES = ("poses/position", "poses/animal", "poses/position/inner", "poses/time", "poses/n_frames")


@pytest.mark.parametrize("at", ["folder", "memory"])
@pytest.mark.parametrize("group", PLACES)
def test_a_group_never_lies_where_a_variable_does(tmp_path: Path, group: str, at: str) -> None:
    url = tmp_path / "c.zarr" if at == "folder" else f"memory://names/{group}/c.zarr"
    labels = write_poses(url)
    before, state = values_of(url, "poses"), store.read_state(url)
    name = group.split("/")[1]
    with pytest.raises(DataError, match=f"the group poses has a variable '{name}'.*another name"):
        ef.write(labels, url, group)
    assert store.read_state(url) == state
    xr.testing.assert_identical(values_of(url, "poses"), before)
    assert not ef.verify(url).faults


@pytest.mark.parametrize("at", ["folder", "memory"])
@pytest.mark.parametrize("inner", ["labels/anna/moving", "labels/anna/moving/deeper"])
def test_a_variable_never_lies_where_a_group_does(tmp_path: Path, inner: str, at: str) -> None:
    url = tmp_path / "c.zarr" if at == "folder" else f"memory://inner/{inner}/c.zarr"
    labels = write_poses(url)
    ef.write(labels, url, inner)
    before, state = values_of(url, inner), store.read_state(url)
    with pytest.raises(DataError, match="a variable 'moving': the group labels/anna/moving is"):
        ef.write(labels, url, "labels/anna")
    assert store.read_state(url) == state
    ef.write(labels.drop_vars("moving"), url, "labels/anna")
    with pytest.raises(DataError, match="a variable 'moving': the group labels/anna/moving is"):
        ef.write(labels, url, "labels/anna", keep=False)
    xr.testing.assert_identical(values_of(url, inner), before)
    assert list(values_of(url, "labels/anna").data_vars) == ["immobile"]
    assert not ef.verify(url).faults


def test_the_place_of_a_variable_that_was_taken_out_is_free(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    labels = write_poses(path)
    ef.write(labels, path, "labels/anna")
    ef.write(labels[["immobile"]], path, "labels/anna", drop=["moving"])
    ef.write(labels, path, "labels/anna/moving")
    inner = values_of(path, "labels/anna/moving")
    other = labels.assign(immobile=labels.moving.assign_attrs(labels.immobile.attrs))
    for given in (labels, other, labels):  # each clears away what the one before left
        ef.write(given[["immobile"]], path, "labels/anna")
        xr.testing.assert_identical(values_of(path, "labels/anna/moving"), inner)
    assert not ef.verify(path).faults


@pytest.mark.parametrize("at", ["folder", "memory"])
def test_a_group_that_goes_leaves_those_inside_it(tmp_path: Path, at: str) -> None:
    url = tmp_path / "c.zarr" if at == "folder" else "memory://goes/c.zarr"
    labels = write_poses(url)
    ef.write(labels, url, "labels/anna")
    ef.write(labels, url, "labels/anna/again")
    inner = values_of(url, "labels/anna/again")
    store.drop_group(str(url), "labels/anna")
    assert store.list_groups(url) == ["poses", "labels/anna/again"]
    xr.testing.assert_identical(values_of(url, "labels/anna/again"), inner)
    assert not ef.verify(url).faults
    store.drop_group(str(url), "poses/position")  # a variable is no group
    assert "position" in values_of(url, "poses")
    ef.write(labels, url, "labels/anna/moving")  # its place is free now
    assert not ef.verify(url).faults


@pytest.mark.parametrize(
    "group", ["", "/poses", "poses/", "a//b", "../x", "a/./b", "progress/x", "a/zarr.json", "a\\b"]
)
def test_names_that_are_none_are_refused(tmp_path: Path, group: str) -> None:
    with pytest.raises(DataError, match="cannot be the name of a group"):
        ef.write(cohort((100,)), tmp_path / "c.zarr", group)
    assert not (tmp_path / "c.zarr").exists()


@pytest.mark.parametrize("name", ["position/c", "a/b", "", "..", "zarr.json", "a\\b"])
@pytest.mark.parametrize("dims", [("recording", "time"), ("recording",)])
def test_variables_without_a_name_of_their_own_are_refused(
    tmp_path: Path, name: str, dims: tuple[str, ...]
) -> None:
    path, tracks = tmp_path / "c.zarr", cohort((100, 80))
    ef.write(tracks, path)
    added = xr.DataArray(np.zeros([tracks.sizes[dim] for dim in dims], np.float32), dims=dims)
    with pytest.raises(DataError, match="cannot have a variable"):
        ef.write(tracks.assign({name: added}), path)
    assert not ef.verify(path).faults


def test_a_variable_that_a_group_took_the_place_of_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    write_poses(path)
    state = store.read_state(path)
    assert state is not None
    array = state.nodes["poses/position"]
    nodes = {**state.nodes, "poses/position": group_document(), "poses/position/moving": array}
    commit(replace(state, nodes=nodes), state)
    assert any("poses position was written" in str(fault) for fault in ef.verify(path).faults)
