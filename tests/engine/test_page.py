"""The page on the engine: its examples are declared, hold, and are fitted."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ethoflow as ef
from tests.conftest import REPOSITORY
from tests.store.lab import invoke
from tests.strategies import make_poses


@pytest.fixture(scope="module")
def page(tmp_path_factory: Any) -> Path:
    text = (REPOSITORY / "docs" / "engine.md").read_text()
    blocks = re.findall(r"( *)```python\n(.*?)```", text, re.DOTALL)
    file = tmp_path_factory.mktemp("page") / "page.py"
    file.write_text("\n".join(textwrap.dedent(block) for _, block in blocks))
    return file


def test_the_examples_hold_and_are_fitted(page: Path) -> None:
    found = {item.name: item for item in ef.load_rules(page)}
    assert set(found) == {"speed_along_x", "distance_of_pair", "speed_scale", "scaled_speed"}
    ds = make_poses(1, 100)
    model = found["speed_scale"](ds)
    speed = ef.features.speed(ds).values
    assert model["mean"] == pytest.approx(np.nanmean(speed), rel=1e-5)
    assert model["spread"] == pytest.approx(np.nanstd(speed), rel=1e-4)
    scaled = found["scaled_speed"](ds, model=model)
    assert float(scaled.mean()) == pytest.approx(0, abs=1e-3)
    for name, given in (("speed_along_x", {}), ("distance_of_pair", {}), ("speed_scale", {}),
                        ("scaled_speed", {"model": model})):  # fmt: skip
        assert ef.check(found[name], **given) == []


def test_the_command_says_what_is_wrong_and_what_holds(tmp_path: Path) -> None:
    rules = tmp_path / "rules.py"
    rules.write_text(
        "import numpy as np\nimport ethoflow as ef\n\n\n"
        "@ef.behaviour(roles={'speed': ('centre',)}, min_bout=0, max_gap=0)\n"
        "def a_quick_centre(speed):\n    '''Quick.'''\n    return speed[0] > 0\n\n\n"
        "@ef.feature(dims=('bodypart', 'time'), units='position/s')\n"
        "def fastest_so_far(speed):\n    '''So far.'''\n"
        "    return np.fmax.accumulate(speed, axis=-1)\n"
    )
    said = invoke("check", rules)
    assert said.exit_code == 1
    assert "a_quick_centre: holds" in said.output
    assert "fastest_so_far:" in said.output
    assert "halo" in said.output
    rules.write_text(rules.read_text().split("@ef.feature")[0])
    said = invoke("check", rules)
    assert said.exit_code == 0
    assert "next: ethoflow annotate" in said.output


RULES = """
import ethoflow as ef


@ef.feature(dims=("time",), roles=("nose",), units="position", parameter_units={"above": "mm"})
def nose_over_line(position, *, above=0.0):
    '''How far the nose is over a line.'''
    return position[0, 1] - above


@ef.behaviour(min_bout=0, max_gap=0)
def over_the_line(nose_over_line):
    '''The nose is over the line.'''
    return nose_over_line > 0
"""


def test_a_project_sets_what_its_rules_rest_on(tmp_path: Path) -> None:
    ds = ef.simulate.still_then_running()
    (tmp_path / "rules.py").write_text(RULES)
    ef.export(ds, tmp_path / "mouse.csv", format="tidy CSV")
    project = tmp_path / "project.yaml"
    text = (
        "tracks: mouse.csv\nfps: 25\nrule_files: rules.py\nrules: over_the_line\n"
        "features: nose_over_line\nclean: {min_confidence: null, max_jump: null, max_gap: 0, "
        "window: 0}\npictures: {recordings: 0}\ncleaning: {pictures: 0}\n"
        "parameters:\n  nose_over_line: {above: ABOVE mm}\n"
    )
    for above in (-20, 20):
        project.write_text(text.replace("ABOVE", str(above)))
        said = invoke("run", project)
        assert said.exit_code == 0, said.output
        tree = ef.open(tmp_path / "results" / "cohort.zarr")
        nose = ds.position.sel(bodypart="Nose", space="y").values
        np.testing.assert_allclose(
            tree["features"].nose_over_line.values[0], nose - above, atol=1e-3
        )
        np.testing.assert_array_equal(
            tree["labels/rules"].over_the_line.values[0], nose - above > 0
        )
    project.write_text(text.replace("nose_over_line: {above", "nose_over_lime: {above"))
    said = invoke("run", project)
    assert said.exit_code != 0
    assert "nose_over_lime" in said.output
