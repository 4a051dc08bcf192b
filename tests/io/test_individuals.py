"""Choosing animals by name or by prefix."""

from __future__ import annotations

import numpy as np
import pytest

from ethoflow.io.individuals import choose_individuals
from ethoflow.io.stack import Tracks
from ethoflow.schema import DataError


def tracks(bodyparts, animals=None, n_individuals=1):
    shape = (n_individuals, len(bodyparts), 2, 3)
    position = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return Tracks("r", position, position[:, :, 0] / 100, tuple(bodyparts), animals)


def test_numbered_animals_do_not_collide():
    both = tracks(["1_nose", "10_nose", "1_tail", "10_tail"])
    chosen = choose_individuals(both, ["10", "1"])
    assert chosen.bodyparts == ("nose", "tail")
    np.testing.assert_array_equal(chosen.position, both.position[0][[[1, 3], [0, 2]]])
    np.testing.assert_array_equal(chosen.confidence, both.confidence[0][[[1, 3], [0, 2]]])


def test_the_longest_prefix_wins():
    both = tracks(["m_nose", "m_1_nose"])
    chosen = choose_individuals(both, ["m", "m_1"])
    assert chosen.bodyparts == ("nose",)
    np.testing.assert_array_equal(chosen.position[:, 0], both.position[0])


def test_points_of_nobody_and_points_one_animal_lacks():
    both = tracks(["B_nose", "W_nose", "B_tail", "corner", "tl_corner"])
    chosen = choose_individuals(both, ["B", "W"])
    assert chosen.bodyparts == ("nose", "tail")
    assert np.isnan(chosen.position[1, 1]).all()
    assert np.isnan(chosen.confidence[1, 1]).all()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["B", "X"], "no individual 'X'; prefixes of body parts found: B, W"),
        (["b"], "Upper and lower case differ: write \\['B'\\]"),
        (["B", "B"], "must be different"),
        ([""], "non-empty"),
        ([], "non-empty"),
    ],
)
def test_wrong_prefixes(wanted, message):
    with pytest.raises(DataError, match=message):
        choose_individuals(tracks(["B_nose", "W_nose"]), wanted)


def test_animals_with_names():
    named = tracks(["nose"], ("Red", "White"), 2)
    np.testing.assert_array_equal(
        choose_individuals(named, ["White"]).position, named.position[[1]]
    )
    with pytest.raises(DataError, match="animals found: Red, White.*write \\['Red'\\]"):
        choose_individuals(named, ["red"])
    with pytest.raises(DataError, match="several animals of the file are called a"):
        choose_individuals(tracks(["nose"], ("a", "a"), 2), ["a"])


def test_one_named_track_may_be_split_by_prefix():
    both = tracks(["B_nose", "W_nose"], ("track_0",))
    assert choose_individuals(both, ["B", "W"]).animals == ("B", "W")
    assert choose_individuals(both, ["track_0"]).bodyparts == both.bodyparts


def test_animals_without_names():
    with pytest.raises(DataError, match="its 2 animals have no names"):
        choose_individuals(tracks(["nose"], None, 2), ["a"])
