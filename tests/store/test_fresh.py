"""Fresh is found too: the same numbers asked for in another way are not computed again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.engine import layout
from ethoflow.engine.selection import trace_rows
from ethoflow.engine.sources import StoredLayer
from tests.conftest import REPOSITORY
from tests.walks import cohort

LENGTHS = (700, 300, 500, 450)
ARENA = ef.circle(300, 300, 200, size="400 mm")
RULES = ["moving", "climbing", "nose_to_nose"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of several blocks a recording, labels and all."""
    path = tmp_path_factory.mktemp("fresh") / "c.zarr"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "BLOCK_BYTES", 200 * 2 * 4 * 2 * 4)
        patch.setattr(layout, "MIN_BLOCK", 100)
        ef.write(cohort(LENGTHS), path)
        ef.write(ef.clean(ef.calibrate(ef.open(path, "tracks"), ARENA)), path, "poses")
        ef.write(ef.annotate(ef.open(path, "poses"), RULES), path, "labels/rules")
    return path


Ask = Callable[[xr.Dataset], xr.Dataset]

WAYS: dict[str, Ask] = {
    "a slice of recordings": lambda ds: ds.isel(recording=slice(3)),
    "a list of recordings": lambda ds: ds.isel(recording=[2, 0]),
    "recordings by name": lambda ds: ds.sel(recording=["mouse_03", "mouse_01"]),
    "one recording": lambda ds: ds.isel(recording=1),
    "one treatment": lambda ds: ds.sel(recording=ds.treatment == "stress"),
    "longer chunks": lambda ds: ds.chunk(time=-1),
    "shorter chunks": lambda ds: ds.chunk(time=33),
    "all recordings in a chunk": lambda ds: ds.chunk(recording=-1, time=150),
    "selected, then in other chunks": lambda ds: ds.isel(recording=[3, 1]).chunk(time=77),
    "sorted": lambda ds: ds.sortby("recording", ascending=False),
    "joined again": lambda ds: xr.concat(
        [ds.isel(recording=slice(2)), ds.isel(recording=slice(2, None))],
        "recording", data_vars="minimal", coords="different", compat="equals", join="exact",
    ),
    "other metadata": lambda ds: ds.assign_coords(dose=ds.n_frames * 2),
    "without a coordinate": lambda ds: ds.drop_vars("treatment"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_poses_asked_for_in_another_way(path: Path, way: str) -> None:
    poses = WAYS[way](ef.open(path, "poses"))
    again = ef.write(ef.annotate(poses, RULES), path, "labels/rules")
    assert again.written == 0
    assert again.fresh > 0


@pytest.mark.parametrize("way", WAYS)
def test_labels_asked_for_in_another_way(path: Path, way: str) -> None:
    labels = WAYS[way](ef.annotate(ef.open(path, "poses"), RULES))
    again = ef.write(labels, path, "labels/rules")
    assert again.written == 0
    assert again.fresh > 0


@pytest.mark.parametrize("way", ["a slice of recordings", "shorter chunks"])
def test_the_whole_way_in_one(path: Path, way: str) -> None:
    tracks = WAYS[way](ef.open(path, "tracks"))
    labels = ef.annotate(ef.clean(ef.calibrate(tracks, ARENA)), RULES)
    assert ef.write(labels, path, "labels/rules").written == 0


def test_what_is_in_memory_is_known_by_its_numbers(path: Path, tmp_path: Path) -> None:
    tracks = cohort(LENGTHS)
    assert ef.write(tracks, path).written == 0
    assert ef.write(tracks.chunk(time=90), path).written == 0
    assert ef.write(tracks.chunk(recording=2).isel(recording=[1, 2]), path).written == 0


def test_another_scheduler(path: Path) -> None:
    labels = ef.annotate(ef.open(path, "poses"), RULES)
    for scheduler in ("synchronous", "threads"):
        with dask.config.set(scheduler=scheduler):
            assert ef.write(labels, path, "labels/rules").written == 0


SCRIPT = """
import sys
import ethoflow as ef
path = sys.argv[1]
arena = ef.circle(300, 300, 200, size="400 mm")
print(ef.write(ef.clean(ef.calibrate(ef.open(path, "tracks"), arena)), path, "poses").written)
labels = ef.annotate(ef.open(path, "poses"), ["moving", "climbing", "nose_to_nose"])
print(ef.write(labels, path, "labels/rules").written)
assert "distributed" not in sys.modules
"""


def test_another_process_and_another_name_of_the_folder(path: Path) -> None:
    for name in (str(path), f"{path.parent}/./{path.name}"):
        said = subprocess.run(
            [sys.executable, "-c", SCRIPT, name], capture_output=True, text=True, check=True,
            cwd=path.parent, env={"PYTHONPATH": str(REPOSITORY / "src"), "PYTHONHASHSEED": "7"},
        )  # fmt: skip
        assert said.stdout.split() == ["0", "0"]


def test_a_store_that_was_moved(path: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere.zarr"
    subprocess.run(["cp", "-r", path, moved], check=True)
    assert ef.write(ef.annotate(ef.open(moved, "poses"), RULES), moved, "labels/rules").written == 0
    assert not ef.verify(moved).faults


def test_a_part_in_time_is_another_recording(path: Path) -> None:
    poses = ef.open(path, "poses").isel(time=slice(100, 300))
    written = ef.write(ef.annotate(poses, ["moving"]), path, "labels/part")
    assert written.written > 0
    assert ef.write(ef.annotate(poses, ["moving"]), path, "labels/part").written == 0
    assert ef.write(ef.annotate(poses.chunk(time=70), ["moving"]), path, "labels/part").written == 0
    later = ef.open(path, "poses").isel(time=slice(101, 301))
    assert ef.write(ef.annotate(later, ["moving"]), path, "labels/part").written > 0


# --- following rows back ----------------------------------------------------------------------


@st.composite
def selections(draw: st.DrawFn) -> list[tuple[str, object]]:
    """Steps that cut, reorder, join and rechunk."""
    kinds = st.sampled_from(["rows", "slice", "time", "chunk", "join", "flip"])
    return [(draw(kinds), draw(st.integers(0, 1000))) for _ in range(draw(st.integers(0, 4)))]


def cut(array: da.Array, kind: str, seed: int) -> da.Array:
    rng = np.random.default_rng(seed)
    n, t = array.shape[0], array.shape[-1]
    match kind:
        case "rows":
            return array[rng.permutation(n)[: max(1, rng.integers(1, n + 1))].tolist()]
        case "slice":
            return array[rng.integers(0, n) :]
        case "time":
            return array[..., rng.integers(0, max(t // 2, 1)) :]
        case "chunk":
            return array.rechunk({0: int(rng.integers(1, n + 1)), 3: int(rng.integers(1, t + 1))})
        case "join":
            return da.concatenate([array, array[: rng.integers(1, n + 1)]])
        case _:
            return array[::-1]


@given(steps=selections())
@example(steps=[("chunk", 4), ("rows", 2)])
@settings(max_examples=40, deadline=None)
def test_rows_are_where_the_tracer_says(path: Path, steps: list[tuple[str, int]]) -> None:
    array = ef.open(path, "poses").position.data[:, :, :, 0]
    origin = ef.open(path, "poses").position.data
    for kind, seed in steps:
        array = cut(array, kind, seed)
    rows = trace_rows(array, lambda layer: isinstance(layer, StoredLayer))
    # One coordinate was picked: that is more than a selection of rows, and not followed.
    assert rows is None
    array = origin
    for kind, seed in steps:
        array = cut_deep(array, kind, seed)
    rows = trace_rows(array, lambda layer: isinstance(layer, StoredLayer))
    assert rows is not None
    whole, values = origin.compute(), array.compute()
    assert len(rows) == values.shape[0]
    for row, found in zip(rows, values, strict=True):
        expected = whole[row.row][np.ix_(*row.inner, row.time)]
        np.testing.assert_array_equal(found, expected)


def cut_deep(array: da.Array, kind: str, seed: int) -> da.Array:
    """The same steps on an array with more axes."""
    if kind == "chunk":
        rng = np.random.default_rng(seed)
        n, t = array.shape[0], array.shape[-1]
        return array.rechunk({0: int(rng.integers(1, n + 1)), 4: int(rng.integers(1, t + 1))})
    return cut(array, kind, seed)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a * 1,
        lambda a: a + 0.0,
        lambda a: da.where(a > 0, a, np.nan),
        lambda a: a.map_blocks(lambda block: block),
        lambda a: a.astype("float64"),
        lambda a: da.concatenate([a, a * 2]),
        lambda a: da.roll(a, 1, -1) + a[:1],
    ],
)
def test_what_computes_is_never_taken_for_a_selection(
    path: Path, change: Callable[[da.Array], da.Array]
) -> None:
    array = change(ef.open(path, "poses").position.data)
    assert trace_rows(array, lambda layer: isinstance(layer, StoredLayer)) is None
