"""One table of everything: the same numbers as the tables it is made of, in rows that are right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow.cli import app
from ethoflow.csv_text import save_table
from ethoflow.labels.windows import bins_of
from ethoflow.stats import compare, describe, measures, transitions, widen
from ethoflow.stats.feature_means import mean_features
from ethoflow.stats.units import name_behaviours
from tests.labels.further import make_cohort
from tests.strategies import FPS, make_poses, stack

BIN = 7 / FPS
GROUP = "labels/x"


def of(table: pd.DataFrame, **asked: object) -> pd.Series:
    """The one row that is asked for."""
    chosen = table[np.logical_and.reduce([table[k] == v for k, v in asked.items()])]
    assert len(chosen) == 1, chosen
    return chosen.iloc[0]


def cohort_of(shown: dict[str, list[tuple[int, int]]], n_frames: int = 40) -> xr.Dataset:
    """A mouse per recording in cluster 0, but in the stretches given in 1, then 2."""
    state = np.zeros((len(shown), 1, n_frames), np.float32)
    for row, stretches in enumerate(shown.values()):
        for code, (start, stop) in enumerate(stretches, 1):
            state[row, 0, start:stop] = code
    one = ef.from_arrays(
        np.zeros((1, 1, 2, n_frames)), fps=10, bodyparts=["nose"], recording="a"
    ).drop_vars(["position", "confidence", "bodypart", "space", "role"])
    parts = [
        one.assign_coords(
            recording=name, animal=("individual", np.array([f"mouse {name}"], object))
        )
        for name in shown
    ]
    names = list(shown)
    return (
        xr.concat(parts, "recording", coords="different", compat="equals")
        .assign(
            cluster=(("recording", "individual", "time"), state, {"kind": "category", "units": "1"})
        )
        .assign_coords(
            treatment=("recording", ["drug" if i % 2 else "none" for i in range(len(names))])
        )
    )


def test_budgets_of_labels_of_every_form_are_in_it() -> None:
    labels = make_cohort()
    for bin in (None, BIN):
        budget = ef.time_budget(labels, bin=bin)
        table = measures({GROUP: labels}, bin=bin, transitions=False)
        names = name_behaviours(budget)[0]
        keys = ["recording", "individual", "partner", "behaviour", *(["bin"] if bin else [])]
        wanted = budget.assign(behaviour=names).set_index(keys)
        assert len(table) == len(budget) * table.measure.nunique()
        for measure, part in table.groupby("measure"):
            own = part.set_index(keys)["value"]
            assert own.index.is_unique
            np.testing.assert_array_equal(own[wanted.index], wanted[measure].astype(float))
        assert set(table.treatment) == {"stress", "control"}


def test_what_some_never_show_is_0_and_moves_nobody() -> None:
    shown = {"a": [(5, 10), (20, 30)], "b": [(0, 4)], "c": [], "d": [(1, 2), (3, 9)]}
    labels = cohort_of(shown)
    table = measures({GROUP: labels})
    for name, stretches in shown.items():
        for code in (1, 2):
            start, stop = stretches[code - 1] if len(stretches) >= code else (0, 0)
            row = of(table, recording=name, behaviour=f"cluster {code}", measure="time")
            assert row.value == pytest.approx((stop - start) / 10)
            assert row.animal == f"mouse {name}"
            row = of(table, recording=name, behaviour=f"cluster {code}", measure="n_bouts")
            assert row.value == (stop > start)
        row = of(table, recording=name, behaviour="cluster 0 → cluster 2", measure="count")
        assert row.value == (len(stretches) == 2)
    wide = widen(table.sample(frac=1, random_state=1), "time").set_index("recording")
    assert wide.loc["c", ["cluster 1", "cluster 2"]].tolist() == [0.0, 0.0]
    assert wide.loc["d", ["cluster 1", "cluster 2"]].tolist() == pytest.approx([0.1, 0.6])
    assert not wide[["cluster 0", "cluster 1", "cluster 2"]].isna().any().any()


def test_what_was_not_observed_is_missing() -> None:
    labels = cohort_of({"a": [(5, 10)], "b": [(5, 10)]})
    labels["cluster"][1] = np.nan
    table = measures({GROUP: labels})
    own = table[table.recording == "b"]
    assert (own[own.measure == "observed"].value == 0).all()
    assert own[~own.measure.isin(["observed"])].value.isna().all()
    assert {"count", "share", "n_bouts"} <= set(own.measure)


def test_bins_add_up() -> None:
    labels = make_cohort().drop_vars(["huddle", "crowded"])  # nobody's own
    whole, binned = (measures({GROUP: labels}, bin=bin) for bin in (None, BIN))
    keys = ["recording", "individual", "partner", "behaviour"]
    for measure in ("time", "observed", "n_bouts", "count"):
        sums = binned[binned.measure == measure].groupby(keys)["value"].sum()
        wanted = whole[whole.measure == measure].set_index(keys)["value"].sort_index()
        pd.testing.assert_series_equal(sums, wanted.fillna(0.0), check_names=False)
    plain = transitions(ef.find_bouts(labels)).set_index([*keys[:2], "behaviour"])
    for measure in ("count", "probability", "rate"):
        found = whole[whole.measure == measure].set_index([*keys[:2], "behaviour"])["value"]
        np.testing.assert_allclose(found[plain.index], plain[measure].astype(float))


@pytest.mark.parametrize("chunk", [None, 13])
def test_features_are_means_of_what_was_seen(chunk: int | None) -> None:
    poses = stack([make_poses(1, 60, name="a"), make_poses(2, 45, name="b")])
    poses = poses.assign_coords(treatment=("recording", ["x", "y"]))
    features = ef.features.compute(poses, ["speed", "nearest_neighbour_distance", "body_length"])[
        0
    ].load()
    given = features if chunk is None else features.chunk(time=chunk)
    table = measures({"features": given}, bin=BIN)
    assert "body_length" not in set(table.behaviour)
    for recording, n in (("a", 60), ("b", 45)):
        for slot, animal in zip(poses.individual.values, "01", strict=True):
            speed = features.speed.sel(recording=recording, individual=slot, bodypart="Nose").values
            own = table[(table.recording == recording) & (table.individual == slot)]
            own = own[own.behaviour == "speed Nose"]
            wanted = [speed[i : min(i + 7, n)] for i in range(0, n, 7)]
            assert len(own) == len(wanted)
            for value, part in zip(own.value, wanted, strict=True):
                known = part[~np.isnan(part)].astype(float)
                assert value == pytest.approx(known.mean()) if known.size else np.isnan(value)
            assert (own.units == "mm/s").all()
            assert (own.treatment == ("x" if recording == "a" else "y")).all()
            assert own.animal.nunique() == 1, animal


def test_pairs_and_groups_keep_who_they_are_of() -> None:
    poses = stack([make_poses(1, 30, name="a")]).assign_coords(
        sex=(("recording", "individual"), np.array([["f", "m"]], object)),
        treatment=("recording", ["x"]),
    )
    seats = {"individual": poses.individual.values, "recording": ["a"]}
    between = np.arange(4 * 30, dtype=float).reshape(1, 2, 2, 30)
    of_all = np.arange(30, dtype=float).reshape(1, 30)
    ds = poses.drop_vars([*poses.data_vars, "bodypart", "space", "role"]).assign(
        apart=(("recording", "individual", "partner", "time"), between),
        spread=(("recording", "time"), of_all),
    ).assign_coords(partner=seats["individual"], time=poses.time, fps=poses.fps)  # fmt: skip
    table = mean_features(ds, bins_of(ds, 10.0))
    apart = table[table.behaviour == "apart"]
    assert apart["mean"].tolist() == [between[0, 0, 1].mean(), between[0, 1, 0].mean()]
    assert apart.sex.tolist() == ["f", "m"]
    assert (apart.animal != apart.partner_animal).all()
    row = of(table, behaviour="spread")
    assert (row["mean"], row.individual, row.treatment) == (14.5, "", "x")
    assert pd.isna(row.sex)


def test_poses_are_in_it() -> None:
    poses = stack([make_poses(1, 60, name="a"), make_poses(2, 45, name="b")])
    poses = ef.mark_regions(poses, {"inner_part": ef.circle(0, 0, 90)}, units="mm")
    table, plain = measures({"poses": poses}), ef.summarise(poses)
    assert set(table.behaviour) == {"body", "inner_part"}
    found = table[table.measure == "distance_moved"].value
    np.testing.assert_array_equal(found, plain.distance_moved)
    found = table[(table.measure == "time_inside") & (table.behaviour == "inner_part")]
    np.testing.assert_array_equal(found.value, plain.time_inside_inner_part)
    assert set(found.units) == {"s"}


def test_a_store_gives_what_its_datasets_give(tmp_path: Path) -> None:
    labels = make_cohort()
    path = tmp_path / "c.zarr"
    ef.write(labels, path, GROUP)
    direct = measures({GROUP: labels}, bin=BIN)
    for stored in (measures(path, bin=BIN), measures(ef.open(path), bin=BIN)):
        pd.testing.assert_frame_equal(stored, direct, check_dtype=False, check_like=True)
    for name in ("m.csv", "m.parquet"):
        save_table(direct, tmp_path / name)
    again = pd.read_parquet(tmp_path / "m.parquet")
    pd.testing.assert_frame_equal(again, direct, check_dtype=False)
    text = pd.read_csv(tmp_path / "m.csv", keep_default_na=False, na_values=[""])
    np.testing.assert_array_equal(text.value, direct.value)
    with pytest.raises(ef.DataError, match="no group 'features'"):
        measures(path, groups=["features"])
    with pytest.raises(ef.DataError, match="nothing here can be measured"):
        measures({"features": labels}, groups=[])


def test_two_groups_with_one_behaviour_are_told_apart() -> None:
    one, other = cohort_of({"a": [(5, 10)]}), cohort_of({"a": [(5, 20)]})
    table = measures({"labels/anna": one, "labels/ben": other})
    for name, frames in (("anna", 5), ("ben", 15)):
        row = of(table, behaviour=f"cluster 1 ({name})", measure="time")
        assert row.value == pytest.approx(frames / 10)
    assert not widen(table).isna().all(axis=None)
    twice = pd.concat([table, table])
    with pytest.raises(ef.DataError, match="several rows are of one animal, bin and measure"):
        widen(twice)
    with pytest.raises(ef.DataError, match="no measure 'shere'"):
        widen(table, "shere")


def test_wide_and_tidy_hold_the_same() -> None:
    table = measures({GROUP: make_cohort()}, bin=BIN)
    table = table.sample(frac=1, random_state=3)
    wide = widen(table)
    keys = ["recording", "individual", "partner", "bin"]
    assert not wide.duplicated(keys).any()
    places = wide.set_index(keys)
    for row in table.sample(300, random_state=4).itertuples():
        cell = places.loc[(row.recording, row.individual, row.partner, row.bin)]
        np.testing.assert_equal(cell[f"{row.behaviour} {row.measure}"], row.value)
        assert cell.treatment == row.treatment


def test_groups_are_described_by_their_animals() -> None:
    rows = [
        (animal, f"{animal}{session}", "a" if animal < "n" else "b", 10 * k + session)
        for k, animal in enumerate("mnop")
        for session in range(3 if animal == "m" else 1)
    ]
    table = pd.DataFrame(rows, columns=["animal", "recording", "drug", "value"]).assign(
        behaviour="x", measure="share", units="1"
    )
    found = describe(table, "drug").set_index("drug")
    assert found.loc["a", ["n_animals", "n_recordings", "mean"]].tolist() == [1, 3, 1.0]
    assert np.isnan(found.loc["a", "sd"])
    row = found.loc["b"]
    assert (row.n_animals, row["mean"], row.sd, row["median"]) == (3, 20.0, 10.0, 20.0)
    with pytest.raises(ef.DataError, match="Did you mean 'drug'"):
        describe(table, "drugs")
    assert describe(table.assign(value=np.nan)).n_animals.tolist() == [0]


@pytest.mark.filterwarnings("ignore::ethoflow.stats.ComparisonNote")
def test_everything_is_compared_as_its_own_table_is() -> None:
    rng = np.random.default_rng(5)
    shown = {
        f"r{i}": [(0, int(n)), (20, 20 + int(n))] for i, n in enumerate(rng.integers(12, 18, 12))
    }
    labels = cohort_of(shown)
    table = measures({GROUP: labels}, transitions=False)
    share = table[table.measure == "share"]
    found = compare(share, by="treatment", value="value").set_index("behaviour")
    wanted = compare(ef.time_budget(labels), by="treatment").set_index("behaviour")
    assert [name.removesuffix(" share") for name in found.index] == wanted.index.tolist()
    np.testing.assert_array_equal(found.p_adjusted, wanted.p_adjusted)
    wide = compare(widen(table, "share"), by="treatment", value=["cluster 1", "cluster 2"])
    np.testing.assert_array_equal(wide.p, wanted.p[["cluster 1", "cluster 2"]])
    binned = measures({GROUP: labels}, bin="2 s", transitions=False)
    found = compare(binned[binned.measure == "share"], by=["treatment", "bin"], value="value")
    assert (found.n_units == 12).all()
    assert "treatment × bin" in set(found.contrast)


def test_the_commands_write_all_forms_and_compare_features(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path = tmp_path / "c.zarr"
    labels = cohort_of({f"r{i}": [(0, int(n))] for i, n in enumerate(rng.integers(5, 30, 8))})
    speed = rng.normal(size=(8, 1, 40)) + np.arange(8).reshape(8, 1, 1) % 2
    attrs = {"units": "mm/s"}
    features = labels.drop_vars("cluster").assign(
        speed=(("recording", "individual", "time"), speed, attrs)
    )
    ef.write(labels, path, "labels/clusters")
    ef.write(features, path, "features")
    ran = CliRunner().invoke(app, ["measures", str(path), "--bin", "2 s", "--by", "treatment"])
    assert ran.exit_code == 0, ran.output
    folder = tmp_path / "c_results/measures"
    tidy = pd.read_parquet(folder / "measures.parquet")
    pd.testing.assert_frame_equal(tidy, measures(path, bin="2 s"), check_dtype=False)
    wide = pd.read_csv(folder / "measures_wide.csv")
    assert (len(wide), "speed mean" in wide) == (16, True)
    summary = pd.read_csv(folder / "measures_summary.csv")
    assert set(summary.n_animals) <= {0, 1, 2, 3, 4}
    asked = ["compare", str(path), "--by", "treatment", "--group", "features"]
    ran = CliRunner().invoke(app, asked)
    assert ran.exit_code == 0, ran.output
    found = pd.read_csv(tmp_path / "c_results/comparisons/treatment_value.csv")
    wanted = speed.mean(axis=(1, 2))
    assert found.estimate[0] == pytest.approx(wanted[1::2].mean() - wanted[::2].mean())
    assert found.behaviour.tolist() == ["speed mean"]


def test_directions_are_averaged_as_vectors() -> None:
    poses = stack([make_poses(1, 60, name="a")])
    heading = poses.position.isel(bodypart=0, space=0, drop=True) * 0
    heading = (heading + np.where(np.arange(heading.sizes["time"]) % 2, 3.1, -3.1)).assign_attrs(
        units="rad"
    )
    ds = poses.drop_vars([*poses.data_vars, "bodypart", "space", "role"]).assign(
        heading=heading, joint_angle=(abs(heading) - 1).assign_attrs(units="rad")
    )
    table = mean_features(ds, bins_of(ds, "1 s")).set_index("behaviour")
    assert sorted(set(table.index)) == ["cos heading", "joint_angle", "sin heading"]
    np.testing.assert_allclose(table["mean"]["cos heading"].dropna(), np.cos(3.1), rtol=1e-6)
    np.testing.assert_allclose(table["mean"]["joint_angle"].dropna(), 2.1, rtol=1e-6)
    assert set(table.units["cos heading"]) == {"1"}


def test_transitions_to_what_was_not_observed_are_not_known() -> None:
    """One animal was never scored for rearing: whether it reared after grooming is not known."""
    n, dims = 30, ("recording", "individual", "time")
    ds = cohort_of({"a": [], "b": []}, n)
    grooming, rearing = np.zeros((2, 2, 1, n), np.float32)
    grooming[..., 2:5], rearing[..., 8:12] = 1, 1
    rearing[1] = np.nan
    label = {"kind": "label", "units": "1"}
    labels = ds.drop_vars("cluster").assign(
        grooming=(dims, grooming, label), rearing=(dims, rearing, label)
    )
    table = measures({GROUP: labels})
    for measure in ("count", "probability", "rate"):
        chosen = table[(table.measure == measure) & (table.behaviour == "grooming → rearing")]
        known = chosen.set_index("recording").value
        assert known["a"] > 0, measure
        assert np.isnan(known["b"]), measure


def test_a_transition_is_in_the_bin_of_the_bout_that_it_leads_to() -> None:
    """The middle of a frame decides: at 29.97 frames per second borders lie within frames."""
    ds = cohort_of({"a": [(20, 23), (509, 512), (539, 545), (599, 604)]}, 620)
    ds = ds.assign_coords(fps=29.97, time=("time", np.arange(620) / 29.97, ds.time.attrs))
    table = measures({GROUP: ds}, bin="1 s")
    bouts = table[table.measure == "n_bouts"].groupby("bin").value.sum()
    led = table[table.measure == "count"].groupby("bin").value.sum()
    led[0] += 1  # nothing leads to the first bout
    np.testing.assert_array_equal(led, bouts)
