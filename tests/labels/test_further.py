"""Labels of regions, raters, groups, and categories: every table says of which each row is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.labels.plain import plain_labels
from tests.conftest import no_compute
from tests.labels.further import FPS, REGIONS, STATES, make_cohort, make_labels
from tests.strategies import chunkings, make_poses

WHERE = ["recording", "individual", "partner", "region", "rater", "behaviour", "category"]


def cells(ds: xr.Dataset) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """What each row is of, and its frames: 1, 0 or NaN."""
    for row, recording in enumerate(ds.recording.values):
        one = ds.isel(recording=row, time=slice(int(ds.n_frames[row])))
        for name, array in one.data_vars.items():
            dims = array.dims[:-1]
            for place in np.ndindex(array.shape[:-1]):
                where = {d: str(one[d].values[i]) for d, i in zip(dims, place, strict=True)}
                if "partner" in where and where["partner"] == where["individual"]:
                    continue
                named = {"recording": str(recording), "behaviour": str(name), **where}
                values = array.values[place]
                kinds = {"state": STATES, "cluster": {0: "0", 3: "3"}}.get(str(name), {1: ""})
                for code, category in kinds.items():
                    key = tuple({**named, "category": category}.get(c, "") for c in WHERE)
                    yield key, np.where(np.isnan(values), np.nan, values == code)


def walk(state: np.ndarray) -> list[tuple[int, int]]:
    """Runs of 1, frame by frame."""
    found, at = [], 0
    for value, run in groupby(state.tolist()):
        size = len(list(run))
        if value == 1:
            found.append((at, at + size))
        at += size
    return found


def lookup(table: pd.DataFrame) -> list[tuple[str, ...]]:
    return [tuple(row) for row in table[WHERE].itertuples(index=False)]


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, xr.Dataset]:
    ds = make_cohort()
    path = tmp_path_factory.mktemp("further") / "c.zarr"
    ef.write(ds, path, "labels/many")
    return {
        "memory": ds,
        "chunks of 1": ds.chunk(recording=1, time=1),
        "chunks of 7": ds.chunk(recording=2, time=7, region=1, rater=1),
        "store": ef.open(path)["labels/many"].to_dataset(),
    }


FORMS = ["memory", "chunks of 1", "chunks of 7", "store"]


@pytest.mark.parametrize("form", FORMS)
def test_budgets_have_a_row_for_every_place(forms: dict[str, xr.Dataset], form: str) -> None:
    budget = ef.time_budget(forms[form])
    expected = dict(cells(make_cohort()))
    assert sorted(lookup(budget)) == sorted(expected)
    for key, row in zip(lookup(budget), budget.itertuples(), strict=True):
        state = expected[key]
        known = state[~np.isnan(state)]
        assert row.observed == pytest.approx(known.size / FPS)
        assert row.time == pytest.approx(known.sum() / FPS)
        assert row.n_bouts == len(walk(state))
    assert budget.columns.tolist()[:5] == ["recording", "individual", "partner", "region", "rater"]


@pytest.mark.parametrize("form", FORMS)
def test_bouts_say_where_they_are(forms: dict[str, xr.Dataset], form: str) -> None:
    bouts = ef.find_bouts(forms[form])
    found = list(zip(lookup(bouts), bouts.start_frame, bouts.stop_frame, strict=True))
    expected = [(key, a, b) for key, state in cells(make_cohort()) for a, b in walk(state)]
    assert sorted(found) == sorted(expected)


@given(data=st.data(), seed=st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_no_chunk_cuts_a_category(data: st.DataObject, seed: int) -> None:
    ds = make_labels(seed, 40)[["state", "inside", "huddle"]]
    lazy = ds.chunk(time=data.draw(chunkings(40)))
    pd.testing.assert_frame_equal(ef.find_bouts(lazy), ef.find_bouts(ds))
    pd.testing.assert_frame_equal(ef.time_budget(lazy), ef.time_budget(ds))


def test_a_place_that_is_chosen_gives_its_rows() -> None:
    ds = make_cohort()
    whole = ef.time_budget(ds)
    wall = ef.time_budget(ds[["inside"]].sel(region="wall"))
    own = whole[(whole.behaviour == "inside") & (whole.region == "wall")]
    assert wall.time.tolist() == own.time.tolist()
    assert wall.region.tolist() == ["wall"] * len(own)
    assert wall.surface.tolist() == ["glass"] * len(own)
    two = ef.time_budget(ds.sel(region=["nest", "centre"], rater=["B"]))
    both = two.merge(whole, on=[c for c in whole if c not in ("mean_bout",)])
    assert len(both) == len(two) < len(whole)


@pytest.mark.parametrize("chunk", [None, 7])
def test_pairs_that_are_the_same_either_way_are_one_row_in_each_place(chunk: int | None) -> None:
    ds = make_cohort(3)[["near"]]
    turned = ds.near.values.swapaxes(1, 2)
    both = ds.near.copy(data=np.maximum(ds.near.values, turned))
    ds = ds.assign(near=both.assign_attrs(pairs="unordered"))
    ds = ds.chunk(recording=1, time=chunk) if chunk else ds
    directed = ds.assign(near=ds.near.drop_attrs().assign_attrs(kind="label"))
    once, each = ef.time_budget(ds), ef.time_budget(directed)
    assert len(once) * 2 == len(each)
    assert len(once) == 2 * 3 * len(REGIONS) * 2
    merged = once.merge(each, on=WHERE[:-1], suffixes=("", "_each"))
    assert merged.time.tolist() == merged.time_each.tolist()
    assert (once.individual < once.partner).all()


def test_metadata_of_further_places_stand_beside_them() -> None:
    table = ef.find_bouts(make_cohort())
    surface = dict(zip(["", *REGIONS], [None, "sand", "glass", "paper"], strict=True))
    found = [value if isinstance(value, str) else None for value in table.surface]
    assert found == [surface[region] for region in table.region]


def test_places_without_names_are_numbers() -> None:
    ds = make_cohort().drop_vars(["region", "surface"])
    table = ef.time_budget(ds)
    assert set(table[table.behaviour == "inside"].region) == {0, 1, 2}
    assert table[table.behaviour == "moving"].region.isna().all()


def test_a_single_recording_has_the_rows_it_has_in_its_cohort() -> None:
    """Scalar metadata, and what is known of each animal, stay in the tables."""
    ds = make_cohort()
    whole = {make: make(ds) for make in (ef.time_budget, ef.find_bouts)}
    for make, table in whole.items():
        alone = make(ds.isel(recording=1))
        own = table[table.recording == "b"].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone[own.columns], own, check_dtype=False)
        assert set(alone.treatment) == {"control"}
        assert {"f", "m"} <= set(alone.sex)
        animal = make(ds[["moving", "inside", "state"]].isel(recording=1, individual=1))
        assert set(animal.sex) == {"m"}
        assert set(animal.treatment) == {"control"}


def test_bookkeeping_is_no_metadata() -> None:
    one = make_labels(1).drop_vars("surface")
    assert set(ef.time_budget(one[["moving"]]).columns) == {*ef.labels.budget.COLUMNS}


# What is refused.


def test_values_that_no_label_has_are_refused() -> None:
    ds = make_labels(1)
    for values, said in ((ds.moving * 0.7, "0.7"), (ds.moving * 3, "3")):
        wrong = ds[["moving"]].assign(moving=values.assign_attrs(kind="label"))
        for data in (wrong, wrong.chunk(time=7)):
            with pytest.raises(ef.DataError, match=rf"moving is a label and has the value {said}"):
                ef.time_budget(data)


@pytest.mark.parametrize(
    ("attrs", "message"),
    [
        ({"flag_values": [2, 9]}, r"state is a category and has the value 5.*2, 9"),
        ({"flag_values": [2, 5], "flag_meanings": "a b c"}, "2 flag_values and 3 flag_meanings"),
        ({"flag_meanings": "a b"}, "without flag_values"),
        ({"flag_values": [2, 2, 5]}, "twice"),
        ({"flag_values": [2, 5], "flag_meanings": "a a"}, "twice"),
        ({"flag_values": [2.5, 5]}, "whole numbers"),
    ],
)
def test_categories_and_their_names_have_to_fit(attrs: dict[str, Any], message: str) -> None:
    ds = make_labels(1)[["state"]]
    ds["state"].attrs = {"kind": "category", **attrs}
    with pytest.raises(ef.DataError, match=message):
        ef.find_bouts(ds)


def test_whole_numbers_hold_unknown_as_a_store_does() -> None:
    ds = make_labels(1)[["state", "cluster"]]
    whole = ds.fillna(-1).astype(np.int8)
    for name in ds:
        whole[name].attrs = ds[name].attrs
    pd.testing.assert_frame_equal(ef.time_budget(whole), ef.time_budget(ds))


def test_dims_that_are_called_as_a_column_are_refused() -> None:
    ds = make_labels(1)[["inside"]].rename(region="behaviour")
    with pytest.raises(ef.DataError, match=r"ds\.rename\(behaviour='behaviour_of_labels'\)"):
        ef.find_bouts(ds)


def test_a_partner_is_chosen_with_a_list() -> None:
    ds = make_labels(1)[["near", "moving"]]
    with pytest.raises(ef.DataError, match=r"\.sel\(partner=\['individual_1'\]\)"):
        ef.time_budget(ds.sel(partner="individual_1"))
    table = ef.time_budget(ds.sel(partner=["individual_1"]))
    assert set(table.partner) == {"", "individual_1"}


# Out to other tools, and in pictures.


def test_plain_labels_are_the_same_frame_by_frame() -> None:
    ds = make_labels(3)
    plain = plain_labels(ds)
    np.testing.assert_array_equal(plain.inside_wall, ds.inside.sel(region="wall"))
    np.testing.assert_array_equal(plain.near_nest_B, ds.near.sel(region="nest", rater="B"))
    known = ds.state.sel(rater="A")
    np.testing.assert_array_equal(plain.state_A_walk_fast, (known == 5).where(known.notnull()))
    assert float(plain.state_B_never.max()) == 0
    assert {"moving", "huddle", "cluster_0", "cluster_3", "crowded_centre"} <= set(plain)
    assert all(array.attrs["kind"] == "label" for array in plain.data_vars.values())
    xr.testing.assert_identical(plain_labels(plain), plain)
    with pytest.raises(ef.DataError, match="'inside_wall', and there is another"):
        plain_labels(ds.assign(inside_wall=ds.moving))


@pytest.mark.parametrize("format", ["BORIS aggregated events", "BORIS tabular events"])
@pytest.mark.filterwarnings("ignore::ethoflow.exporting.declare.ExportNote")
def test_boris_has_a_behaviour_for_each(tmp_path: Path, format: str) -> None:
    ds = make_labels(4)[["moving", "inside", "state"]]
    (path,) = ef.export(ds, tmp_path / "a.tsv", format=format)
    tracks = ef.from_arrays(
        np.zeros((2, 1, 2, ds.sizes["time"])), fps=FPS, bodyparts=["nose"], recording="a",
        animals=["a0", "a1"],
    )  # fmt: skip
    again = ef.read_labels(path, like=tracks)
    for name, array in plain_labels(ds).data_vars.items():
        if name in again:
            np.testing.assert_array_equal(again[name] == 1, array == 1)
    assert {"inside_wall", "state_A_rest", "moving"} <= set(again)


def test_intervals_of_pynapple_have_the_region_in_their_name() -> None:
    pytest.importorskip("pynapple")
    ds = make_labels(4)[["inside", "huddle", "state"]]
    with pytest.warns(UserWarning, match="unknown"):
        found = ef.to_pynapple(ds)
    bouts = ef.find_bouts(ds)
    own = bouts[(bouts.region == "wall") & (bouts.animal == "a1")]
    np.testing.assert_allclose(found["inside_wall/a1"].start, own.start)
    assert "huddle" in found
    assert "state_A_rest/a0" in found


@pytest.mark.filterwarnings("ignore::ethoflow.exporting.declare.ExportNote")
def test_labels_of_a_group_alone_go_everywhere(tmp_path: Path) -> None:
    """Without any dim of animals, and with animals that are part of another dim."""
    ds = make_labels(6)[["huddle", "crowded"]]
    ds = ds.drop_vars(["individual", "animal", "partner"], errors="ignore")
    budget = ef.time_budget(ds)
    assert budget.individual.tolist() == [""] * 4
    table = ef.to_table(ds)
    np.testing.assert_array_equal(table.crowded_nest, ds.crowded.sel(region="nest"))
    assert set(table.individual) == {""}
    (path,) = ef.export(ds, tmp_path / "a.tsv", format="BORIS aggregated events")
    assert len(pd.read_csv(path, sep="\t")) == len(ef.find_bouts(ds))
    stacked = make_labels(6)[["inside"]].chunk(time=9).stack(place=("region", "individual"))
    assert len(ef.time_budget(stacked)) == 6


def test_tables_per_frame_have_the_names_of_categories() -> None:
    ds = make_labels(4)[["state", "inside"]]
    table = ef.to_table(ds)
    state = ds.state.sel(rater="B").values.ravel()
    found = [value if isinstance(value, str) else None for value in table.state_B]
    assert found == [STATES.get(value) for value in state.tolist()]
    np.testing.assert_array_equal(table.inside_nest, ds.inside.sel(region="nest").values.ravel())


def test_an_ethogram_has_a_row_for_each_and_one_for_all_categories() -> None:
    hv = pytest.importorskip("holoviews")
    ds = make_labels(5)[["moving", "inside", "state", "huddle"]]
    figure = ef.plot.ethogram(ds).figure
    unknown, *layers = (layer for layer in figure if isinstance(layer, hv.Rectangles))
    shown = pd.concat([layer.data for layer in layers])
    bouts = ef.find_bouts(ds)
    assert len(shown) == len(bouts)
    np.testing.assert_allclose(np.sort(shown.start), np.sort(bouts.start))
    rows = {*shown.low.round(3), *unknown.data.low.round(3)}
    assert len(rows) == 2 + 2 * 3 + 2 * 2 + 1
    assert {"state rest", "state walk_fast"} <= {layer.label for layer in layers}
    assert len(set(shown[shown.behaviour == "state rest"].colour)) == 1
    many = ds[["inside"]].isel(region=[0] * 90).assign_coords(region=range(90))
    with pytest.raises(ef.DataError, match=r"choose some along region, as in \.sel\(region="):
        ef.plot.ethogram(many)


def test_marks_of_filled_points_are_no_behaviour() -> None:
    with no_compute():
        poses = ef.clean(make_poses(1, 20).chunk(time=7))
    with pytest.raises(ef.DataError, match="needed labels"):
        ef.find_bouts(poses)


@ef.behaviour(scope="group", roles=("centre",), min_bout=0, max_gap=0)
def anybody_there(position):
    """Some animal was seen."""
    return np.isfinite(position).any(axis=(0, 1, 2))


def test_what_all_do_together_is_not_credited_to_an_animal_that_is_chosen() -> None:
    ds = make_poses(2, 60)
    ds = ds.assign(anybody_there=anybody_there(ds), moving=ef.behaviours.moving(ds))
    chosen = ds[["anybody_there", "moving"]].sel(individual=ds.individual.values[0])
    for table in (ef.time_budget(chosen), ef.time_budget(chosen.compute())):
        animals = dict(zip(table.behaviour, table.animal, strict=True))
        assert animals["anybody_there"] == ""
        assert animals["moving"]


@ef.feature(dims=("time",), scope="pair")
def first_gap(position, partner_position):
    """How far the partner's first point is along x."""
    return partner_position[0, 0] - position[0, 0]


