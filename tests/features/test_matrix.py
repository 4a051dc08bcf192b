"""Feature matrices: columns are what they are called; scalers are of the cohort."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.features.scaling import UnscaledFeatures
from tests.conftest import no_compute
from tests.strategies import make_pixels, make_poses, stack

NAMES = [
    "speed", "heading", "segment_length", "centre_distance", "bearing", "polarisation", "immobile",
    "is_nearest_neighbour",
]  # fmt: skip
WINDOWED = {"window": ["0.4 s", "1 s"], "statistic": ["mean", "sd", "slope"]}


def cohort() -> xr.Dataset:
    return stack([make_poses(2, 60, name="short"), make_poses(3, 110, name="long")])


def test_columns_are_what_they_are_called() -> None:
    ds = make_poses(1)
    matrix = ef.feature_matrix(ds, NAMES, **WINDOWED)
    assert matrix.dims == ("individual", "feature", "time")

    def column(name: str) -> np.ndarray:
        return matrix.sel(feature=name).values

    np.testing.assert_array_equal(column("speed Nose"), ef.features.speed(ds).sel(bodypart="Nose"))
    lengths = ef.features.segment_length(ds)
    for name in lengths.segment.values:
        np.testing.assert_array_equal(column(f"segment_length {name}"), lengths.sel(segment=name))
    for name in ("centre_distance", "bearing"):
        pairs = getattr(ef.features, name)(ds)
        np.testing.assert_array_equal(column(name), [pairs[0, 1], pairs[1, 0]])
    np.testing.assert_array_equal(column("polarisation")[0], ef.features.polarisation(ds))
    np.testing.assert_array_equal(column("polarisation")[0], column("polarisation")[1])
    windows = ef.windowed(ds, "speed", **WINDOWED)
    for window in WINDOWED["window"]:
        for statistic in WINDOWED["statistic"]:
            name = f"speed Center, {statistic} of {window}"
            np.testing.assert_array_equal(
                column(name),
                windows.sel(bodypart="Center", window=window, statistic=statistic),
            )
    unit = dict(zip(matrix.feature.values, matrix.unit.values, strict=True))
    assert unit["speed Nose, slope of 1 s"] == "mm/s2"
    assert [unit["heading"], unit["centre_distance"]] == ["rad", "mm"]


@pytest.mark.parametrize("chunk", [1, 7, 100, -1])
def test_chunks_do_not_show(chunk: int) -> None:
    with no_compute():
        lazy = ef.feature_matrix(make_poses(1).chunk(time=chunk), NAMES, **WINDOWED)
    xr.testing.assert_identical(lazy.compute(), ef.feature_matrix(make_poses(1), NAMES, **WINDOWED))


def test_alone_in_a_cohort_and_in_a_store(tmp_path: Path) -> None:
    lazy = ef.feature_matrix(cohort().chunk(recording=1, time=31), NAMES, **WINDOWED)
    alone = ef.feature_matrix(make_poses(2, 60), NAMES, **WINDOWED)
    np.testing.assert_array_equal(lazy[0, ..., :60].values, alone.values)
    ef.write(lazy.to_dataset(), tmp_path / "a.zarr", group="features")
    stored = ef.open(tmp_path / "a.zarr")["features"]["feature_matrix"]
    np.testing.assert_array_equal(stored.values, lazy.values)
    assert stored.unit.values.tolist() == lazy.unit.values.tolist()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(lazy)).values, lazy.values)


def test_arrays_beside_names() -> None:
    ds = make_poses(1)
    windows = ef.windowed(ds, "body_span", window="0.4 s", statistic=["mean", "slope"])
    height = (ef.features.body_span(ds) * 2).rename("height").assign_attrs(units="mm")
    both = [
        ef.features.bodypart_distance(ds, pairs=[(one, "Tail_base")]) for one in ("Nose", "Center")
    ]
    matrix = ef.feature_matrix(ds, ["body_span", windows, height, *both])
    assert matrix.feature.values.tolist() == [
        "body_span", "body_span, mean of 0.4 s", "body_span, slope of 0.4 s", "height",
        "bodypart_distance Nose-Tail_base", "bodypart_distance Center-Tail_base",
    ]  # fmt: skip
    assert matrix.unit.values.tolist() == ["mm", "mm", "mm/s", "mm", "mm", "mm"]
    np.testing.assert_array_equal(matrix[:, 4], both[0][:, 0])
    np.testing.assert_array_equal(matrix[:, 5], both[1][:, 0])


def test_individuals_in_another_order_are_found_by_name() -> None:
    ds = make_poses(1)
    turned = ef.features.body_span(ds).isel(individual=[1, 0]).rename("span")
    np.testing.assert_array_equal(ef.feature_matrix(ds, [turned])[:, 0], ef.features.body_span(ds))
    pairs = ef.features.centre_distance(ds).isel(partner=[1, 0]).rename("apart")
    np.testing.assert_array_equal(
        ef.feature_matrix(ds, [pairs]).values, ef.feature_matrix(ds, ["centre_distance"]).values
    )


def test_what_is_cut_is_refused() -> None:
    ds = make_poses(1)
    one = ef.features.centre_distance(ds).isel(individual=[0])
    with pytest.raises(ef.DataError, match="individual"):
        ef.feature_matrix(ds, [one])
    with pytest.raises(ef.DataError, match="partners"):
        ef.feature_matrix(ds.isel(individual=[0]), [one])
    with pytest.raises(ef.DataError):
        ef.feature_matrix(ds.isel(individual=[0]), ["centre_distance"])
    with pytest.raises(ef.DataError, match="categories"):
        ef.feature_matrix(ds, ["side"])
    with pytest.raises(ef.DataError, match="units"):
        ef.feature_matrix(ds, [ef.features.body_span(ds).drop_attrs()])
    with pytest.raises(ef.DataError, match="at least one"):
        ef.feature_matrix(ds, [])


def test_partners_in_groups_are_stated() -> None:
    ds = make_poses(1, n_individuals=3)
    with pytest.raises(ef.DataError, match="nearest"):
        ef.feature_matrix(ds, ["bearing"])
    apart, bearing = ef.features.centre_distance(ds).values, ef.features.bearing(ds).values
    near = ef.feature_matrix(ds, ["centre_distance", "bearing"], partners="nearest").values
    for a in range(3):
        for t in range(120):
            others = [b for b in range(3) if b != a and not np.isnan(apart[a, b, t])]
            if not others:
                assert np.isnan(near[a, :, t]).all()
                continue
            b = min(others, key=lambda other: apart[a, other, t])
            np.testing.assert_array_equal(near[a, :, t], [apart[a, b, t], bearing[a, b, t]])
    each = ef.feature_matrix(ds, ["bearing", "is_nearest_neighbour"], partners="each")
    names = [f"bearing with individual_{i}" for i in range(3)]
    assert each.feature.values.tolist()[:3] == names
    np.testing.assert_array_equal(each[:, :3], bearing)
    assert all(np.isnan(each[i, 3 + i]).all() for i in range(3))  # nobody is its own neighbour


def test_angles_as_components() -> None:
    ds = make_poses(1)
    matrix = ef.feature_matrix(ds, ["heading", "body_span"], angles="components")
    assert matrix.feature.values.tolist() == ["cos heading", "sin heading", "body_span"]
    heading = ef.features.heading(ds).values
    np.testing.assert_allclose(matrix[:, 0], np.cos(heading), atol=1e-6)
    np.testing.assert_allclose(matrix[:, 1], np.sin(heading), atol=1e-6)


# --- scaling ----------------------------------------------------------------------------------


def fitted(ds: xr.Dataset, method: str = "standard") -> tuple[xr.DataArray, ef.Model]:
    matrix = ef.feature_matrix(ds, ["speed", "heading", "centre_distance"])
    return matrix, ef.fit_scaler(matrix, method)


def test_a_scaler_is_of_the_cohort() -> None:
    matrix, model = fitted(cohort())
    values = matrix.transpose("feature", ...).values.reshape(matrix.sizes["feature"], -1)
    linear = ~matrix.circular.values
    np.testing.assert_allclose(
        model["centre"][linear], np.nanmean(values, axis=1)[linear], rtol=1e-6
    )
    np.testing.assert_allclose(
        model["spread"][linear], np.nanstd(values, axis=1)[linear], rtol=1e-5
    )
    scaled = ef.apply_scaler(matrix, model).sel(feature="speed Nose")
    np.testing.assert_allclose([scaled.mean(), scaled.std() - 1], 0, atol=1e-5)
    one = scaled.isel(recording=0)
    assert abs(float(one.mean())) > 1e-3  # never per recording
    _, robust = fitted(cohort(), "robust")
    middle = np.nanmedian(values, axis=1)
    spread = (
        np.diff(np.nanquantile(values, [0.25, 0.75], axis=1, method="nearest"), axis=0)[0] / 1.349
    )
    np.testing.assert_allclose(robust["centre"][linear], middle[linear], rtol=0.02, atol=0.02)
    np.testing.assert_allclose(robust["spread"][linear], spread[linear], rtol=2e-3)


@pytest.mark.parametrize("method", ["robust", "standard"])
def test_no_chunks_and_no_order_show(method: str) -> None:
    matrix, model = fitted(cohort(), method)
    lazy = cohort().chunk(recording=1, time=17)
    digests = []
    for ds in (lazy, lazy.isel(recording=[1, 0]), cohort().isel(recording=[1, 0])):
        other, again = fitted(ds, method)
        np.testing.assert_array_equal(again["centre"], model["centre"])
        np.testing.assert_array_equal(again["spread"], model["spread"])
        digests.append(again.digest)
        found = ef.apply_scaler(other, again).sel(recording="long").compute()
        np.testing.assert_array_equal(found, ef.apply_scaler(matrix, model).sel(recording="long"))
    assert digests[0] == digests[1]


def test_angles_are_scaled_around_the_circle() -> None:
    n = 400
    swing = np.pi + 0.1 * np.sin(np.arange(n) / 5)
    body = np.stack([np.zeros((2, n)), 10 * np.stack([np.cos(swing), np.sin(swing)])])
    ds = ef.from_arrays(body[np.newaxis], fps=25, bodyparts=["tail_base", "nose"], units="mm")
    matrix = ef.feature_matrix(ds, ["heading"])
    for method in ("robust", "standard"):
        found = ef.apply_scaler(matrix, ef.fit_scaler(matrix, method))
        assert float(np.abs(found).max()) < 2


def test_other_features_and_other_units_are_refused() -> None:
    matrix, model = fitted(make_poses(1))
    with pytest.raises(ef.DataError, match="px"):
        ef.apply_scaler(
            ef.feature_matrix(make_pixels(1), ["speed", "heading", "centre_distance"]), model
        )
    with pytest.raises(ef.DataError, match="lacks"):
        ef.apply_scaler(matrix.isel(feature=slice(1, None)), model)
    with pytest.raises(ef.DataError, match="beside"):
        ef.apply_scaler(
            ef.feature_matrix(make_poses(1), ["speed", "heading", "centre_distance", "body_span"]),
            model,
        )
    turned = ef.apply_scaler(matrix.isel(feature=slice(None, None, -1)), model)
    xr.testing.assert_equal(turned.drop_attrs(), ef.apply_scaler(matrix, model).drop_attrs())
    slow = make_poses(1)
    slow = slow.assign_coords(fps=slow.fps / 2, time=slow.time * 2)
    with pytest.raises(ef.DataError, match=r"fitted at 25 fps, the matrix is at 12\.5 fps"):
        ef.apply_scaler(ef.feature_matrix(slow, ["speed", "heading", "centre_distance"]), model)
    with pytest.raises(ef.DataError, match="scaler"):
        ef.apply_scaler(matrix, ef.Model.of("other", {"centre": np.zeros(3)}))


def test_a_scaler_is_a_json_file(tmp_path: Path) -> None:
    matrix, model = fitted(make_poses(1), "robust")
    path = ef.save_scaler(model, tmp_path / "scaler.json")
    again = ef.read_scaler(path)
    assert again.digest == model.digest
    np.testing.assert_array_equal(ef.apply_scaler(matrix, again), ef.apply_scaler(matrix, model))
    held = json.loads(path.read_text())
    held["features"][0]["centre"] = 1.5
    path.write_text(json.dumps(held))
    assert ef.read_scaler(path).digest != model.digest
    path.write_text(json.dumps({**json.loads(ef.save_scaler(model, path).read_text()), "fps": 50}))
    assert ef.read_scaler(path).digest != model.digest
    with pytest.raises(ef.DataError, match="fitted at 50 fps"):
        ef.apply_scaler(matrix, ef.read_scaler(path))
    for text in ("{}", "[1]", "no", '{"features": 3}'):
        path.write_text(text)
        with pytest.raises(ef.DataError, match=r"scaler\.json"):
            ef.read_scaler(path)
    with pytest.raises(ef.DataError, match="no file"):
        ef.read_scaler(tmp_path / "scalr.json")


def test_features_without_a_spread_are_said() -> None:
    ds = make_poses(1)
    flat = (ef.features.body_span(ds) * 0 + 3).rename("flat").assign_attrs(units="mm")
    gone = (flat * np.nan).rename("gone").assign_attrs(units="mm")
    matrix = ef.feature_matrix(ds, ["body_span", flat, gone])
    with pytest.warns(UnscaledFeatures) as said:
        model = ef.fit_scaler(matrix)
    assert "gone were never seen" in str(said[0].message)
    assert "flat never change" in str(said[1].message)
    found = ef.apply_scaler(matrix, model)
    assert float(found.sel(feature="flat").max()) == 0
    assert found.sel(feature="gone").isnull().all()


def test_a_scaler_does_not_mind_a_feature_of_ones_own_of_that_name() -> None:
    from tests.engine.probes import windows  # declares feature_matrix, without units

    assert windows.feature_matrix.name == "feature_matrix"
    matrix, model = fitted(make_poses(1))
    assert float(ef.apply_scaler(matrix, model).isel(feature=0).std()) == pytest.approx(1, abs=1e-4)
