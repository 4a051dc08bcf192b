"""Which body part plays which role."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert find_roles(["snout", "nose"]) == ["", "nose"]
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


MICE_FROM_ABOVE = [
    "nose", "left_ear", "right_ear", "left_ear_tip", "right_ear_tip", "left_eye", "right_eye",
    "neck", "mid_back", "mouse_center", "mid_backend", "mid_backend2", "mid_backend3",
    "tail_base", "tail1", "tail2", "tail3", "tail4", "tail5", "left_shoulder", "left_midside",
    "left_hip", "right_shoulder", "right_midside", "right_hip", "tail_end", "head_midpoint",
]  # fmt: skip
"""DeepLabCut's SuperAnimal of mice from above."""

FOUR_LEGS = [
    "nose", "upper_jaw", "lower_jaw", "right_earbase", "right_earend", "left_earbase",
    "left_earend", "neck_base", "neck_end", "throat_base", "back_base", "back_end", "back_middle",
    "tail_base", "tail_end", "front_left_paw", "body_middle_right", "body_middle_left",
]  # fmt: skip
"""Some of DeepLabCut's SuperAnimal of quadrupeds."""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (MICE_FROM_ABOVE, {
            "nose": "nose", "left_ear": "left_ear", "right_ear": "right_ear", "neck": "neck",
            "mouse_center": "centre", "tail_base": "tail_base", "left_midside": "left_side",
            "left_hip": "left_hip", "right_midside": "right_side", "right_hip": "right_hip",
            "tail_end": "tail_tip", "head_midpoint": "head",
        }),
        (FOUR_LEGS, {
            "nose": "nose", "right_earbase": "right_ear", "left_earbase": "left_ear",
            "neck_base": "neck", "back_middle": "centre", "tail_base": "tail_base",
            "tail_end": "tail_tip", "body_middle_right": "right_side",
            "body_middle_left": "left_side",
        }),
        (["Nose", "Ear_R", "Ear_L", "TTI", "TailTip", "Trunk", "Tail_0", "Tail_2", "Haunch_left",
          "Haunch_right"],
         {"Nose": "nose", "Ear_R": "right_ear", "Ear_L": "left_ear", "TTI": "tail_base",
          "TailTip": "tail_tip", "Trunk": "centre", "Haunch_left": "left_hip",
          "Haunch_right": "right_hip"}),
        (["nose", "l_ear", "r_ear", "l_hip", "r_hip", "neck", "tail"],
         {"nose": "nose", "l_ear": "left_ear", "r_ear": "right_ear", "l_hip": "left_hip",
          "r_hip": "right_hip", "neck": "neck", "tail": "tail_base"}),
        (["NOSE", "BASE_NECK", "CENTER_SPINE", "BASE_TAIL", "MID_TAIL", "TIP_TAIL"],
         {"NOSE": "nose", "BASE_NECK": "neck", "CENTER_SPINE": "centre", "BASE_TAIL": "tail_base",
          "MID_TAIL": "tail_mid", "TIP_TAIL": "tail_tip"}),
        (["EarL", "SpineF", "SpineM", "spineMid2"], {"EarL": "left_ear", "SpineM": "centre"}),
        (["spineMid", "bodycentre"], {"bodycentre": "centre"}),
        (["spineMid"], {"spineMid": "centre"}),
        (["head", "tail"], {"head": "head"}),
        (["head", "body", "tail"], {"head": "head", "body": "centre"}),
        (["nose", "tail", "tail_tip"], {"nose": "nose", "tail_tip": "tail_tip"}),
        (["Nose", "Tailbase", "Tail"], {"Nose": "nose", "Tailbase": "tail_base"}),
        (["top", "front", "rear"], {}),
        (["lear", "rear"], {"lear": "left_ear", "rear": "right_ear"}),
        (["snout", "spine1", "spine2", "spine3", "spine4"], {"snout": "nose"}),
    ],
)  # fmt: skip
def test_names_of_trackers_have_the_roles_they_mean(
    parts: list[str], expected: dict[str, str]
) -> None:
    found = dict(zip(parts, find_roles(parts), strict=True))
    assert {part: role for part, role in found.items() if role} == expected


@given(st.permutations(MICE_FROM_ABOVE))
def test_the_order_of_names_does_not_matter(parts: list[str]) -> None:
    expected = dict(zip(MICE_FROM_ABOVE, find_roles(MICE_FROM_ABOVE), strict=True))
    assert dict(zip(parts, find_roles(parts), strict=True)) == expected