@ef.behaviour(scope="pair", min_bout=0, max_gap=0)
def other_ahead(first_gap):
    """The partner is further along x."""
    return first_gap > 0


CHOICES = {
    "reordered": {"individual": [2, 0, 1]},
    "partners reordered": {"partner": [1, 2, 0]},
    "one": {"individual": [1]},
    "some": {"individual": [2, 0]},
    "some partners": {"partner": [0, 1]},
    "some of both": {"individual": [0, 1], "partner": [1, 2]},
}


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("chunk", [None, 7])
def test_pairs_are_known_by_their_names(choice: str, chunk: int | None, tmp_path: Path) -> None:
    ds = make_poses(1, 40, n_individuals=3)
    whole = xr.Dataset({"first_gap": first_gap(ds), "other_ahead": other_ahead(ds)})
    some = whole.isel(CHOICES[choice])
    ef.write(some.chunk(time=chunk) if chunk else some, tmp_path / "s.zarr", "labels/some")
    stored = ef.open(tmp_path / "s.zarr", "labels/some").squeeze("recording", drop=True)
    found = other_ahead(some.drop_vars("other_ahead"))
    for one in some.individual.values:
        for other in some.partner.values:
            pair = {"individual": one, "partner": other}
            expected = whole.other_ahead.sel(pair).values
            np.testing.assert_array_equal(stored.other_ahead.sel(pair), expected)
            if other in some.individual.values:
                np.testing.assert_array_equal(found.sel(pair), expected)


def test_a_category_below_zero_is_refused_in_every_form(tmp_path: Path) -> None:
    ds = make_labels(1, 20)[["state"]]
    values = ds.state.fillna(0).astype(int) - 1
    attrs = {"kind": "category", "flag_values": [-1, 0, 1, 2], "flag_meanings": "noise x y z"}
    ds = ds.assign(state=values.assign_attrs(attrs))
    for use in (ef.time_budget, ef.find_bouts, lambda d: ef.write(d, tmp_path / "s.zarr")):
        with pytest.raises(ef.DataError, match="state has a category -1; numbers below 0"):
            use(ds)
