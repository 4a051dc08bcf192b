"""A run cleans, and says what it did: table, pictures, and what is shown at the end."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.plot.cleaning import cleaning
from ethoflow.stats.cleaning import STEPS
from tests.strategies import make_poses, stack

DEMO5 = "freezing-behaviordepot/demo5/demo5_tracking.csv"


def _run(folder: Path, text: str) -> str:
    (folder / "project.yaml").write_text(text)
    found = CliRunner().invoke(app, ["run", str(folder / "project.yaml")])
    assert found.exit_code == 0, found.output
    return found.output


def test_a_real_maze_is_cleaned_without_a_hand(real_data: Path, tmp_path: Path) -> None:
    """30.8 % of the points have a low confidence, and some lie beyond the frame."""
    shutil.copy(real_data / DEMO5, tmp_path / "maze.csv")
    said = _run(tmp_path, "tracks: maze.csv\nfps: 29.385\npx_per_mm: 1.4\n")
    assert "Cleaning (share of all frames, in %)" in said
    assert "takes 30.8%" in said
    table = pd.read_csv(tmp_path / "results/cleaning/cleaning.csv")
    assert list(table.bodypart) == ["Nose", "LeftEar", "RightEar", "Implant", "Tailbase"]
    assert (table.n_frames == 12983).all()
    assert (table.seen_before == 12983).all(), "DeepLabCut gives a point in every frame"
    left = table.seen_before - table[[*STEPS, "other"]].sum(axis=1) + table.filled
    assert (left + table.missing_after == table.n_frames).all()
    assert table.low_confidence.sum() / table.n_frames.sum() == pytest.approx(0.308, abs=0.001)
    poses = ef.open(tmp_path / "results/cohort.zarr", "poses").compute()
    raw = ef.read(real_data / DEMO5, fps=29.385)
    assert float(raw.position.min()) < 0
    assert float(poses.position.min()) >= 0
    missing = poses.position.isnull().any("space").sum("time").values.ravel()
    np.testing.assert_array_equal(missing, table.missing_after)
    low = (raw.confidence.values < np.float32(0.6)).sum(axis=-1).ravel()
    np.testing.assert_array_equal(low, table.low_confidence)
    step = poses.position.diff("time").where(poses.position.diff("time").notnull())
    speed = np.sqrt(np.square(step).sum("space", skipna=False)) * 29.385
    assert float(speed.quantile(0.999)) < 1500
    assert (tmp_path / "results/cleaning/cleaning_maze.png").stat().st_size > 10_000
    assert "kept, as what they show has not changed" in _run(
        tmp_path, (tmp_path / "project.yaml").read_text()
    )


def test_steps_of_the_project_file_are_those_of_clean(tmp_path: Path) -> None:
    tracks = ef.simulate.simulate_cohort(1, duration="20 s", seed=3).tracks
    ef.write(tracks, tmp_path / "results/cohort.zarr", group="tracks")
    (tmp_path / "project.yaml").write_text(
        "tracks: none.h5\nfps: 25\npx_per_mm: 2\nclean: {max_speed: 100 mm/s, n_deviations: 2, "
        "outlier_window: 1 s, min_distance: 3 mm, max_stretch: 1.05, min_points: 11, "
        "max_gap: null}\n"
    )
    for command in ("poses", "cleaning"):
        found = CliRunner().invoke(
            app,
            [command, str(tmp_path / "results/cohort.zarr"), "--project",
             str(tmp_path / "project.yaml")],
        )  # fmt: skip
        assert found.exit_code == 0, found.output
    table = pd.read_csv(tmp_path / "results/cleaning/cleaning.csv")
    assert (table[["fast", "outlier", "stretched", "absent"]].sum() > 0).all()
    expected = ef.report_cleaning(
        tracks,
        ef.clean(
            ef.calibrate(tracks, px_per_mm=2), max_speed=100, n_deviations=2, outlier_window=1,
            min_distance=3, max_stretch=1.05, min_points=11, max_gap=None,
        ),
    )  # fmt: skip
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_speed: 3 mm", "max_speed"),
        ("max_speed: -1", "a speed above 0"),
        ("n_deviations: 0", "how many times"),
        ("max_stretch: wide", "how many times"),
        ("min_points: 0", "min_points"),
        ("min_distance: 2 s", "min_distance"),
        ("outlier_window: 2 mm", "outlier_window"),
    ],
)
def test_wrong_keys_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "project.yaml").write_text(f"tracks: a.csv\nfps: 25\nclean: {{{text}}}\n")
    found = CliRunner().invoke(app, ["run", str(tmp_path / "project.yaml")])
    assert found.exit_code != 0
    assert message in found.output
    assert "line 3" in found.output


def test_outliers_in_pixels_need_a_distance() -> None:
    ds = ef.from_arrays(np.zeros((1, 1, 2, 50)), fps=25, bodyparts=["nose"])
    with pytest.raises(ef.DataError, match="min_distance='15 px'"):
        ef.clean(ds, n_deviations=5)
    assert float(ef.clean(ds, n_deviations=5, min_distance="15 px").position.sum()) == 0


def test_a_picture_of_one_recording() -> None:
    cohort = stack([make_poses(2, 60, name="short"), make_poses(3, 110, name="long")])
    cleaned = ef.clean(cohort)
    with pytest.raises(ef.DataError, match="one recording"):
        cleaning(cleaned)
    one = cleaned.sel(recording="short")
    figure = cleaning(one, cohort.sel(recording="short")).figure
    rows = [axis.get_images()[0].get_array() for axis in figure.axes if axis.get_images()][:3]
    assert [row.shape for row in rows] == [(22, 60)] * 3
    assert all(np.isfinite(row).all() for row in rows)
    with pytest.raises(ef.DataError, match="too many for one picture"):
        cleaning(one.isel(individual=[0] * 14).assign_coords(individual=list("abcdefghijklmn")))


def test_poses_from_elsewhere_are_held_against_their_tracks(tmp_path: Path) -> None:
    """They do not say what was taken; the tracks do."""
    tracks = make_poses(2, 60).expand_dims("recording")
    hidden = tracks.position.where(tracks.bodypart != "Nose").assign_attrs(tracks.position.attrs)
    store = tmp_path / "cohort.zarr"
    ef.write(tracks, store, group="tracks")
    ef.write(tracks.assign(position=hidden), store, group="poses")
    found = CliRunner().invoke(app, ["cleaning", str(store)])
    assert found.exit_code == 0, found.output
    table = pd.read_csv(tmp_path / "cohort_results/cleaning/cleaning.csv")
    nose = table[table.bodypart == "Nose"]
    np.testing.assert_array_equal(nose.other, nose.seen_before)
    assert (nose.seen_before > 0).all()
    assert table.other.sum() == nose.other.sum()


def test_pieces_of_tracks_that_fit_no_picture_do_not_stop_the_stage(tmp_path: Path) -> None:
    """A tracker that loses identities gives dozens of animals."""
    position = np.random.default_rng(0).normal(size=(40, 4, 2, 60)) * 0.1 + 100
    parts = ["nose", "left_ear", "right_ear", "tail_base"]
    tracks = ef.from_arrays(position, fps=30, bodyparts=parts)
    ef.write(tracks, tmp_path / "c.zarr", "tracks")
    ef.write(ef.clean(tracks), tmp_path / "c.zarr", "poses")
    found = CliRunner().invoke(app, ["cleaning", str(tmp_path / "c.zarr")])
    assert found.exit_code == 0, found.output
    assert "has 160 body parts of all animals (at most 150 fit)" in " ".join(found.output.split())
    assert len(pd.read_csv(next(tmp_path.rglob("cleaning.csv")))) == 160
    assert not list(tmp_path.rglob("cleaning*.png"))
