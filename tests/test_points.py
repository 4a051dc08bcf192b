"""Body parts made of others behave like tracked ones, lazily, and say what they are made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml
from hypothesis import given, settings
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.points import set_aside
from ethoflow.skeleton import find_points, find_roles
from tests.conftest import no_compute
from tests.strategies import chunkings, make_poses, make_tracks, stack

MADE = {"centre": ["left_ear", "right_ear", "tail_base"]}
TWO = {"centre": "2 of Left_ear + Right_ear + Tail_base"}
PARTS = ["Left_ear", "Right_ear", "Tail_base"]


def without_centre(ds: xr.Dataset) -> xr.Dataset:
    return ds.isel(bodypart=ds.bodypart.values != "Center")


@pytest.mark.parametrize(("skeleton", "needed"), [(MADE, 3), (TWO, 2)])
def test_it_is_the_mean_of_those_seen(skeleton: dict, needed: int) -> None:
    ds = without_centre(make_poses(1, 300))
    made = ef.assign_roles(ds, skeleton)
    parts = ds.position.sel(bodypart=PARTS)
    seen = parts.notnull().all("space").sum("bodypart")
    expected = parts.astype(float).mean("bodypart").where(seen >= needed)
    found = made.position.sel(bodypart="centre")
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-5)
    assert np.isnan(found).any()
    assert found.role == "centre"
    assert str(found.made_of.values).endswith("Left_ear + Right_ear + Tail_base")
    scores = ds.confidence.sel(bodypart=PARTS).where(parts.notnull().all("space")).min("bodypart")
    np.testing.assert_array_equal(
        made.confidence.sel(bodypart="centre").values, scores.where(seen >= needed).values
    )
    tracked = made.sel(bodypart=ds.bodypart.values)
    np.testing.assert_array_equal(tracked.position.values, ds.position.values)
    assert tracked.role.values.tolist() == ds.role.values.tolist()


def test_a_rule_takes_it_as_if_it_were_tracked() -> None:
    ds = without_centre(make_poses(1, 300))
    with pytest.raises(ef.DataError, match="centre"):
        ef.annotate(ds, ["moving"])
    made = ef.assign_roles(ds, MADE)
    xr.testing.assert_identical(
        ef.annotate(ds, ["moving"], skeleton=MADE), ef.annotate(made, ["moving"])
    )
    as_tracked = ef.from_arrays(
        made.position.values, fps=25, units="mm",
        bodyparts=["Center" if p == "centre" else str(p) for p in made.bodypart.values],
    )  # fmt: skip
    np.testing.assert_array_equal(
        ef.annotate(made, ["moving"]).moving.values,
        ef.annotate(as_tracked, ["moving"]).moving.values,
    )
    assert "centre" in ef.features.speed(made).bodypart.values
    assert "Nose-centre" in ef.features.segment_length(made).segment.values
    assert "centre" in set(ef.to_table(made).bodypart)


@given(chunks=chunkings(150))
@settings(max_examples=15, deadline=None)
def test_chunks_do_not_show(chunks: tuple[int, ...]) -> None:
    ds = without_centre(make_tracks(6, 150))
    eager = ef.clean(ef.assign_roles(ds, TWO))
    with no_compute():
        lazy = ef.clean(ef.assign_roles(ds.chunk(time=chunks), TWO))
        labels = ef.annotate(lazy, ["moving"], parameters={"moving": {"min_speed": "80 px/s"}})
    xr.testing.assert_identical(lazy.compute(), eager)
    xr.testing.assert_identical(
        labels.compute(),
        ef.annotate(eager, ["moving"], parameters={"moving": {"min_speed": "80 px/s"}}),
    )


def test_cleaning_makes_it_of_what_was_cleaned() -> None:
    ds = without_centre(make_tracks(6, 300))
    before, after = ef.clean(ef.assign_roles(ds, TWO)), ef.assign_roles(ef.clean(ds), TWO)
    xr.testing.assert_identical(before, after)
    filled = after.filled.sel(bodypart=PARTS)
    seen = after.position.sel(bodypart=PARTS).notnull().all("space")
    expected = ((filled == 1) & seen).any("bodypart") & (seen.sum("bodypart") >= 2)
    np.testing.assert_array_equal(after.filled.sel(bodypart="centre").values == 1, expected.values)


def test_a_cohort_holds_what_its_recordings_do() -> None:
    alone = [make_poses(3, 120, name="a"), make_poses(4, 70, name="b")]
    alone = [without_centre(one) for one in alone]
    cohort = ef.assign_roles(stack(alone).chunk(recording=1, time=50), MADE).compute()
    for one in alone:
        row = cohort.sel(recording=one.recording.item()).isel(time=slice(one.sizes["time"]))
        np.testing.assert_array_equal(
            row.position.values, ef.assign_roles(one, MADE).position.values
        )


def test_a_tracked_centre_loses_its_role_to_one_made_by_hand() -> None:
    made = ef.assign_roles(make_poses(1, 40), MADE)
    roles = dict(zip(made.bodypart.values, made.role.values, strict=True))
    assert roles["Center"] == ""
    assert roles["centre"] == "centre"
    again = ef.assign_roles(made, TWO)
    assert again.sizes == made.sizes
    assert again.made_of.values[-1] == TWO["centre"]
    assert ef.assign_roles(made, {"neck": "Spine_2"}).bodypart.values.tolist() == (
        made.bodypart.values.tolist()
    )


def test_one_whose_parts_were_left_out_stays() -> None:
    made = ef.assign_roles(make_tracks(1, 60), MADE).sel(bodypart=["Nose", "centre"])
    assert set_aside(made)[1] == []
    assert ef.clean(made).bodypart.values.tolist() == ["Nose", "centre"]


def test_a_changed_definition_is_stale_and_the_same_is_fresh(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    ef.write(without_centre(stack([make_tracks(1, 90), make_tracks(2, 90, name="b")])), path)

    def run(skeleton: dict) -> tuple[int, int]:
        poses = ef.assign_roles(ef.clean(ef.open(path, "tracks")), skeleton)
        slow = {"moving": {"min_speed": "80 px/s"}, "immobile": {"max_speed": "20 px/s"}}
        labels = ef.annotate(poses, ["moving", "immobile"], parameters=slow)
        return (
            ef.write(poses, path, "poses", keep=False).written,
            ef.write(labels, path, "labels/rules", keep=False).written,
        )

    first = run(MADE)
    assert min(first) > 0
    assert run(MADE) == (0, 0)
    changed = run(TWO)
    assert changed[0] > 0
    assert changed[1] == first[1]
    stored = ef.open(path, "poses")
    fresh = ef.assign_roles(ef.clean(ef.open(path, "tracks")), TWO)
    np.testing.assert_array_equal(stored.position.values, fresh.position.values)
    assert stored.made_of.values[-1] == TWO["centre"]
    assert "made_of" not in ef.open(path, "tracks")


def test_files_are_read_with_points(tmp_path: Path) -> None:
    tracks = without_centre(make_tracks(1, 50, n_individuals=1))
    ef.export(tracks, tmp_path / "m.csv", format="DeepLabCut CSV")
    one = ef.read(tmp_path / "m.csv", fps=25, skeleton=MADE)
    many = ef.read_cohort(tmp_path / "m.csv", fps=25, skeleton=MADE)
    assert one.bodypart.values[-1] == many.bodypart.values[-1] == "centre"
    np.testing.assert_array_equal(one.position.values, many.position.values[0])


@pytest.mark.parametrize(
    ("skeleton", "message"),
    [
        ({"centre": ["Nose", "Ear"]}, r"'Ear' as centre; these tracks have: Nose, Tail"),
        ({"centre": "Nose + Nose"}, "of one body part twice"),
        ({"centre": "3 of Nose + Tail"}, "needs 3 of 2"),
        ({"centre": ["centre", "Nose"]}, "'centre' as centre"),
    ],
)
def test_definitions_that_cannot_be(skeleton: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_points(["Nose", "Tail"], skeleton)
    with pytest.raises(ValueError, match=message):
        find_roles(["Nose", "Tail"], skeleton)


def test_a_name_with_a_plus_is_a_name() -> None:
    assert find_points(["a+b", "a", "b"], {"centre": "a+b"}) == []
    assert find_roles(["a+b", "a", "b"], {"centre": "a+b"}) == ["centre", "", ""]
    assert find_roles(["a", "b"], {"centre": ["a"]}) == ["centre", ""]


@pytest.mark.parametrize("key", ["skeleton", "roles"])
@pytest.mark.parametrize("given", ["[left_ear, right_ear, tail_base]", "left_ear + Tail_base"])
def test_a_project_makes_points(key: str, given: str, tmp_path: Path) -> None:
    tracks = without_centre(make_tracks(1, 200))
    ef.export(tracks, tmp_path / "m.csv", format="DeepLabCut CSV")
    file = tmp_path / "project.yaml"
    text = (
        "tracks: m.csv\nfps: 25\npx_per_mm: 2\npictures: {recordings: 0}\n"
        f"cleaning: {{pictures: 0}}\n{key}: {{centre: "
    )
    for definition in (given, "[Nose, Tail_base]"):
        file.write_text(f"{text}{definition}}}\nrules: [moving]\n")
        done = CliRunner().invoke(app, ["run", str(file)])
        assert done.exit_code == 0, done.output
        path = tmp_path / "results" / "cohort.zarr"
        assert "centre" not in ef.open(path, "tracks").bodypart.values
        poses = ef.open(path, "poses")
        cleaned = ef.clean(ef.calibrate(ef.open(path, "tracks"), px_per_mm=2))
        made = ef.assign_roles(cleaned, yaml.safe_load(f"{{centre: {definition}}}"))
        np.testing.assert_array_equal(poses.position.values, made.position.values)
        np.testing.assert_array_equal(
            ef.open(path, "labels/rules").moving.values, ef.annotate(made, ["moving"]).moving.values
        )


def test_the_command_line_makes_points(tmp_path: Path) -> None:
    ef.write(without_centre(make_tracks(1, 200)), tmp_path / "c.zarr")
    done = CliRunner().invoke(
        app,
        ["annotate", str(tmp_path / "c.zarr"), "--px-per-mm", "2", "--rules", "moving",
         "--skeleton", "centre=2 of left_ear+right_ear+tail_base"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert ef.open(tmp_path / "c.zarr", "poses").made_of.values[-1] == TWO["centre"]
