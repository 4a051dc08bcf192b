"""Occupancy: every seen frame counts once, at its place; nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

import ethoflow as ef


def standing(*, fps: float = 10.0, unseen: int = 0):
    """An animal that stands at (30, 10) for two seconds, then at (10, 50) for one."""
    x = np.repeat([30.0, 10.0], [20, 10])
    y = np.repeat([10.0, 50.0], [20, 10])
    points = np.stack([x, y])[None, None]
    points[..., :unseen] = np.nan
    return ef.from_arrays(points, fps=fps, bodyparts=["centre"], units="mm")


def test_time_is_where_the_animal_was() -> None:
    found = ef.plot.occupancy(standing(), cell=10).data.occupancy
    assert float(found.sum()) == pytest.approx(3.0)
    assert float(found.sel(x=30, y=10, method="nearest")) == pytest.approx(2.0)
    assert float(found.sel(x=10, y=50, method="nearest")) == pytest.approx(1.0)


def test_the_picture_has_y_down_and_the_time_at_its_place() -> None:
    figure = ef.plot.occupancy(standing(), cell=10).figure
    (picture,) = (layer for layer in figure if type(layer).__name__ == "Image")
    assert float(picture[29.0, 11.0]) == pytest.approx(2.0)
    assert float(picture[11.0, 49.0]) == pytest.approx(1.0)
    from ethoflow.plot.save import still_of

    axis = still_of(figure).axes[0]
    assert axis.get_ylim()[0] > axis.get_ylim()[1]


def test_what_was_not_seen_counts_nowhere() -> None:
    picture = ef.plot.occupancy(standing(unseen=15), cell=10, value="frames")
    assert float(picture.data.occupancy.sum()) == 15
    none = ef.plot.occupancy(standing(unseen=30), cell=1)
    assert float(none.data.occupancy.sum()) == 0


def test_padding_and_empty_seats_count_nowhere() -> None:
    made = ef.simulate.simulate_cohort(2, n_individuals=1, duration=["8 s", "4 s"], seed=4)
    found = ef.plot.occupancy(made.tracks.sel(recording=made.tracks.recording[1]))
    seen = int(made.tracks.position[1, 0, 4, 0].notnull().sum())
    assert float(found.data.occupancy.sum()) <= 4.0
    assert seen > 0


def test_a_density_adds_up_and_follows_the_bandwidth() -> None:
    wide = ef.plot.occupancy(standing(), cell=2, value="density", bandwidth=4).data.occupancy
    narrow = ef.plot.occupancy(standing(), cell=2, value="density", bandwidth=2).data.occupancy
    assert float(narrow.max()) > float(wide.max())
    assert 0 < float(wide.sum() * 4) <= 100 + 1e-6


def test_cells_outside_the_arena_are_left_out_and_empty_ones_within_are_zero() -> None:
    made = ef.simulate.simulate_cohort(1, n_individuals=1, duration="4 s", seed=4)
    floor = made.arena
    poses = ef.calibrate(made.tracks, ef.circle(floor.x, floor.y, floor.radius, size=floor.size))
    found = ef.plot.occupancy(poses.isel(recording=0)).data.occupancy
    assert np.isnan(found.values[0, 0])
    assert float(found.sel(x=float(poses.arena_centre[0, 0]), y=float(poses.arena_centre[0, 1]),
                           method="nearest")) >= 0  # fmt: skip
    assert int((found == 0).sum()) > 100


def test_what_cannot_be_drawn_is_said() -> None:
    with pytest.raises(ef.DataError, match="cell is a length between"):
        ef.plot.occupancy(standing(), cell=0)
    with pytest.raises(ef.DataError, match="no value 'minutes'"):
        ef.plot.occupancy(standing(), value="minutes")
    with pytest.raises(ef.DataError, match="no animal 'm9'"):
        ef.plot.occupancy(standing(), individual="m9")
