"""Prefixes of body parts that are animals, and those that are sides of one."""

from __future__ import annotations

import pytest

from ethoflow.io.prefixes import find_prefixes, tell_prefixes

PARTS = ("Nose", "Left_ear", "Tail_base")


@pytest.mark.parametrize("animals", [("B", "W"), ("m1", "m2", "m3"), ("male", "female")])
def test_every_animal_has_the_same_parts(animals):
    parts = [f"{animal}_{part}" for animal in animals for part in PARTS]
    assert find_prefixes(parts) == animals
    assert f"--individuals {','.join(animals)}" in tell_prefixes(parts)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        ["nose"],
        PARTS,
        ["left_ear", "left_paw", "left_hip", "right_ear", "right_paw", "right_hip"],
        ["B_Nose", "B_Ear", "B_Tail", "W_Nose", "W_Ear", "W_Hip"],
        ["B_Nose", "B_Ear", "B_Tail", "W_Nose", "W_Ear", "W_Tail", "corner"],
        ["a_1", "a_2", "b_1", "b_2"],
    ],
)
def test_parts_of_one_animal_are_left_alone(parts):
    assert find_prefixes(parts) == ()
    assert tell_prefixes(parts) == ""
