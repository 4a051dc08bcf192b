"""Which body part plays which role."""

from __future__ import annotations

import pytest

from ethoflow.skeleton import ALIASES, SEGMENTS, find_roles, place_roles
from tests.strategies import BODY


def test_the_table_is_unambiguous() -> None:
    spellings = [alias for aliases in ALIASES.values() for alias in aliases]
    assert len(spellings) == len(set(spellings))
    assert all(alias == alias.lower() and alias.isalnum() for alias in spellings)
    assert {role for pair in SEGMENTS for role in pair} <= set(ALIASES)


def test_the_deepof_skeleton_is_known() -> None:
    roles = dict(zip(BODY, find_roles(list(BODY)), strict=True))
    assert roles["Nose"] == "nose"
    assert roles["Center"] == "centre"
    assert roles["Tail_base"] == "tail_base"
    assert all(roles.values())
    assert len(set(roles.values())) == len(BODY)


@pytest.mark.parametrize(
    "name", ["Tail_base", "tailBase", "TAILBASE", "tail base", "tail-base", "base_of_tail"]
)
def test_spelling_does_not_matter(name: str) -> None:
    assert find_roles([name]) == ["tail_base"]


def test_a_role_is_given_once() -> None:
    assert find_roles(["snout", "nose"]) == ["nose", ""]
    assert find_roles(["nose", "spot"], {"nose": "spot"}) == ["", "nose"]
    assert find_roles(["nose", "spot"], {"centre": "spot"}) == ["nose", "centre"]


def test_a_part_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"'Spot'.*nose, tail"):
        find_roles(["nose", "tail"], {"centre": "Spot"})


def test_a_part_in_two_roles_is_an_error() -> None:
    with pytest.raises(ValueError, match="two roles"):
        find_roles(["nose", "spot"], {"centre": "spot", "neck": "spot"})


def test_places() -> None:
    assert place_roles(["nose", "", "tail_base"], ["tail_base", "nose", "centre"]) == [2, 0, None]
