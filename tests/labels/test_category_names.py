"""What categories are called in pictures and tables: short, and never two alike."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.labels.categories import short_categories
from ethoflow.labels.runs import follow_tracks
from ethoflow.names import in_order
from ethoflow.plot import cohort_ethogram, confusion

WORDS = st.lists(st.sampled_from(["cluster", "_", "0", "1", "10", "+", "rest"]), max_size=6)


def clustered(names: str, recording: str = "m1") -> xr.Dataset:
    """Each category for a second, one after the other."""
    codes = list(range(len(names.split())))
    values = np.repeat(np.array(codes, np.float32), 10)[None]
    ds = xr.Dataset(
        {"cluster": (("individual", "time"), values, {
            "kind": "category", "flag_values": codes, "flag_meanings": names})},
        coords={"individual": ["individual_0"], "time": np.arange(values.size) / 10.0, "fps": 10.0},
    )  # fmt: skip
    return ds.expand_dims(recording=[recording])


@given(st.lists(WORDS.map("".join), unique=True, max_size=8))
def test_no_two_categories_are_called_alike(categories: list[str]) -> None:
    short = short_categories("cluster", categories)
    assert list(short) == categories
    assert len(set(short.values())) == len(categories)
    assert all(name.endswith(cut) or "+" in name for name, cut in short.items())


@given(st.lists(st.text(max_size=4), max_size=6))
def test_names_of_any_letters_have_an_order(names: list[str]) -> None:
    ordered = sorted(names, key=in_order)
    assert sorted(ordered) == sorted(names)
    assert all(in_order(a) <= in_order(b) for a, b in itertools.pairwise(ordered))


def test_a_variable_is_not_said_twice() -> None:
    labels = clustered("cluster_0 rest cluster_2")
    called = ["cluster 0", "cluster rest", "cluster 2"]
    assert [track.name for track in follow_tracks(labels)] == called
    assert list(dict.fromkeys(confusion(labels, labels).data["a"])) == called
    assert set(cohort_ethogram(labels).data["behaviour"]) == set(called)
    assert set(ef.time_budget(labels)["category"]) == {"cluster_0", "rest", "cluster_2"}


def test_a_cluster_that_is_called_like_the_number_of_another() -> None:
    called = {track.name for track in follow_tracks(clustered("cluster_0 0"))}
    assert called == {"cluster cluster_0", "cluster 0"}


def test_transitions_stand_two_before_ten() -> None:
    names = ["cluster_10", "cluster_2", "rest"]
    bouts = pd.DataFrame({"animal": "m1", "behaviour": "cluster", "category": names * 2,
                          "start": range(6), "stop": range(1, 7)})  # fmt: skip
    found = ef.stats.transitions(bouts)
    assert list(dict.fromkeys(found["origin"])) == ["cluster 2", "cluster 10", "cluster rest"]
    alike = bouts.set_index(pd.Index([0] * 6))  # rows of several tables share their index
    assert ef.stats.transitions(alike)["count"].tolist() == found["count"].tolist()


def test_the_only_animal_is_called_as_briefly_as_its_recording() -> None:
    tracker = "DLC_resnet50_xJan1shuffle1_5"
    parts = [clustered("cluster_0 cluster_1", f"m{k}{tracker}") for k in (1, 2)]
    labels = xr.concat(parts, "recording").assign_coords(
        animal=(("recording", "individual"), [[f"m{k}{tracker}"] for k in (1, 2)])
    )
    assert list(dict.fromkeys(cohort_ethogram(labels).data["animal"])) == ["m1", "m2"]
