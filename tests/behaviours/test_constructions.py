"""Rules on animals placed by hand: who does it to whom, on which side, and what is not known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.simulate.body import Mouse, bodyparts, make_points

RAW = {"min_bout": 0, "max_gap": 0}
FPS = 25
N = 75
NOW = 40
"""A frame in the middle of the recording."""


def mouse(
    x: float | np.ndarray = 0.0, y: float | np.ndarray = 0.0, heading: float | np.ndarray = 0.0,
    **more: float | np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Eleven points of a mouse 80 mm long, dims (bodypart, space, time)."""
    poses = np.zeros((N, 6))
    poses[:, 0], poses[:, 1], poses[:, 2] = x, y, heading
    poses[:, 3] = more.get("bend", 0.0)
    poses[:, 4], poses[:, 5] = more.get("reach", 0.0), more.get("sway", 0.0)
    return make_points(poses, Mouse(40.0))


def recording(*animals: np.ndarray) -> xr.Dataset:
    return ef.from_arrays(np.stack(animals), fps=FPS, bodyparts=bodyparts(11), units="mm")


def at(rule: str, ds: xr.Dataset, frame: int = NOW, **parameters: object) -> np.ndarray:
    """What a rule says of every animal or pair at a frame."""
    return getattr(ef.behaviours, rule)(ds, **RAW, **parameters).values[..., frame]


def along(speed: float) -> np.ndarray:
    """Way along x at a steady speed, 0 at `NOW`."""
    return speed / FPS * (np.arange(N) - NOW)


def test_who_chases_whom() -> None:
    ds = recording(mouse(along(200)), mouse(along(200) + 105))
    found = at("chasing", ds)
    assert found[0, 1] == 1
    assert found[1, 0] == 0
    assert at("chasing", ds, min_speed="25 cm/s")[0, 1] == 0
    assert at("following", ds)[0, 1] == 1
    slow = recording(mouse(along(100)), mouse(along(100) + 105))
    assert at("chasing", slow)[0, 1] == 0


def test_who_approaches_and_who_leaves_whom() -> None:
    towards = recording(mouse(along(100)), mouse(200, heading=np.pi))
    assert at("approaching", towards)[[0, 1], [1, 0]].tolist() == [1, 0]
    assert at("leaving", towards)[[0, 1], [1, 0]].tolist() == [0, 0]
    away = recording(mouse(-along(100), heading=np.pi), mouse(130))
    assert at("leaving", away)[[0, 1], [1, 0]].tolist() == [1, 0]
    assert at("approaching", away)[[0, 1], [1, 0]].tolist() == [0, 0]
    # One that runs after another that is faster approaches it all the same, by its own way.
    after = recording(mouse(along(100)), mouse(along(300) + 200))
    assert at("approaching", after)[[0, 1], [1, 0]].tolist() == [1, 0]
    beside = recording(mouse(0, along(100), np.pi / 2), mouse(120))
    assert at("approaching", beside)[0, 1] == 0


def test_heads_the_same_way_or_opposite_ways() -> None:
    same, opposite = recording(mouse(), mouse(0, 30)), recording(mouse(), mouse(0, 30, np.pi))
    assert at("side_by_side", same)[0, 1] == 1
    assert at("side_by_reverse_side", same)[0, 1] == 0
    assert at("side_by_side", opposite)[0, 1] == 0
    assert at("side_by_reverse_side", opposite)[[0, 1], [1, 0]].tolist() == [1, 1]


def test_whose_nose_is_at_whose_body() -> None:
    ds = recording(mouse(0, -55, np.pi / 2), mouse())
    found = at("nose_to_body", ds)
    assert found[[0, 1], [1, 0]].tolist() == [1, 0]
    assert at("contact", ds)[[0, 1], [1, 0]].tolist() == [1, 1]
    ds.position.values[1, [3, 5, 6], :, NOW] = np.nan  # neck, lower back and left side of the other
    assert at("nose_to_body", ds)[0, 1] == 1
    ds.position.values[1, :, :, NOW] = np.nan
    assert np.isnan(at("nose_to_body", ds)[0, 1])


@pytest.mark.parametrize("wall", [47.0, 33.0])
def test_the_wall_is_sniffed_from_either_side(wall: float) -> None:
    ds = recording(mouse())
    arena = ef.polygon([(-300, -300), (wall, -300), (wall, 300), (-300, 300)])
    ds = ef.calibrate(
        ef.from_arrays(ds.position.values, fps=FPS, bodyparts=bodyparts(11)), arena, px_per_mm=1
    )
    assert at("sniffing_wall", ds).tolist() == [1]
    assert at("sniffing_wall", ds, max_distance="5 mm").tolist() == [0]


def test_an_object_is_sniffed_and_not_sat_upon() -> None:
    regions = {
        "at": ef.circle(65, 0, 10),
        "under": ef.circle(0, 0, 60),
        "far": ef.circle(0, 200, 9),
    }
    ds = ef.mark_regions(recording(mouse()), regions, units="mm")
    found = ef.behaviours.sniffing_region(ds, **RAW)
    assert dict(zip(found.region.values, found[0, :, NOW].values, strict=True)) == {
        "at": 1, "under": 0, "far": 0,
    }  # fmt: skip


