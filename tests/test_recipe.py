"""Provenance that runs: the project that a recipe prints makes the same store again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest
import xarray as xr
import yaml
from click.testing import Result

import ethoflow as ef
from ethoflow import simulate, store
from ethoflow.remaking import OUT

from .store.equality import assert_same_store, load_store
from .store.lab import NO_PICTURES, Lab, invoke, small_blocks

RULES = '''
"""Rules of our own."""

import ethoflow as ef

FASTEST = 90.0


@ef.behaviour(roles=("nose",), units={"min_speed": "mm/s"})
def dashing(speed, *, min_speed=20.0):
    """The nose is faster than `min_speed` and slower than FASTEST."""
    return (speed[0] > min_speed) & (speed[0] < FASTEST)
'''

KEYS = """
rule_files: [ours/rules.py]
rules: [moving, climbing, dashing]
parameters:
  moving: {min_speed: 60 mm/s}
  dashing: {min_speed: 25}
features: [speed, body_length]
skeleton: {centre: Spine_1}
clean: {max_gap: 80 ms, min_confidence: 0.5}
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A project with an arena, rules of its own, thresholds and features, that was run."""
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch)
        lab = Lab.make(tmp_path_factory.mktemp("done") / "lab")
        (lab.folder / "ours").mkdir()
        (lab.folder / "ours/rules.py").write_text(RULES)
        with lab.project.open("a") as project:
            project.write(KEYS)
        ran(lab.run())
        yield lab


def ran(done: Result) -> Result:
    assert done.exit_code == 0, done.output
    return done


def run_without_pictures(project: Path) -> None:
    project.write_text(f"{project.read_text()}{NO_PICTURES}")
    ran(invoke("run", project))


def remade(lab: Lab, folder: Path, *group: str) -> Path:
    """The store that the printed project makes of copies of the same tracks."""
    shutil.copytree(lab.folder / "tracks", folder / "tracks")
    shutil.copy(lab.folder / "animals.csv", folder)
    printed = ran(invoke("recipe", lab.store, *group))
    ran(invoke("recipe", lab.store, *group, "--out", folder))
    project = folder / "project.yaml"
    assert printed.stdout.startswith(project.read_text())
    run_without_pictures(project)
    return folder / OUT / "cohort.zarr"


def test_the_printed_project_makes_the_same_store(done: Lab, tmp_path: Path) -> None:
    before = load_store(done.store)
    assert_same_store(remade(done, tmp_path, "labels/rules"), done.store)
    assert list(before) == list(load_store(done.store))


def test_a_rule_file_that_was_edited_since(done: Lab, tmp_path: Path) -> None:
    lab = done.copy(tmp_path / "lab")
    (lab.folder / "ours/rules.py").write_text(RULES.replace("90.0", "40.0"))
    assert_same_store(remade(lab, tmp_path / "again"), done.store)
    assert "FASTEST = 90.0" in invoke("recipe", lab.store).stdout


def test_nothing_of_this_machine_is_in_it(done: Lab) -> None:
    printed = ran(invoke("recipe", done.store)).stdout
    assert str(done.folder) not in printed
    assert str(done.folder) not in (done.store / "zarr.json").read_text()


def test_text_of_keys_is_not_what_results_are_made_from(done: Lab, tmp_path: Path) -> None:
    lab = done.copy(tmp_path / "lab")
    groups = ("tracks", "poses", "labels/rules")
    before = [store.fingerprint(lab.store, group) for group in groups]
    text = lab.project.read_text()
    lab.project.write_text(text.replace("tracks/*.csv", "'tracks/s*.csv'"))
    ran(lab.run())
    assert before == [store.fingerprint(lab.store, group) for group in groups]
    assert "tracks/s*.csv" in ran(invoke("recipe", lab.store)).stdout


def test_commands_of_their_own_are_one_project(done: Lab, tmp_path: Path) -> None:
    files = sorted((done.folder / "tracks").glob("*.csv"))
    path = tmp_path / "cohort.zarr"
    for some in (files[:2], files[2:]):
        ran(invoke("ingest", *some, "--fps", "25", "--out", path))
    rules = done.folder / "ours/rules.py"
    ran(invoke("annotate", path, "--px-per-mm", "3", "--rule-file", rules,
               "--set", "dashing.min_speed=30"))  # fmt: skip
    ran(invoke("recipe", path, "--out", tmp_path / "again"))
    run_without_pictures(tmp_path / "again/project.yaml")
    found, expected = (load_store(one) for one in (tmp_path / "again" / OUT / path.name, path))
    for group in ("/tracks", "/poses", "/labels/rules"):
        assert found[group].drop_attrs().identical(expected[group].drop_attrs())


def test_labels_of_two_runs_with_other_thresholds(done: Lab, tmp_path: Path) -> None:
    lab = done.copy(tmp_path / "lab")
    ran(invoke("rules", lab.store, "--rules", "climbing,immobile"))
    again, stored = (load_store(one) for one in (remade(lab, tmp_path / "again"), lab.store))
    for ds in (again["/labels/rules"], stored["/labels/rules"]):
        del ds.attrs[store.MADE_BY]
    xr.testing.assert_identical(again["/labels/rules"], stored["/labels/rules"])
    ran(invoke("rules", lab.store, "--rules", "moving"))  # which was 60 mm/s before
    assert_comments(invoke("recipe", lab.store), "moving", "labels/rules")


def assert_comments(said: Result, *words: str) -> None:
    """Nothing that would run, and the reason."""
    assert said.exit_code != 0
    assert yaml.safe_load(said.stdout) is None
    for word in words:
        assert word in said.stderr, said.stderr


def test_a_group_that_a_notebook_wrote(done: Lab, tmp_path: Path) -> None:
    lab = done.copy(tmp_path / "lab")
    poses = ef.open(lab.store)["poses"].to_dataset()
    slow = ef.features.speed(poses) * 0.5
    ef.write(slow.to_dataset(name="slow"), lab.store, "mine")
    ef.write(ef.features.speed(poses).to_dataset(), lab.store, "speeds")
    assert_comments(invoke("recipe", lab.store, "mine"), "mine", "slow")
    speeds = invoke("recipe", lab.store, "speeds")
    assert_comments(speeds, "speeds")
    assert "speed(" in speeds.stdout
    ran(invoke("recipe", lab.store, "labels/rules"))


def test_a_variable_that_a_notebook_replaced(done: Lab, tmp_path: Path) -> None:
    lab = done.copy(tmp_path / "lab")
    labels = ef.open(lab.store)["labels/rules"].to_dataset()
    ef.write(labels[["moving"]] * 1, lab.store, "labels/rules")
    assert_comments(invoke("recipe", lab.store), "moving", "labels/rules")


def test_tracks_that_a_notebook_wrote(tmp_path: Path) -> None:
    path = tmp_path / "cohort.zarr"
    ef.write(simulate.still_then_running(), path)
    ran(invoke("annotate", path))
    assert_comments(invoke("recipe", path), "tracks", "position")


def test_what_a_group_was_made_from_has_changed(done: Lab, tmp_path: Path) -> None:
    lab = done.copy(tmp_path / "lab")
    ran(invoke("poses", lab.store, "--px-per-mm", "2"))
    assert_comments(invoke("recipe", lab.store, "labels/rules"), "labels/rules")


def test_who_made_it_is_not_carried_along(done: Lab, tmp_path: Path) -> None:
    labels = xr.open_zarr(done.store, group="labels/rules")
    assert store.MADE_BY in labels.attrs
    ef.write(labels, tmp_path / "other.zarr", "labels/rules")
    assert store.MADE_BY not in xr.open_zarr(tmp_path / "other.zarr", group="labels/rules").attrs
    assert store.MADE_BY not in ef.open(done.store)["labels/rules"].attrs


def test_a_group_that_is_not_there(done: Lab, tmp_path: Path) -> None:
    said = invoke("recipe", done.store, "labels/rule")
    assert said.exit_code == 1
    assert "labels/rules" in said.stderr
    assert invoke("recipe", tmp_path / "none.zarr").exit_code == 1


def test_a_file_that_is_there_is_not_replaced(done: Lab, tmp_path: Path) -> None:
    (tmp_path / "project.yaml").write_text("tracks: mine\n")
    assert invoke("recipe", done.store, "--out", tmp_path).exit_code == 1
    assert (tmp_path / "project.yaml").read_text() == "tracks: mine\n"


def test_a_store_that_lies_at_a_url_is_told_of_too() -> None:
    with dask.config.set(scheduler="sync"):
        ef.write(ef.simulate.still_then_running(), "memory://recipes/told.zarr", "tracks")
        said = invoke("recipe", "memory://recipes/told.zarr", "tracks")
    assert "tracks of told.zarr" in said.output
    assert "came about" in said.output
    assert not Path("memory:").exists()
