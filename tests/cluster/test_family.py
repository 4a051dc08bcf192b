"""What families are given, and how they are found."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ethoflow.cluster.family import Pieces, family_names, find_family
from ethoflow.errors import DataError, UnknownName


def make(**more: object) -> Pieces:
    signal = np.arange(2 * 3 * 10, dtype=np.float32).reshape(2, 3, 10)
    given = {"signal": signal, "seen": np.ones((2, 10), bool), "recording": np.arange(2), **more}
    return Pieces(**given)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seen": np.ones((2, 9), bool)},
        {"recording": np.arange(3)},
        {"pose": np.ones((2, 4, 2, 9), np.float32)},
    ],
)
def test_shapes_go_together(wrong: dict[str, np.ndarray]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        make(**wrong)


def test_what_was_not_seen_is_not_read() -> None:
    seen = np.ones((2, 10), bool)
    seen[0, 3:5] = False
    read = make(seen=seen).read("signal")
    assert np.isnan(read[0, :, 3:5]).all()
    assert np.isfinite(read).sum() == 60 - 6


def test_a_pose_keeps_its_axes() -> None:
    part, space, frame = np.meshgrid(range(4), range(2), range(10), indexing="ij")
    pose = np.float32(100 * part + 10 * space)[None].repeat(2, 0) + np.float32(frame) / 100
    read = make(pose=pose).read("pose")
    for i in range(4):
        for j in range(2):
            np.testing.assert_array_equal(read[1, 2 * i + j], pose[1, i, j])
    with pytest.raises(DataError, match="skeleton"):
        make().read("pose")


def test_names_need_no_torch() -> None:
    code = (
        "import sys; from ethoflow.cluster.family import family_names; family_names();"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", family_names())
def test_every_family_is_found(name: str) -> None:
    found = find_family(name)
    assert found.name == name
    assert found.reference
    config = found.configure({})
    assert hash(config) == hash(found.configure({}))
    with pytest.raises(UnknownName, match="no setting 'n_cluster'"):
        found.configure({"n_cluster": 3})


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(UnknownName, match="there is no family of clusterers 'nothing_of_that'"):
        find_family("nothing_of_that")
