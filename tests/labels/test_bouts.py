"""The table of bouts against a walk through every frame."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.labels.bouts import COLUMNS
from tests.strategies import chunkings, make_poses, stack, states

FPS = 25.0
MUTUAL = ("nose_to_nose", "side_by_side")
Row = tuple[str, str, str, str, int, int, bool]


@cache
def labels() -> xr.Dataset:
    recordings = [
        make_poses(11, 150, name="a", n_individuals=3),
        make_poses(12, 90, name="b", n_individuals=3),
        make_poses(13, 1, name="c", n_individuals=3),
    ]
    ds = stack(recordings).assign_coords(treatment=("recording", ["stress", "control", "stress"]))
    return ef.annotate(ds, parameters={"immobile": {"max_speed": 60, "min_bout": 0.1}})


def walk(ds: xr.Dataset) -> list[Row]:
    """Every bout, found frame by frame; of pairs that are the same either way round one."""
    rows: list[Row] = []
    first = round(float(ds.time[0]) * FPS)
    for recording in ds.recording.values:
        one = ds.sel(recording=recording)
        stop = int(min(one.n_frames - first, ds.sizes["time"]))
        for name, array in one.data_vars.items():
            partners = ds.partner.values if "partner" in array.dims else [""]
            for individual in ds.individual.values:
                for partner in partners:
                    if individual == partner:
                        continue
                    slots = ds.individual.values.tolist()
                    if name in MUTUAL and partner in slots[: slots.index(individual)]:
                        continue
                    state = array.sel(individual=individual)
                    state = state.sel(partner=partner) if partner else state
                    for a, b, cut in walk_state(state.values[: max(stop, 0)]):
                        rows.append(
                            (recording, individual, partner, name, first + a, first + b, cut)
                        )
    return sorted(rows)


def walk_state(state: np.ndarray) -> list[tuple[int, int, bool]]:
    found, start = [], None
    for t in range(state.size + 1):
        here = t < state.size and state[t] == 1
        if here and start is None:
            start = t
        if not here and start is not None:
            cut = start == 0 or np.isnan(state[start - 1]) or t == state.size or np.isnan(state[t])
            found.append((start, t, bool(cut)))
            start = None
    return found


def as_rows(table: pd.DataFrame) -> list[Row]:
    names = ["recording", "individual", "partner", "behaviour", "start_frame", "stop_frame", "cut"]
    return sorted(table[names].itertuples(index=False, name=None))


SELECTIONS = {
    "all": {},
    "one recording": {"recording": [1]},
    "recordings turned round": {"recording": [2, 0]},
    "one animal": {"individual": [1]},
    "animals turned round": {"individual": [2, 0]},
    "a stretch of time": {"time": slice(37, 120)},
    "its beginning": {"time": slice(0, 50)},
}


@pytest.mark.parametrize(
    "chunks", [None, {"recording": 1, "time": 7}, {"recording": 2, "time": 50}]
)
@pytest.mark.parametrize("selection", SELECTIONS.values(), ids=SELECTIONS)
def test_every_bout_is_found_once(
    selection: dict[str, object], chunks: dict[str, int] | None
) -> None:
    ds = labels().isel(selection)
    table = ef.find_bouts(ds.chunk(chunks) if chunks else ds)
    assert as_rows(table) == walk(ds)
    assert len(table) > 3
    assert set(table.columns) == {*COLUMNS, "treatment"}
    np.testing.assert_allclose(table.start, table.start_frame / FPS)
    np.testing.assert_allclose(table.duration, (table.stop_frame - table.start_frame) / FPS)
    treatment = dict(zip(ds.recording.values, ds.treatment.values, strict=True))
    assert table.treatment.tolist() == [treatment[name] for name in table.recording]


@pytest.mark.parametrize("chunk", [None, 20])
def test_names_follow_what_was_picked_by_name(chunk: int | None) -> None:
    ds = labels().chunk(time=chunk) if chunk else labels()
    whole = ef.find_bouts(ds)
    picked = ef.find_bouts(ds.sel(individual="individual_2"))
    turned = whole[whole.behaviour.isin(MUTUAL) & (whole.partner == "individual_2")].copy()
    turned[["individual", "partner"]] = turned[["partner", "individual"]]
    own = pd.concat([whole[whole.individual == "individual_2"], turned])
    assert as_rows(picked) == as_rows(own)
    assert len(turned)
    picked = ef.find_bouts(ds.sel(recording="b"))
    assert as_rows(picked) == as_rows(whole[whole.recording == "b"])


def test_animals_are_who_sat_in_the_slot() -> None:
    ds = labels()
    names = np.array([[f"{r}{i}" for i in range(3)] for r in "abc"], dtype=object)
    ds = ds.assign_coords(animal=(("recording", "individual"), names))
    for table in (ef.find_bouts(ds), ef.find_bouts(ds.sel(individual="individual_1"))):
        slot = table.individual.str[-1]
        assert (table.animal == table.recording + slot).all()
    table = ef.find_bouts(ds)
    pairs = table[table.partner != ""]
    assert (pairs.partner_animal == pairs.recording + pairs.partner.str[-1]).all()


def test_lazy_rules_need_no_detour() -> None:
    ds = stack([make_poses(11, 150, name="a"), make_poses(12, 90, name="b")])
    eager = ef.find_bouts(ef.annotate(ef.clean(ds)))
    lazy = ef.find_bouts(ef.annotate(ef.clean(ds.chunk(recording=1, time=17))))
    pd.testing.assert_frame_equal(lazy, eager)


@given(data=st.data(), state=states().filter(len))
@settings(max_examples=40, deadline=None)
def test_no_chunk_cuts_a_bout(data: st.DataObject, state: np.ndarray) -> None:
    values = np.where(state < 0, np.nan, state).astype(np.float32)
    tracks = ef.from_arrays(np.zeros((1, 1, 2, state.size)), fps=FPS, bodyparts=["nose"])
    label = xr.DataArray(values[np.newaxis], dims=("individual", "time"), attrs={"kind": "label"})
    ds = tracks.drop_vars(["position", "confidence"]).assign(resting=label)
    table = ef.find_bouts(ds.chunk(time=data.draw(chunkings(state.size))))
    found = list(zip(table.start_frame, table.stop_frame, table.cut, strict=True))
    assert found == walk_state(values)


def test_without_labels_there_is_an_error() -> None:
    with pytest.raises(ef.DataError, match="needed labels"):
        ef.find_bouts(make_poses(1, 20))
    with pytest.raises(ef.DataError, match="needed labels"):
        ef.find_bouts(ef.clean(make_poses(1, 20)))  # `filled` is no behaviour


def test_no_bouts_are_an_empty_table() -> None:
    table = ef.find_bouts(
        ef.annotate(make_poses(1, 20), ["moving"], parameters={"moving": {"min_speed": 1e6}})
    )
    assert table.empty
    assert list(table.columns)[: len(COLUMNS)] == list(COLUMNS)


def test_a_pair_that_is_the_same_either_way_round_is_one_row() -> None:
    ds = labels().isel(individual=[2, 0], partner=[0, 2])
    bouts, budget = ef.find_bouts(ds), ef.time_budget(ds)
    for table in (bouts, budget):
        assert {"individual_2"} == set(table[table.behaviour.isin(MUTUAL)].individual)
    directed = budget[budget.behaviour == "following"]
    assert directed.individual.tolist() == ["individual_2", "individual_0"] * 3
    one = budget[(budget.behaviour == "side_by_side") & (budget.recording == "a")]
    state = ds.side_by_side.sel(recording="a", individual="individual_2", partner="individual_0")
    assert one.time.tolist() == [pytest.approx(float(state.sum()) / FPS)]


def test_pairs_are_one_row_after_a_store_too(tmp_path: Path) -> None:
    ef.write(labels(), tmp_path / "c.zarr", "labels/rules")
    pd.testing.assert_frame_equal(
        ef.find_bouts(ef.open(tmp_path / "c.zarr")["labels/rules"]), ef.find_bouts(labels()),
        check_dtype=False,
    )  # fmt: skip


def test_what_is_known_of_the_partner_stands_beside_it() -> None:
    sex = np.array([["f", "m", "n"]] * 3, dtype=object)
    table = ef.find_bouts(labels().assign_coords(sex=(("recording", "individual"), sex)))
    of = {"individual_0": "f", "individual_1": "m", "individual_2": "n", "": None}
    assert table.sex.tolist() == [of[name] for name in table.individual]
    found = [value if isinstance(value, str) else None for value in table.partner_sex]
    assert found == [of[name] for name in table.partner]
