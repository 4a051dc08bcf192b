"""Rules against the script of simulated mice, at the noise of a usual tracker."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef

SCRIPTED = (
    "moving", "immobile", "climbing", "nose_to_nose", "nose_to_tail", "side_by_side", "following",
)  # fmt: skip
TOUCHING = ("nose_to_nose", "nose_to_tail", "side_by_side")


@pytest.fixture(scope="module", params=[25, 50])
def shown(request: pytest.FixtureRequest) -> tuple[xr.Dataset, xr.Dataset]:
    """Labels and truth."""
    simulation = ef.simulate.simulate_cohort(2, duration="150 s", seed=7, fps=request.param)
    floor = simulation.arena
    arena = ef.circle(floor.x, floor.y, floor.radius, size=floor.size)
    poses = ef.clean(ef.calibrate(simulation.tracks, arena))
    labels = ef.annotate(poses, [*SCRIPTED, "freezing", "contact"])
    truth = simulation.truth.assign(freezing=simulation.truth.immobile)
    sides = [
        turned
        for name in TOUCHING
        for turned in (
            simulation.truth[name].values,
            simulation.truth[name].values.swapaxes(1, 2),
        )
    ]
    any_of = np.fmax.reduce(sides)
    unknown = np.any([np.isnan(side) for side in sides], axis=0) & (any_of != 1)
    truth["contact"] = (truth.following.dims, np.where(unknown, np.nan, any_of))
    return labels, truth


@pytest.mark.parametrize("name", [*SCRIPTED, "freezing", "contact"])
def test_what_is_scripted_is_found(shown: tuple[xr.Dataset, xr.Dataset], name: str) -> None:
    labels, truth = shown
    found = labels[name].values
    told = truth[name].transpose(*labels[name].dims).values
    known = ~np.isnan(found) & ~np.isnan(told)
    yes, true = found[known] == 1, told[known] == 1
    assert 2 * (yes & true).sum() / (yes.sum() + true.sum()) >= 0.95
