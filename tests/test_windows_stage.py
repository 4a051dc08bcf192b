"""The key `windows` of a project file: a matrix of features in the store."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow import project
from ethoflow.cli import app

RUN = """\
tracks: tracks/*.csv
fps: 25
px_per_mm: 2
clean: {max_jump: 30 mm}
rules: [moving]
features: [body_length]
pictures: {recordings: 0}
cleaning: {pictures: 0}
"""


def make_project(folder: Path, windows: str) -> Path:
    simulation = ef.simulate.simulate_cohort(2, duration="4 s", seed=5)
    ef.simulate.write_dlc(simulation.tracks, folder / "tracks")
    file = folder / "project.yaml"
    file.write_text(RUN + windows)
    return file


def invoke(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return re.sub(r"[ \n]+", " ", done.output)


def test_a_run_makes_the_matrix_and_makes_it_once(tmp_path: Path) -> None:
    asked = "windows: {features: [smoothed_speed, heading], window: [0.2 s, 1 s]}\n"
    parameters = {"smoothed_speed": {"window": "0.2 s"}}
    file = make_project(tmp_path, asked + f"parameters: {parameters}\n")
    assert "windows: a matrix of" in invoke("run", file)
    store = tmp_path / "results" / "cohort.zarr"
    found = ef.open(store, "windows").feature_matrix
    assert found.dtype == np.float32
    expected = ef.feature_matrix(
        ef.open(store, "poses"),
        ["smoothed_speed", "heading"],
        window=["0.2 s", "1 s"],
        parameters=parameters,
    )
    np.testing.assert_array_equal(found, expected)
    assert found.unit.values.tolist() == expected.unit.values.tolist()
    assert "nothing to do" in invoke("run", file)
    file.write_text(RUN)
    invoke("run", file)
    assert "windows" not in ef.open(store)


def test_the_command_line_makes_it(tmp_path: Path) -> None:
    simulation = ef.simulate.simulate_cohort(1, duration="4 s", seed=5)
    path = tmp_path / "c.zarr"
    ef.write(ef.clean(simulation.tracks), path, group="poses")
    shown = invoke("windows", path, "--features", "speed", "--window", "1 s", "--statistic", "max")
    assert "windows: a matrix of" in shown
    assert ef.open(path, "windows").feature.values[1].startswith("speed")
    assert "--features speed,heading" in invoke("windows", path)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{features: [sped]}", r"line 9: there is no feature 'sped'. Did you mean 'speed'"),
        ("{features: [smooth]}", r"line 9: 'smooth' is a step, not a feature"),
        ("{features: [body_length]}", r"line 9: 'body_length' is a number of a whole recording"),
        ("{features: speed, window: 3 mm}", r"line 9: windows\.window.*3 mm"),
        ("{features: speed, statistic: [mid]}", r"line 9: windows\.statistic: .*'mid'"),
        ("{features: speed, windw: 1 s}", r"line 9: unknown key 'windows\.windw'.*'window'"),
    ],
)
def test_faults_are_told_with_their_lines(tmp_path: Path, line: str, expected: str) -> None:
    file = tmp_path / "project.yaml"
    file.write_text(RUN + f"windows: {line}\n")
    with pytest.raises(project.ProjectError, match=expected):
        project.load_project(file)
