"""Names that are near, what is missing once for all, and names of recordings for people."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.errors import (
    DataError,
    Missing,
    UnknownName,
    WrongUse,
    near_file,
    nearest,
    no_such,
    tell_missing,
)  # fmt: skip
from ethoflow.room import check_room, memory, unseen
from ethoflow.short_names import short_names, shortener
from tests.strategies import make_poses

NAMES = st.lists(st.text("abcDLC_resnet.5", min_size=1, max_size=12), min_size=1, unique=True)


@given(names=NAMES, data=st.data())
def test_a_name_is_nearest_to_itself_whatever_its_case(names, data):
    name = data.draw(st.sampled_from(names))
    assert nearest(name, names)[0].casefold() == name.casefold()
    assert set(nearest(name.upper(), names)) <= set(names)


def test_errors_of_names_say_what_was_meant():
    assert no_such("rule", "mooving", ["moving", "climbing"]).startswith(
        "there is no rule 'mooving'. Did you mean 'moving'?"
    )
    assert "none at all" in no_such("rule", "x", [])
    error = UnknownName("there is none")
    assert str(error) == "there is none"  # KeyError alone would quote it
    assert isinstance(error, KeyError)
    assert isinstance(WrongUse("x"), TypeError)


def test_what_is_missing_survives_a_worker():
    lacks = Missing("climbing", "an arena", way="Give one.")
    again = pickle.loads(pickle.dumps(lacks))
    assert str(again) == "climbing needs an arena. Give one."
    assert tell_missing({"climbing": again}) == [
        "skipped climbing, which needs an arena. Give one."
    ]


def test_the_nearest_file(tmp_path: Path):
    for name in ("mouse_07.csv", "mouse_08.csv", "animals.xlsx"):
        (tmp_path / name).touch()
    assert near_file(tmp_path / "mouse_7.csv").count("mouse_07.csv") == 1
    assert "mouse_07.csv" in near_file(tmp_path / "mouse_07.h5")
    assert "animals.xlsx" in near_file(tmp_path / "animal.csv")
    assert near_file(tmp_path / "zzz.q") == ""
    lost = near_file(tmp_path.parent / (tmp_path.name + "x") / "deeper" / "a.csv")
    assert f"There is no folder {tmp_path}x" in lost
    assert f"Did you mean {str(tmp_path)!r}" in lost


@given(names=NAMES)
def test_short_names_tell_recordings_apart(names):
    short = short_names(names)
    assert list(short) == names
    assert len(set(short.values())) == len(names)
    assert all(short.values())


def test_short_names_are_shown_and_files_stay_whole():
    name = "m1DLC_resnet50_cageJan1shuffle1_5000_filtered"
    assert short_names([name, "m2DLC_resnet50_cageJan1shuffle1_5000_filtered"])[name] == "m1"
    assert short_names(["a.analysis", "b.analysis"]) == {"a.analysis": "a", "b.analysis": "b"}
    show = shortener([name])
    assert show(f"{name}: gone") == "m1: gone"
    for whole in (f"see {name}.h5", f"use .sel(recording='{name}')", f"/data/{name}", f"{name}2"):
        assert show(whole) == whole


def test_room_is_asked_for_before_it_is_taken():
    assert unseen((2, 1, 2, 5)).shape == (2, 1, 2, 5)
    with pytest.raises(DataError, match=r"1,000,000 animals.*would take 8,000.0 GB"):
        unseen((1_000_000, 10, 2, 100_000))
    check_room((memory() // 16,), "half of the half", "")


def test_a_million_animals_have_no_pairs_here():
    position = np.broadcast_to(np.float32(1), (1_000_000, 1, 2, 2))
    tracks = ef.from_arrays(position, fps=25, bodyparts=["nose"], units="mm")
    with pytest.raises(DataError, match=r"pairs of 1,000,000 animals .*GB of memory.*\.isel"):
        ef.behaviours.nose_to_nose(tracks)
    with pytest.raises(DataError, match="GB of memory"):
        ef.annotate(tracks)


def test_public_names_and_their_typos():
    names = dir(ef)
    assert {"read", "annotate", "Arena", "features"} <= set(names)
    assert not [n for n in names if n.startswith("_") and n != "__version__"]
    assert not {"annotations", "importlib", "TYPE_CHECKING"} & set(names)
    with pytest.raises(AttributeError, match="Did you mean 'annotate'"):
        ef.anotate  # noqa: B018
    with pytest.raises(AttributeError, match="Did you mean 'moving'"):
        ef.behaviours.mooving  # noqa: B018
    with pytest.raises(AttributeError, match="Did you mean 'segment_length'"):
        ef.features.segment_lenght  # noqa: B018


def test_an_arena_is_shown_in_a_line():
    assert repr(ef.circle(320, 240, 200, size="40 cm")) == (
        "<Arena: circle around (320, 240), radius 200 px, 1 px/mm>"
    )
    corners = [(0, 0), (100, 0), (120, 50), (100, 100), (0, 100)]
    assert len(repr(ef.polygon(corners))) < 100


def test_durations_are_held_against_the_recording():
    ds = make_poses(1, 60)
    for value in ("3 years", 1e9, 1e300):
        with pytest.raises(DataError, match=r"smooth\(window\).*the longest recording has 60"):
            ef.clean(ds, max_jump=None, max_gap=None, window=value)
        with pytest.raises(DataError, match=r"moving\(min_bout\).*Give a shorter time"):
            ef.behaviours.moving(ds, min_bout=value)
    ef.clean(ds, max_gap="30 s")  # more than the recording, and no mistake


def test_no_body_part_with_a_known_role():
    rng = np.random.default_rng(1)
    position = rng.uniform(0, 99, (2, 3, 2, 50)).astype(np.float32)
    tracks = ef.from_arrays(position, fps=25, bodyparts=["p", "q", "r"], units="mm")
    with pytest.raises(DataError, match=r"(?s)no rule applies.*has: p, q, r\.") as caught:
        ef.annotate(tracks)
    assert str(caught.value).count("p, q, r") == 1
    computed, skipped = ef.features.compute(tracks)
    assert "speed" in computed
    assert "segment_length" in skipped
    assert ef.features.segment_length(tracks).sizes["segment"] == 0
    with pytest.raises(DataError, match="segment_length, which needs body parts in known roles"):
        ef.features.compute(tracks, ["segment_length"])


@pytest.mark.parametrize(
    ("skeleton", "said"),
    [
        ({"nose": "Nos"}, r"names 'Nos' as nose; .* Did you mean 'Nose'"),
        ({"center": "Nose"}, "the role 'center' is called 'centre' here"),
        ({"nose": "Nose", "centre": "Nose"}, "two roles"),
    ],
)
def test_a_wrong_skeleton(skeleton, said):
    with pytest.raises(DataError, match=said):
        ef.assign_roles(make_poses(1, 9), skeleton)


def test_an_area_that_lacks_corners_says_where_they_are_listed():
    """Nose and tail base are there: to ask for them, as the message did, leads nowhere."""
    rng = np.random.default_rng(1)
    position = rng.uniform(0, 99, (1, 3, 2, 50)).astype(np.float32)
    tracks = ef.from_arrays(position, fps=25, bodyparts=["nose", "left_ear", "tail_base"])
    with pytest.raises(DataError, match=r"one area \(help\(ef\.features\.area\)") as caught:
        ef.features.compute(tracks, ["area"])
    assert "'nose'" not in str(caught.value)
