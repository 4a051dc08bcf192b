"""Associations, correlograms, deviations, events and regions: the numbers they draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import ethoflow as ef
from ethoflow.plot.save import still_of
from ethoflow.plot.unit_means import unit_means

NAN = float("nan")


def test_associations_are_means_over_animals_and_unknown_stays_so() -> None:
    table = pd.DataFrame(
        {"recording": [*"rrss"], "animal": [*"mmnn"], "origin": [*"abab"], "target": [*"baba"],
         "fsttc": [0.5, NAN, -0.1, NAN]}
    )  # fmt: skip
    found = ef.plot.associations(table).data.set_index("origin")
    assert found.fsttc["a"] == pytest.approx(0.2)
    assert np.isnan(found.fsttc["b"])
    assert found.n_animals.to_dict() == {"a": 2, "b": 0}
    (image,) = (x for x in ef.plot.associations(table).figure if type(x).__name__ == "Image")
    np.testing.assert_allclose(image.dimension_values(2, flat=False)[::-1], [[NAN, 0.2], [NAN] * 2])
    with pytest.raises(ef.DataError, match="ef.stats.associations"):
        ef.plot.associations(table.drop(columns="fsttc"))


def test_sessions_of_one_animal_are_one_mean() -> None:
    table = pd.DataFrame(
        {"recording": [*"rst"], "animal": [*"mmn"], "origin": "a", "target": "b",
         "fsttc": [0.0, 1.0, 1.0]}
    )  # fmt: skip
    found = ef.plot.associations(table).data
    assert found.fsttc.tolist() == [0.75]  # not 2/3
    assert found.n_animals.tolist() == [2]


def test_a_correlogram_has_the_mean_and_the_interval_of_animals() -> None:
    ratios = {0.0: [1.0, 2.0, 4.0], 1.0: [0.5, NAN, NAN]}
    rows = [
        ("a → b", "b", animal, lag, ratio)
        for lag, values in ratios.items()
        for animal, ratio in zip("xyz", values, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["behaviour", "target", "animal", "lag", "ratio"])
    found = ef.plot.correlograms(table).data.set_index("lag")
    assert found.n_animals.tolist() == [3, 1]
    expected = stats.t.interval(0.95, 2, 7 / 3, stats.sem([1, 2, 4]))
    np.testing.assert_allclose(found.loc[0.0, ["ratio", "low", "high"]].astype(float),
                               [7 / 3, *expected])  # fmt: skip
    assert np.isnan(found.low[1.0])
    assert found["stop"].tolist() == [1.0, 2.0]
    with pytest.raises(ef.DataError, match="a → c"):
        ef.plot.correlograms(table, pairs=["a → c"])


def norm(n: int = 20) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {"animal": [f"m{i}" for i in range(n + 3)], "drug": ["no"] * n + ["yes"] * 3,
         "x": [*rng.normal(0, 1, n), 0.0, 9.0, 0.1]}
    )  # fmt: skip


def rectangles(picture: ef.plot.Picture) -> list[tuple[float, float]]:
    found = [one for one in picture.figure if type(one).__name__ == "Rectangles"]
    return [tuple(one.data.iloc[0, [1, 3]]) for one in found]


def test_deviations_show_the_range_of_the_reference_and_who_is_beyond() -> None:
    table = ef.stats.deviations(norm(), by="drug", reference="no", columns=["x"])
    picture = ef.plot.deviations(table)
    own = table[table.drug == "no"].deviation
    assert rectangles(picture) == [(own.min(), own.max())]
    rings = [x for x in picture.figure if type(x).__name__ == "Points"
             and x.opts.get("style", backend="bokeh").kwargs["size"] == 15]  # fmt: skip
    ringed = set(pd.concat([ring.data for ring in rings]).animal)
    assert ringed == set(table[table.p <= 0.05].animal)
    assert "m21" in ringed
    assert "m20" not in ringed
    with pytest.raises(ef.DataError, match="several rows of one animal"):
        ef.plot.deviations(pd.concat([table, table]))


def test_deviations_over_bins_have_a_line_for_each_animal_with_its_gaps() -> None:
    whole = [
        ef.stats.deviations(norm(6), by="drug", reference="no", columns=["x"]).assign(bin=b)
        for b in range(3)
    ]
    table = pd.concat(whole, ignore_index=True)
    table = table[~((table.animal == "m7") & (table.bin == 1))]
    lines = [x for x in ef.plot.deviations(table).figure if type(x).__name__ == "Curve"]
    assert len(lines) == 9 + 2
    gaps = [line for line in lines if line.data["deviation"].isna().any()]
    assert len(gaps) == 1  # the mean of its group has the other animal there
    assert gaps[0].data["deviation"].isna().tolist() == [False, True, False]


def labelled() -> xr.Dataset:
    """Six mice at 10 frames per second; the drugged ones freeze for 1 s after 5 s, others 3 s."""
    time = np.arange(100) / 10
    values = np.zeros((6, 1, 100), np.float32)
    for row, long in enumerate([3, 3, 3, 1, 1, 1]):
        values[row, 0, 50 : 50 + 10 * long] = 1
    values[5, 0, :20] = np.nan
    return xr.Dataset(
        {"freezing": (("recording", "individual", "time"), values, {"kind": "label"})},
        {"recording": [*"abcdef"], "individual": ["i"], "time": ("time", time, {"units": "s"}),
         "fps": 10.0, "animal": (("recording", "individual"), [[name] for name in "abcdef"]),
         "n_frames": ("recording", [100] * 6), "drug": ("recording", ["no"] * 3 + ["yes"] * 3)},
    )  # fmt: skip


def test_around_events_are_means_of_animals_and_not_of_trials() -> None:
    tones = pd.DataFrame({"event": ["tone"], "start": [5.0]})
    table = ef.stats.around_events(labelled(), tones, before="5 s", after="4 s", bin="1 s")
    assert table.attrs == {"bin": 1.0, "baseline": False, "units_of": {"freezing": "share"}}
    found = ef.plot.around_events(table, by="drug").data
    two = found[(found.group == "yes") & (found.lag == 1.0)].iloc[0]
    assert (two["mean"], two.n_units) == (0.0, 3)
    assert found[(found.group == "no") & (found.lag == 1.0)]["mean"].tolist() == [1.0]
    early = found[(found.group == "yes") & (found.lag == -5.0)].iloc[0]
    assert early.n_units == 2  # one was not seen then
    everybody = ef.plot.around_events(table).data
    assert everybody[everybody.lag == 1.0]["mean"].tolist() == [0.5]
    assert everybody[everybody.lag == -5.0].n_units.tolist() == [5]


def test_a_condition_is_shown_of_one_kind_of_event() -> None:
    tones = pd.DataFrame({"event": ["tone", "light"], "start": [5.0, 2.0]})
    table = ef.stats.around_events(labelled(), tones, before="1 s", after="1 s", bin="1 s")
    assert set(ef.plot.around_events(table).data.group) == {"tone", "light"}
    with pytest.raises(ef.DataError, match=r"table\[table.event == "):
        ef.plot.around_events(table, by="drug")


def test_region_times_are_shares_of_what_was_seen() -> None:
    table = pd.DataFrame(
        {"recording": [*"abcd"], "animal": [*"abcd"], "drug": ["no", "no", "yes", "yes"],
         "time_seen": [10.0, 20.0, 5.0, 0.0], "time_inside_nest": [5.0, 5.0, 5.0, 0.0],
         "time_inside_far": [0.0, 2.0, 0.0, 0.0]}
    )  # fmt: skip
    found = ef.plot.region_times(table).data.set_index(["behaviour", "unit"]).value
    assert found["nest"].to_dict() == {"a": 0.5, "b": 0.25, "c": 1.0}  # d was never seen
    assert found["far"].to_dict() == {"a": 0.0, "b": 0.1, "c": 0.0}
    only = ef.plot.region_times(table, regions=["far"]).data
    assert set(only.behaviour) == {"far"}
    with pytest.raises(ef.DataError, match="no region 'nets'"):
        ef.plot.region_times(table, regions=["nets"])
    with pytest.raises(ef.DataError, match="2 bins"):
        ef.plot.region_times(table.assign(bin=[0, 0, 1, 1]))


def test_units_of_pictures_are_those_of_comparisons() -> None:
    """Two sessions of one animal are one point, and cage mates of a treated cage too."""
    table = pd.DataFrame(
        {"recording": [f"r{i}" for i in range(9)], "animal": [*"aabcdefgh"],
         "cage": [*"111223456"], "drug": ["no"] * 6 + ["yes"] * 3, "behaviour": "rest",
         "share": np.arange(9) / 10}
    )  # fmt: skip
    found = unit_means(table, "share", by="drug")
    assert found.unit == "cage"
    means = found.table.set_index("unit").value
    np.testing.assert_allclose(means["1"], np.mean([0.05, 0.2]))
    assert len(means) == 6
    alone = unit_means(table, "share", by=None)
    assert alone.table.set_index("unit").value["a"] == pytest.approx(0.05)
    assert len(alone.table) == 8


def test_a_single_panel_says_what_its_points_are() -> None:
    table = pd.DataFrame(
        {"animal": [*"abcdef"], "drug": ["no"] * 3 + ["yes"] * 3, "behaviour": "rest",
         "share": np.arange(6) / 10}
    )  # fmt: skip
    still = still_of(ef.plot.comparison(table, by="drug"))
    (title,) = [axis.get_title() for axis in still.axes]
    assert "points are animals" in title.replace("\n", " ")
    assert "p = " in title


def test_categories_that_share_a_row_have_a_legend() -> None:
    states = np.repeat([0.0, 1.0, 2.0], 10)[None].astype(np.float32)
    ds = xr.Dataset(
        {"cluster": (("individual", "time"), states, {"kind": "category"})},
        {"individual": ["a"], "time": ("time", np.arange(30) / 10, {"units": "s"}), "fps": 10.0},
    )
    (axis,) = still_of(ef.plot.ethogram(ds)).axes
    named = [text.get_text() for text in axis.get_legend().get_texts()]
    assert named == ["cluster 0", "cluster 1", "cluster 2"]


def test_many_clusters_have_a_legend_too() -> None:
    states = np.repeat(np.arange(30.0), 4)[None].astype(np.float32)
    latent = np.stack([states, states], axis=1)
    ds = xr.Dataset(
        {"cluster": (("individual", "time"), states, {"kind": "category"}),
         "embedding": (("individual", "latent", "time"), latent)},
        {"individual": ["a"], "time": ("time", np.arange(120) / 10, {"units": "s"}), "fps": 10.0},
    )  # fmt: skip
    for picture in (ef.plot.ethogram(ds[["cluster"]]), ef.plot.embedding(ds, by="cluster")):
        (axis,) = still_of(picture).axes
        assert len(axis.get_legend().get_texts()) == 30


def test_a_cluster_has_one_colour_in_every_picture() -> None:
    states = np.repeat([2.0, 0.0, 11.0], 4)[None].astype(np.float32)
    ds = xr.Dataset(
        {"cluster": (("individual", "time"), states, {"kind": "category"}),
         "embedding": (("individual", "latent", "time"), np.stack([states, states], axis=1))},
        {"individual": ["a"], "time": ("time", np.arange(12) / 10, {"units": "s"}), "fps": 10.0},
    )  # fmt: skip

    def shown(figure: object) -> dict[str, str]:
        looks = [(x.label, x.opts.get("style", backend="bokeh").kwargs["color"]) for x in figure]  # type: ignore[attr-defined]
        return {label.removeprefix("cluster "): colour for label, colour in looks if label}

    bars = shown(ef.plot.ethogram(ds[["cluster"]]).figure)
    assert list(bars) == ["0", "2", "11"]
    assert bars == shown(ef.plot.embedding(ds, by="cluster").figure)
    one = shown(ef.plot.ethogram(ds[["cluster"]].isel(time=slice(0, 4))).figure)
    assert one["2"] == bars["2"]  # whichever others are there
