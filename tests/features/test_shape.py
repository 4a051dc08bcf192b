"""Shapes of known elongation, curvature and symmetry, wherever they lie and however they turn."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef

PARTS = ["tail_base", "centre", "nose", "left_side", "right_side"]


def made(points: list[tuple[float, float]], turn: float = 0.0, shift: float = 0.0) -> xr.Dataset:
    body = np.array(points, float) @ np.array([[1, 1j]]).T * np.exp(1j * turn) + shift * (1 + 2j)
    position = np.concatenate([body.real, body.imag], axis=1)[np.newaxis, ..., np.newaxis]
    names = PARTS[: len(points)]
    return ef.from_arrays(
        position, fps=25, bodyparts=names, units="mm", skeleton={n: n for n in names}
    )


@pytest.mark.parametrize(("turn", "shift"), [(0, 0), (1, 50), (3, -200), (-2, 7)])
def test_shapes(turn: float, shift: float) -> None:
    radius = 40.0
    arc = [(radius * np.sin(a), radius * (1 - np.cos(a))) for a in (0, 0.4, 0.8)]
    ds = made([*arc, (0, 0), (1, 1)], turn, shift)
    assert float(ef.features.body_curvature(ds)[0, 0]) == pytest.approx(1 / radius, rel=1e-4)
    assert ef.features.body_curvature(ds).attrs["units"] == "mm-1"
    body = made([(0, 0), (5, 0), (10, 0), (4, -3), (6, 1.5)], turn, shift)
    assert float(ef.features.posture_symmetry(body)[0, 0]) == pytest.approx(0.5, rel=1e-4)
    assert float(ef.features.body_curvature(body)[0, 0]) == pytest.approx(0, abs=1e-5)
    cross = made([(-6, 0), (6, 0), (0, 2), (0, -2)], turn, shift)
    assert float(ef.features.elongation(cross)[0, 0]) == pytest.approx(1 - 1 / 3, rel=1e-4)
    line = made([(-6, 0), (0, 0), (9, 0)], turn, shift)
    assert float(ef.features.elongation(line)[0, 0]) == pytest.approx(1, abs=1e-3)


def test_a_mirror_bends_the_other_way() -> None:
    one = [(0, 0), (5, 1), (9, 4), (3, -2), (4, 3)]
    here, there = made(one), made([(x, -y) for x, y in one])
    assert ef.features.body_curvature(here).item() == -ef.features.body_curvature(there).item()
    for name in ("elongation", "posture_symmetry"):
        feature = getattr(ef.features, name)
        assert feature(here).item() == pytest.approx(feature(there).item(), rel=1e-6)


def test_both_flanks_on_one_side() -> None:
    ds = made([(0, 0), (5, 0), (10, 0), (4, 2), (5, 4)])
    assert ef.features.posture_symmetry(ds).item() == pytest.approx(-0.5)
