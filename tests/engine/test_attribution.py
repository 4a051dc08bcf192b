"""Who made what of a group: as a table of variables and recordings would have it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow import simulate, store
from ethoflow.engine.attribution import read_makings
from ethoflow.engine.materialise import write

VARIABLES, RECORDINGS = ("a", "b"), ("one", "two", "three")

some = st.tuples(
    st.lists(st.sampled_from(VARIABLES), min_size=1, unique=True),
    st.lists(st.sampled_from(RECORDINGS), min_size=1, unique=True),
    st.sampled_from([None, {"stage": "x"}, {"stage": "y"}]),
    st.booleans(),
)


def dataset(names: list[str], recordings: list[str]) -> xr.Dataset:
    speed = ef.features.speed(simulate.still_then_running()).isel(bodypart=0, drop=True)
    one = speed.drop_vars("recording", errors="ignore").compute()
    stacked = xr.concat([one] * len(recordings), dim="recording")
    ds = xr.Dataset(dict.fromkeys(names, stacked))
    return ds.assign_coords(recording=list(recordings))


@settings(max_examples=20, deadline=None)
@example(
    writes=[
        (["a", "b"], ["one", "two"], {"stage": "x"}, True),
        (["a"], ["one"], None, True),
        (["a", "b"], ["three"], {"stage": "x"}, True),
    ]
)
@given(writes=st.lists(some, min_size=1, max_size=4))
def test_every_write_is_on_record_where_it_was_not_replaced(
    writes: list[tuple[list[str], list[str], dict[str, str] | None, bool]],
) -> None:
    expected: dict[tuple[str, str], dict[str, str] | None] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cohort.zarr"
        for names, recordings, by, keep in writes:
            write(dataset(names, recordings), path, "mine", keep=keep, made_by=by)
            expected = expected if keep else {}
            expected |= {(name, one): by for name in names for one in recordings}
        state = store.read_state(path)
        assert state is not None
        text = state.group_attributes("mine").get(store.MADE_BY, "")
        there = state.record("mine")
        found: dict[tuple[str, str], object] = {}
        for item in read_makings(text, there.variables, there.recordings):
            found |= {(name, one): item.by for name in item.variables for one in item.recordings}
        assert {place: found.get(place) for place in expected} == expected


def test_what_is_no_record_says_nothing() -> None:
    for text in ("", "{", "[1]", "3", '[{"by": 1, "variables": []}]', '[{"variables": ["a"]}]'):
        assert read_makings(text, VARIABLES, RECORDINGS) == ()
