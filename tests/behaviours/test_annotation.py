"""Many rules together: the same labels as one by one; what is skipped is said."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.behaviours import SkippedRule
from tests.conftest import no_compute
from tests.strategies import make_pixels, make_poses, make_tracks, stack


@pytest.mark.parametrize("chunk", [None, 13])
def test_together_is_one_by_one(chunk: int | None) -> None:
    ds = stack([make_poses(1, 90, name="a"), make_poses(2, 60, name="b")])
    with no_compute():
        labels = ef.annotate(ds.chunk(recording=1, time=chunk) if chunk else ds) if chunk else None
    labels = ef.annotate(ds) if labels is None else labels
    assert set(labels.data_vars) == set(ef.behaviours.available())
    for name, array in labels.compute().data_vars.items():
        xr.testing.assert_identical(array, getattr(ef.behaviours, name)(ds))
    assert labels.attrs["label_source"] == "rules"
    assert labels.attrs["skipped"] == []


def test_parameters_reach_their_rule_alone() -> None:
    ds = make_poses(1, 90)
    labels = ef.annotate(
        ds, ["moving", "following"], parameters={"following": {"min_speed": "1 cm/s"}}
    )
    xr.testing.assert_identical(labels.moving, ef.behaviours.moving(ds))
    xr.testing.assert_identical(labels.following, ef.behaviours.following(ds, min_speed="1 cm/s"))


def test_what_the_data_cannot_answer_is_skipped_with_the_reason() -> None:
    ds = make_poses(1, 60).drop_vars(["arena", "arena_centre", "arena_radius"])
    ds = ds.sel(bodypart=["Nose", "Center"])
    with pytest.warns(SkippedRule) as caught:
        labels = ef.annotate(ds)
    assert set(labels.data_vars) == {"moving", "nose_to_nose"}
    reasons = {str(w.message).split()[0].strip(":"): str(w.message) for w in caught}
    assert set(reasons) == {"climbing", "immobile", "nose_to_tail", "side_by_side", "following"}
    assert "tail_base" in reasons["immobile"]
    assert "arena" in reasons["climbing"]
    assert labels.attrs["skipped"] == [str(w.message) for w in caught]


def test_one_animal_has_no_pairs() -> None:
    with pytest.warns(SkippedRule, match="two animals"):
        labels = ef.annotate(make_poses(1, 60, n_individuals=1), ["moving", "nose_to_nose"])
    assert set(labels.data_vars) == {"moving"}


def test_pixels_skip_what_is_in_mm() -> None:
    ds = make_pixels(1, 60)
    with pytest.warns(SkippedRule, match="px"):
        labels = ef.annotate(ds)
    assert set(labels.data_vars) == {"climbing"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = ef.annotate(ds, ["moving"], parameters={"moving": {"min_speed": "80 px/s"}})
    np.testing.assert_array_equal(labels.moving, ef.behaviours.moving(make_poses(1, 60)))


def test_nothing_that_applies_is_an_error() -> None:
    with pytest.raises(ef.DataError, match=r"(?s)no rule applies.*moving"):
        ef.annotate(make_tracks(1, 40), ["moving", "immobile"])


def test_wrong_requests() -> None:
    ds = make_poses(1, 40)
    with pytest.raises(KeyError, match="nonsense"):
        ef.annotate(ds, ["nonsense"])
    with pytest.raises(KeyError, match="not among the rules"):
        ef.annotate(ds, ["moving"], parameters={"immobile": {"max_speed": 5}})
    with pytest.raises(TypeError, match="no parameter"):
        ef.annotate(ds, ["moving"], parameters={"moving": {"nonsense": 5}})
    with pytest.raises(TypeError, match="not a behaviour"):
        ef.annotate(ds, [ef.features.speed])
    with pytest.raises(TypeError, match="Dataset"):
        ef.annotate(ds.position)
    with pytest.raises(ef.DataError, match="position"):
        ef.annotate(ds.drop_vars("position"))
