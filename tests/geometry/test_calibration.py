"""From pixels to millimetres: one scale, one for each recording, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from tests.conftest import no_compute
from tests.strategies import make_tracks, stack

ARENAS = {
    "a": ef.circle(10, 20, 100, size="400 mm"),
    "b": ef.polygon([(0, 0), (50, 0), (50, 90)], size="100 mm"),
}


def cohort() -> xr.Dataset:
    return stack([make_tracks(1, 40, name="a"), make_tracks(2, 25, name="b")])


def test_positions_are_divided_by_the_scale() -> None:
    tracks = make_tracks(1, 40)
    poses = ef.calibrate(tracks, px_per_mm=3.2)
    np.testing.assert_allclose(poses.position, tracks.position / 3.2, rtol=1e-6)
    assert poses.position.attrs["units"] == "mm"
    assert poses.px_per_mm.item() == 3.2
    assert tracks.position.attrs["units"] == "px"


def test_every_recording_has_its_own_scale() -> None:
    poses = ef.calibrate(cohort(), px_per_mm={"b": 4, "a": 2, "other": 1})
    for name, scale in (("a", 2), ("b", 4)):
        expected = cohort().position.sel(recording=name) / scale
        np.testing.assert_array_equal(poses.position.sel(recording=name), expected)


@pytest.mark.parametrize("chunk", [None, 7])
def test_every_recording_has_its_own_arena(chunk: int | None) -> None:
    ds = cohort().chunk(recording=1, time=chunk) if chunk else cohort()
    with no_compute():
        poses = ef.calibrate(ds, ARENAS)
    assert poses.px_per_mm.values.tolist() == [0.5, 0.5]
    assert poses.arena_radius.values[0] == 200
    assert np.isnan(poses.arena_radius.values[1])
    np.testing.assert_array_equal(poses.arena_centre[0], [20, 40])
    np.testing.assert_array_equal(poses.arena[1, :3], [[0, 0], [100, 0], [100, 180]])
    assert np.isnan(poses.arena[1, 3:]).all()
    for name in ("a", "b"):
        alone = ef.calibrate(cohort().sel(recording=name), ARENAS[name])
        np.testing.assert_array_equal(poses.position.sel(recording=name), alone.position)


def test_a_scale_wins_over_that_of_the_arena() -> None:
    poses = ef.calibrate(make_tracks(1, 10), ARENAS["a"], px_per_mm=2)
    assert poses.px_per_mm == 2
    assert poses.arena_radius == 50


def test_an_arena_without_a_scale_stays_in_pixels() -> None:
    tracks = make_tracks(1, 10)
    there = ef.calibrate(tracks, ef.circle(1, 2, 100))
    assert there.position.attrs["units"] == there.arena.attrs["units"] == "px"
    np.testing.assert_array_equal(there.position, tracks.position)


def test_an_arena_in_pixels_follows_a_later_scale() -> None:
    tracks, arena = make_tracks(1, 30), ef.circle(1, 2, 100)
    late = ef.calibrate(ef.calibrate(tracks, arena), px_per_mm=3.2)
    at_once = ef.calibrate(tracks, arena, px_per_mm=3.2)
    assert late.arena.attrs["units"] == "mm"
    for name in ("arena", "arena_centre", "arena_radius", "position"):
        np.testing.assert_allclose(late[name], at_once[name], rtol=1e-6)
    late = ef.calibrate(ef.calibrate(cohort(), arena), px_per_mm={"a": 2, "b": 4})
    np.testing.assert_array_equal(late.arena_radius, [50, 25])


def test_what_is_refused() -> None:
    tracks = make_tracks(1, 10)
    with pytest.raises(ef.DataError, match="calibrate them once.*units='mm'"):
        ef.calibrate(ef.calibrate(tracks, px_per_mm=2), px_per_mm=2)
    with pytest.raises(ef.DataError, match="needs px_per_mm"):
        ef.calibrate(tracks)
    for scale in (0, -1, np.nan, np.inf):
        with pytest.raises(ef.DataError, match="positive number"):
            ef.calibrate(tracks, px_per_mm=scale)
    with pytest.raises(ef.DataError, match="no px_per_mm for the recording 'b'"):
        ef.calibrate(cohort(), px_per_mm={"a": 2})
    with pytest.raises(ef.DataError, match="no arena for the recording 'b'"):
        ef.calibrate(cohort(), {"a": ARENAS["a"]})
    with pytest.raises(ef.DataError, match=r"no scale for: b"):
        ef.calibrate(cohort(), {"a": ARENAS["a"], "b": ef.circle(0, 0, 1)})
    for given in (3.2, "3.2", "3.2 px/mm", {"default": 3.2}, {"default": "32 px/cm"}):
        with pytest.raises(ef.DataError, match=r"A scale alone is given as px_per_mm=3\.2"):
            ef.calibrate(tracks, given)  # type: ignore[arg-type]


def test_an_arena_may_be_a_text() -> None:
    written = ef.calibrate(make_tracks(1, 10), "circle 320 240 200 px = 380 mm")
    xr.testing.assert_identical(
        written, ef.calibrate(make_tracks(1, 10), ef.circle(320, 240, 200, size="380 mm"))
    )


def test_distances_scale_with_the_calibration() -> None:
    tracks = make_tracks(1, 40)
    one, two = (ef.features.speed(ef.calibrate(tracks, px_per_mm=s)) for s in (1, 2))
    np.testing.assert_array_equal(one, two * 2)


def test_the_spread_of_an_ensemble_is_scaled_too(tmp_path):
    position = np.full((1, 2, 2, 5), 32.0)
    tracks = ef.from_arrays(
        position, fps=25, bodyparts=["nose", "tailbase"], position_sd=position / 10
    )
    poses = ef.calibrate(tracks, px_per_mm=3.2)
    assert poses.position_sd.attrs["units"] == "mm"
    np.testing.assert_allclose(poses.position_sd, 1, rtol=1e-6)
    ef.write(ef.clean(poses), tmp_path / "c.zarr", "poses")
    stored = ef.open(tmp_path / "c.zarr")["poses"].position_sd
    assert stored.dims == ("recording", "individual", "bodypart", "space", "time")
    assert float(stored.max()) == pytest.approx(1)


# A scale for each recording.

WAYS = {
    "array": lambda ds: np.array([2, 4]),
    "list of texts": lambda ds: ["2 px/mm", "0,25 mm/px"],
    "series in order": lambda ds: pd.Series([2.0, 4.0]),
    "series by name": lambda ds: pd.Series({"b": 4.0, "a": 2.0}),
    "mapping of texts": lambda ds: {"b": "40 px/cm", "a": "2"},
    "coordinate": lambda ds: ds["pixels/mm"],
    "coordinate in another order": lambda ds: ds["pixels/mm"][::-1],
    "array with units": lambda ds: xr.DataArray([0.5, 0.25], dims="recording").assign_attrs(
        units="mm/px"
    ),
    "coordinate with its unit": lambda ds: ds["mm per pixel"],
    "series with its unit": lambda ds: pd.Series([0.5, 0.25], name="mm/px"),
    "series of texts": lambda ds: pd.Series(["2", "40 px/cm"], name="pixels/mm"),
    "column": lambda ds: "pixels/mm",
    "column as a store calls it": lambda ds: "pixels_mm",
    "column of texts": lambda ds: "scale",
    "column with its unit": lambda ds: "mm per pixel",
    "column called as ours": lambda ds: "px_per_mm",
}


def with_scales() -> xr.Dataset:
    return cohort().assign_coords({
        "pixels/mm": ("recording", [2.0, 4.0]),
        "mm per pixel": ("recording", [0.5, 0.25]),
        "scale": ("recording", ["2 px/mm", "4 px/mm"]),
        "metadata_px_per_mm": ("recording", [2, 4]),
        "cage": ("recording", ["x", "y"]),
        "lost": ("recording", [2, np.nan]),
    })  # fmt: skip


@pytest.mark.parametrize("column", ["mm/px", "mm_per_px", "video mm/px"])
def test_the_unit_of_a_column_survives_a_store(column, tmp_path):
    ds = cohort().assign_coords({column: ("recording", [0.5, 0.25])})
    ef.write(ds, tmp_path / "c.zarr")
    stored = ef.open(tmp_path / "c.zarr", "tracks")
    name = column.replace("/", "_")
    for given in (stored[name], name, column):
        assert ef.calibrate(stored, px_per_mm=given).px_per_mm.values.tolist() == [2, 4]


@pytest.mark.parametrize("way", WAYS)
def test_a_scale_for_each_recording_in_every_form(way):
    ds = with_scales()
    poses = ef.calibrate(ds, px_per_mm=WAYS[way](ds))
    assert poses.px_per_mm.values.tolist() == [2, 4]
    np.testing.assert_array_equal(poses.position[1], ds.position[1] / 4)


@pytest.mark.parametrize(
    ("given", "factor"),
    [("2 px/mm", 2), ("2,5 px/mm", 2.5), ("20 px/cm", 2), ("0.5 mm / pixel", 2), ("2", 2),
     (np.float32(2), 2), (np.array(2), 2), (xr.DataArray(2.0), 2), ("2 pixels/mm", 2)],
)  # fmt: skip
def test_one_scale_in_every_form(given, factor):
    for ds in (cohort(), make_tracks(1, 10)):
        assert (ef.calibrate(ds, px_per_mm=given).px_per_mm == factor).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([2, 4, 8], r"shape \(3,\); needed one for each of the 2 recordings"),
        (np.ones((2, 2)), "shape"),
        (pd.Series([2.0]), "shape"),
        (pd.Series({"a": 2.0}), "no px_per_mm for the recording 'b'"),
        (xr.DataArray([2.0, 4.0], dims="individual"), r"the dims \(individual\)"),
        ([2, np.nan], "not for: b"),
        ([2, 0], "not for: b"),
        ([-1, 2], "not for: a"),
        ([2, True], "px_per_mm of b is True"),
        ([2, None], "px_per_mm of b is None"),
        ("2 mm", "needs a value in px/mm"),
        ("2 px/s", "needs a value in px/mm"),
        ("0 mm/px", "not for: a, b"),
        ("zoom", "neither a scale such as .* columns are: 'pixels/mm', 'mm per pixel', 'scale'"),
        ("cage", "px_per_mm of a is 'x'"),
        ("lost", "not for: b"),
    ],
)
def test_scales_that_are_refused(given, message):
    with pytest.raises(ef.DataError, match=message):
        ef.calibrate(with_scales(), px_per_mm=given)


def test_a_series_is_joined_by_names_that_are_numbers():
    numbered = cohort().assign_coords(recording=["101", "102"])
    scales = ef.calibrate(numbered, px_per_mm=pd.Series({102: 4.0, 101: 2.0})).px_per_mm
    assert scales.values.tolist() == [2, 4]


# Whatever else is in px.


def with_lengths(ds: xr.Dataset) -> xr.Dataset:
    """Beside the tracks what a user has in px, as variables and as coordinates."""
    rng = np.random.default_rng(5)
    speed = ef.features.speed(ds)
    return ds.assign(
        speed=speed,
        acceleration=ef.features.acceleration(ds),
        heading=ef.features.heading(ds),
        wall=xr.Variable(("zone", "vertex", "space"), rng.random((2, 5, 2)), {"units": "pixels"}),
        area=xr.Variable(("zone",), [4.0, 9.0], {"units": "px^2"}),
        density=xr.Variable(("zone",), [4.0, 9.0], {"units": "px-1"}),
        known=xr.Variable(("zone", "space"), np.ones((2, 2)), {"units": "mm"}),
        axis=xr.Variable(("zone", "space"), np.ones((2, 2)), {"units": "1"}),
        zoom=xr.Variable((), 3.0, {"units": "mm/px"}),
    ).assign_coords(
        region=(("region", "corner", "space"), rng.random((3, 4, 2)), {"units": "px"}),
        reach=("zone", [1.0, 2.0], {"units": "px"}),
    )


POWERS = {
    "speed": ("mm/s", 1), "acceleration": ("mm/s2", 1), "wall": ("mm", 1), "area": ("mm^2", 2),
    "density": ("mm-1", -1), "region": ("mm", 1), "reach": ("mm", 1), "position": ("mm", 1),
}  # fmt: skip
SAME = ("heading", "known", "axis", "zoom", "confidence")


@pytest.mark.parametrize("chunk", [None, 7])
@pytest.mark.parametrize("form", ["one", "cohort"])
def test_all_lengths_in_px_are_scaled(form: str, chunk: int | None) -> None:
    ds = with_lengths(cohort() if form == "cohort" else make_tracks(1, 40))
    ds = ds.chunk(time=chunk) if chunk else ds
    scales = {"a": 2, "b": 4}
    with no_compute():
        poses = ef.calibrate(ds, px_per_mm=scales if form == "cohort" else 2)
    poses = poses.load()
    for name in ("a", "b") if form == "cohort" else ("a",):
        one, tracks = (
            d.sel(recording=name) if form == "cohort" else d for d in (poses, ds.load())
        )  # fmt: skip
        for variable, (units, power) in POWERS.items():
            assert poses[variable].attrs["units"] == units
            expected = tracks[variable] / scales[name] ** power
            np.testing.assert_allclose(one[variable].transpose(*expected.dims), expected, rtol=1e-6)
        for variable in SAME:
            assert one[variable].attrs.get("units") == tracks[variable].attrs.get("units")
            np.testing.assert_array_equal(one[variable], tracks[variable])
    np.testing.assert_allclose(poses.speed, ef.features.speed(poses.drop_vars("speed")), rtol=1e-5)


def test_what_is_scaled_goes_through_a_store(tmp_path) -> None:
    ef.write(with_lengths(cohort()).drop_vars("region"), tmp_path / "c.zarr")
    stored = ef.open(tmp_path / "c.zarr", "tracks")
    ef.write(ef.calibrate(stored, px_per_mm={"a": 2, "b": 4}), tmp_path / "c.zarr", "poses")
    poses = ef.open(tmp_path / "c.zarr", "poses")
    direct = ef.calibrate(with_lengths(cohort()), px_per_mm={"a": 2, "b": 4})
    for name in ("speed", "wall", "area", "position"):
        np.testing.assert_array_equal(poses[name], direct[name])
        assert poses[name].attrs["units"] == direct[name].attrs["units"]
    rules = {"moving": {"min_speed": "2 cm/s"}}
    labels = ef.annotate(poses, ["moving"], parameters=rules)
    expected = ef.annotate(poses.drop_vars("speed"), ["moving"], parameters=rules)
    np.testing.assert_array_equal(labels.moving, expected.moving)


def test_features_alone_are_scaled_too() -> None:
    ds = with_lengths(make_tracks(1, 40))
    features = ds[["speed", "heading"]]
    scaled = ef.calibrate(features, px_per_mm=2)
    np.testing.assert_array_equal(scaled.speed, ef.calibrate(ds, px_per_mm=2).speed)
    with pytest.raises(ef.DataError, match="the features are in mm already"):
        ef.calibrate(scaled, px_per_mm=2)
    with pytest.raises(ef.DataError, match="needed the variable position"):
        ef.calibrate(ds[["heading"]], px_per_mm=2)


def test_an_outline_without_a_unit_is_refused() -> None:
    ds = make_tracks(1, 10)
    outline = np.ones((2, 4, 2))
    for other in (
        ds.assign(zones=(("zone", "vertex", "space"), outline)),
        ds.assign_coords(zones=(("zones", "vertex", "space"), outline)),
    ):
        with pytest.raises(ef.DataError, match=r"zones: no unit says .*ds\.zones\.attrs"):
            ef.calibrate(other, px_per_mm=2)
    ruler = ds.assign_coords(bin=("bin", [1.0, 2.0], {"units": "px"}))
    np.testing.assert_array_equal(ef.calibrate(ruler, px_per_mm=2).bin, [0.5, 1])
    many = cohort().assign_coords(bin=("bin", [1.0, 2.0], {"units": "px"}))
    with pytest.raises(ef.DataError, match=r"bin is in px and one for all .*drop_vars\('bin'\)"):
        ef.calibrate(many, px_per_mm={"a": 2, "b": 4})


def test_what_is_of_a_video_is_of_all_its_tracks() -> None:
    names = ["m1DLC_a_shuffle1_5", "m1DLC_a_shuffle2_5", "m2DLC_a_shuffle1_5"]
    ds = stack([make_tracks(1, 9, name=name) for name in names])
    scaled = ef.calibrate(ds, px_per_mm={"m1": 2, "m2": 4})
    assert scaled.px_per_mm.values.tolist() == [2, 2, 4]
    own = ef.calibrate(ds, px_per_mm={"m1DLC_a_shuffle2_5": 3, "m1": 2, "m2": 4})
    assert own.px_per_mm.values.tolist() == [2, 3, 4]
