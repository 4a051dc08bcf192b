"""Joint angles and velocities against the tables of another program, of mice that cross a beam."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef

FOLDER = "gait-beamwalk-autogaita/25mm/Results"
LEG = ["Hind paw tao", "Ankle", "Knee", "Hip", "Iliac Crest"]
JOINTS = {name: (LEG[i - 1], name, LEG[i + 1]) for i, name in enumerate(LEG[1:-1], 1)}


def steps(path):
    """The step cycles of a sheet, which have an empty row between them."""
    table = pd.read_excel(path)
    table.columns = [str(name).strip() for name in table.columns]
    seen = pd.to_numeric(table["Time"], errors="coerce").notna()
    for _, step in table[seen].groupby((~seen).cumsum()[seen]):
        yield step.astype(float)


def test_angles_and_velocities_are_those_of_the_table(real_data):
    pytest.importorskip("openpyxl")
    paths = sorted((real_data / FOLDER).glob("*/* - Original Stepcycles.xlsx"))
    if not paths:
        pytest.skip(f"no {FOLDER} in {real_data}")
    compared = 0
    for step in steps(paths[0]):
        places = np.array([[step[f"{part} {axis}"] for axis in "xy"] for part in LEG])
        tracks = ef.from_arrays(places[None], fps=100, bodyparts=LEG, units="mm")
        angles = np.degrees(ef.features.joint_angle(tracks, joints=list(JOINTS.values()))[0])
        for row, name in enumerate(JOINTS):
            np.testing.assert_allclose(angles[row], step[f"{name} Angle"], atol=1e-3)
        # mm in a frame there, and other edges
        along = ef.features.velocity(tracks).sel(space="x")[0] / 100
        for row, part in enumerate(LEG):
            expected = step[f"{part} Velocity"].to_numpy()[1:-1]
            np.testing.assert_allclose(along[row, 1:-1], expected, atol=1e-3)
        compared += len(step)
    assert compared > 50