def test_short_and_straight_or_short_and_bent() -> None:
    usual = mouse()
    reared, rolled = usual.copy(), usual.copy()
    part = slice(30, 60)
    reared[:, 0, part] = -40 + (usual[:, 0, part] + 40) * 0.5
    rolled[0, :, part] = np.array([[-20], [30]])  # the nose beside the hips, the centre at 0
    ds = recording(reared, rolled)
    assert at("rearing", ds).tolist() == [1, 0]
    assert at("curled", ds).tolist() == [0, 1]
    assert at("rearing", ds, frame=10).tolist() == [0, 0]
    assert at("curled", ds, frame=10).tolist() == [0, 0]


def test_left_is_the_animals_own_left() -> None:
    turned = 2.0 / FPS * np.arange(N)  # in a video y points down: this is to the right
    right, left = mouse(heading=turned), mouse(heading=-turned)
    ds = recording(right, left)
    assert at("turning_right", ds).tolist() == [1, 0]
    assert at("turning_left", ds).tolist() == [0, 1]
    assert at("turning_left", ds, y_axis="up").tolist() == [1, 0]
    assert at("turning_left", ds, min_rate="150 deg/s").tolist() == [0, 0]
    with pytest.raises(ef.DataError, match="y_axis"):
        at("turning_left", ds, y_axis="sideways")


def test_what_moves_where_the_body_stays() -> None:
    nodding = mouse(reach=8 * np.sin(np.arange(N) * 0.5))
    ds = recording(nodding, mouse())
    for rule, expected in (
        ("stationary_active", [1, 0]), ("stationary_passive", [0, 1]), ("sniffing", [1, 0]),
        ("look_around", [1, 0]), ("freezing", [0, 1]),
    ):  # fmt: skip
        fast = int(np.argmax(np.abs(np.cos(np.arange(30, 45) * 0.5)))) + 30
        assert at(rule, ds, fast).tolist() == expected, rule
    # A nose that is seen to move decides, whatever the hips do unseen; a still one does not.
    ds.position.values[:, 8, :, 30:50] = np.nan
    assert at("stationary_active", ds, fast)[0] == 1
    assert np.isnan(at("stationary_active", ds, fast)[1])
    assert at("stationary_passive", ds, fast)[0] == 0
    assert np.isnan(at("stationary_passive", ds, fast)[1])


def test_half_of_the_points_make_an_animal_seen() -> None:
    ds = recording(mouse(), mouse(300))
    ds.position.values[0, :6, :, 20:30] = np.nan
    ds.position.values[1, :5, :, 20:30] = np.nan
    found = ef.behaviours.not_seen(ds)
    assert found[0, 19:31].values.tolist() == [0, *[1] * 10, 0]
    assert (found[1] == 0).all()
    assert not np.isnan(found).any()


def test_a_heap_and_one_that_keeps_away() -> None:
    ds = recording(mouse(), mouse(0, 40), mouse(400), mouse(400 + along(100), 300))
    assert at("huddling", ds).tolist() == [1, 1, 0, 0]
    assert at("isolated", ds).tolist() == [0, 0, 1, 1]
    # The second is not seen: the first may lie with it; the third may not be alone.
    ds.position.values[1, :, :, NOW - 2 : NOW + 3] = np.nan
    huddling, isolated = at("huddling", ds), at("isolated", ds)
    assert np.isnan(huddling[:2]).all()
    assert np.isnan(isolated[:3]).all()
    ds.position.values[1] = mouse(0, 40)
    ds.position.values[2, :, :, NOW - 2 : NOW + 3] = np.nan
    assert at("huddling", ds)[:2].tolist() == [1, 1]
    assert at("isolated", ds)[:2].tolist() == [0, 0]


@pytest.mark.parametrize("rule", ["huddling", "isolated", "contact", "approaching", "chasing"])
def test_one_animal_is_in_no_company(rule: str) -> None:
    alone = recording(mouse())
    assert np.isnan(getattr(ef.behaviours, rule)(alone)).all()
    with pytest.raises(ef.DataError, match=f"cannot apply {rule}, which needs two animals"):
        ef.annotate(alone, rule)


def test_all_rules_are_every_one_that_fits() -> None:
    ds = recording(mouse(), mouse(300))
    with pytest.warns(ef.labels.SkippedRule) as caught:
        labels = ef.annotate(ds, "all")
    skipped = " ".join(str(w.message) for w in caught)
    for name in ef.behaviours.available():
        assert name in labels or name in skipped or name.startswith("deepof_")
    assert not any(str(name).startswith("deepof_") for name in labels)
    assert "turning_left" not in ef.annotate(ds, ["moving"])


def test_an_empty_seat_does_nothing_and_is_not_unseen() -> None:
    """A recording with one animal in a cohort of pairs: nobody sits in the other seat."""
    pair = recording(mouse(), mouse(0, 200))
    cohort = xr.concat([pair, pair], "recording").assign_coords(
        recording=["pair", "alone"],
        animal=(("recording", "individual"), np.array([["a", "b"], ["c", ""]], object)),
    )
    cohort.position.values[1, 1] = np.nan
    alone = ef.annotate(cohort, ["not_seen", "huddling", "contact"]).sel(recording="alone")
    assert np.isnan(alone.not_seen[1]).all()
    assert (alone.not_seen[0] == 0).all()
    budget = ef.time_budget(ef.annotate(cohort, ["not_seen"]))
    nobody = budget[(budget.recording == "alone") & (budget.animal == "")]
    assert (nobody.observed == 0).all()
    assert nobody.share.isna().all()
