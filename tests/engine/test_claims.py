"""Three values: what is known decides, unknown only in between."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.engine import negate
from ethoflow.engine.inputs import KernelFailed
from ethoflow.features.nearness import any_nearer
from tests.strategies import make_poses

RAW = {"min_bout": 0, "max_gap": 0}
VALUES = (1, 0, -1)


def possible(value: int) -> set[int]:
    """What an unknown value may turn out to be."""
    return {0, 1} if value == -1 else {value}


@pytest.mark.parametrize("claims", list(itertools.product(VALUES, repeat=3)))
def test_a_claim_is_unknown_only_where_it_could_be_either(claims: tuple[int, ...]) -> None:
    worlds = list(itertools.product(*map(possible, claims)))
    given_claims = [np.array([value], np.int8) for value in claims]
    for together, combine in ((any, ef.any_of), (all, ef.all_of)):
        outcomes = {int(together(world)) for world in worlds}
        expected = outcomes.pop() if len(outcomes) == 1 else -1
        assert combine(given_claims).tolist() == [expected]
        assert combine(np.stack(given_claims)).tolist() == [expected]


def test_claims_of_numbers_and_booleans() -> None:
    numbers = np.array([1.0, 5.0, np.nan])
    assert ef.claim(numbers < 3, numbers).tolist() == [1, 0, -1]
    assert ef.any_of([ef.claim(numbers < 3, numbers), np.array([False, True, True])]).tolist() == [
        1, 1, 1,
    ]  # fmt: skip
    assert negate(np.array([True, False])).tolist() == [0, 1]
    with pytest.raises(ValueError, match="one claim"):
        ef.any_of([])


def coordinates(n: int) -> st.SearchStrategy[Any]:
    point = st.one_of(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), st.just((np.nan, np.nan)))
    return st.lists(point, min_size=n, max_size=n)


@given(one=coordinates(3), other=coordinates(4), limit=st.sampled_from([1.5, 4.5, 9.5]))
def test_nearness_of_any_two_points_is_any_of_their_claims(
    one: Any, other: Any, limit: float
) -> None:
    mine = np.array(one, np.float32)[..., np.newaxis]
    theirs = np.array(other, np.float32)[..., np.newaxis]
    apart = [np.sqrt(np.square(a - b).sum(axis=0)) for a in mine for b in theirs]
    expected = ef.any_of([ef.claim(d < limit, d) for d in apart])
    assert any_nearer(mine, theirs, limit).tolist() == expected.tolist()
    assert any_nearer(theirs, mine, limit).tolist() == expected.tolist()


def two_mice(gap: float) -> xr.Dataset:
    """Nose to nose on a line, `gap` mm between the noses; body length 80 mm."""
    body = np.array([40.0, 0.0, -40.0])
    position = np.zeros((2, 3, 2, 10))
    position[0, :, 0] = body[:, np.newaxis]
    position[1, :, 0] = 80 + gap - body[:, np.newaxis]
    return ef.from_arrays(position, fps=25, bodyparts=["nose", "centre", "tailbase"], units="mm")


def hidden(ds: xr.Dataset, animal: int, part: int, frames: slice) -> xr.Dataset:
    ds = ds.copy(deep=True)
    ds.position.values[animal, part, :, frames] = np.nan
    return ds


@pytest.mark.parametrize("animal", [0, 1])
def test_two_points_that_are_seen_decide_on_a_contact(animal: int) -> None:
    near, far = two_mice(5), two_mice(60)
    tail_gone = ef.behaviours.contact(hidden(near, animal, 2, slice(3, 6)), **RAW)
    assert (tail_gone[0, 1] == 1).all()
    nose_gone = ef.behaviours.contact(hidden(near, animal, 0, slice(3, 6)), **RAW)[0, 1]
    assert np.isnan(nose_gone[3:6]).all()
    assert (nose_gone.drop_isel(time=[3, 4, 5]) == 1).all()
    assert (ef.behaviours.contact(far, **RAW)[0, 1] == 0).all()
    assert np.isnan(
        ef.behaviours.contact(hidden(far, animal, 0, slice(3, 6)), **RAW)[0, 1, 3:6]
    ).all()


@pytest.mark.parametrize("axis", [0, 1])
def test_a_point_with_half_of_its_place_is_not_seen(axis: int) -> None:
    far = two_mice(60)
    far.position.values[0, 0, axis, 3:6] = np.nan
    assert np.isnan(ef.behaviours.contact(far, **RAW)[0, 1, 3:6]).all()


def test_a_contact_lasts_until_they_are_apart() -> None:
    touched, beside, apart = two_mice(8), two_mice(20), two_mice(30)
    steps = [apart, touched, beside, apart, touched, apart, beside, apart]
    ds = xr.concat([one.isel(time=slice(10)) for one in steps], "time")
    ds = ef.from_arrays(
        ds.position.values, fps=25, bodyparts=["nose", "centre", "tailbase"], units="mm"
    )
    found = ef.behaviours.contact(ds, max_gap=0)[0, 1].values.reshape(-1, 10)[:, 5]
    assert found.tolist() == [0, 1, 1, 0, 1, 0, 0, 0]
    assert ef.behaviours.contact(ds)[0, 1, 35] == 1  # people do not score a gap of 0.4 s


def test_a_contact_is_the_same_seen_from_both() -> None:
    ds = make_poses(3, 300, n_individuals=3)
    found = ef.behaviours.contact(ds, **RAW)
    turned = ef.behaviours.contact(ds.isel(individual=[2, 1, 0]), **RAW)
    np.testing.assert_array_equal(found.values, turned.values[::-1, ::-1])
    assert {0, 1} <= set(np.unique(found))


def test_a_rule_without_optional_inputs_gives_booleans() -> None:
    @ef.behaviour(roles=("nose",))
    def claims_too_much(speed: Any) -> Any:
        """Claims where booleans are due."""
        return ef.claim(speed[0] > 1, speed[0])

    @ef.behaviour(roles=("nose",), optional=("speed",))
    def claims_five(speed: Any) -> Any:
        """No claim at all."""
        return np.full(speed.shape[-1], 5, np.int8)

    with pytest.raises(KernelFailed, match="must return booleans"):
        claims_too_much(make_poses(1, 20))
    with pytest.raises(KernelFailed, match="what claim, any_of and all_of give"):
        claims_five(make_poses(1, 20))


def test_some_of_the_roles_are_enough_and_none_is_not() -> None:
    @ef.behaviour(roles=ef.some_of("left_ear", "nose", "tail_tip"), on_request=True)
    def any_moves(speed: Any) -> Any:
        """One of them moves."""
        return (speed > 1).any(axis=0)

    ds = two_mice(5)
    assert any_moves(ds).dims == ("individual", "time")
    with pytest.raises(ef.DataError, match="one of the roles 'left_ear', 'nose' and 'tail_tip'"):
        any_moves(ds.sel(bodypart=["centre", "tailbase"]))
