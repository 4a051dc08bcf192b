"""Pictures of what is too much to be drawn one by one, and of what is chosen in two at once."""

from __future__ import annotations

from pathlib import Path

import holoviews as hv
import numpy as np
import pytest
import xarray as xr

import ethoflow as ef


def embedded(n: int = 3000) -> xr.Dataset:
    """Three states in three places, one after the other; every tenth frame is of none."""
    states = np.repeat([0.0, 1.0, 2.0], n // 3)
    rng = np.random.default_rng(1)
    latent = (states * 10 + rng.normal(0, 0.1, (2, n)))[None].astype(np.float32)
    states[::10] = np.nan
    return xr.Dataset(
        {"embedding": (("individual", "latent", "time"), latent),
         "state": (("individual", "time"), states[None].astype(np.float32), {
             "kind": "category", "flag_values": [0, 1, 2], "flag_meanings": "rest walk rear"})},
        {"individual": ["a"], "time": ("time", np.arange(n) / 25, {"units": "s"}), "fps": 25.0},
    )  # fmt: skip


def test_a_density_of_many_counts_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ethoflow.plot.many.MANY", 1000)
    picture = ef.plot.embedding(embedded())
    assert len(picture.data) == 3000
    (counts,) = (x for x in picture.figure[()].traverse(lambda x: x, [hv.Image]))
    assert int(np.nansum(counts.dimension_values(2))) == 3000


def test_groups_of_many_keep_their_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    few = ef.plot.embedding(embedded(), by="state").figure
    wanted = {
        layer.label: layer.opts.get("style", backend="bokeh").kwargs["color"] for layer in few
    }
    monkeypatch.setattr("ethoflow.plot.many.MANY", 1000)
    figure = ef.plot.embedding(embedded(), by="state").figure
    (shaded,) = figure[()].traverse(lambda x: x, [hv.RGB])
    keys = {
        layer.label: layer.opts.get("style", backend="bokeh").kwargs["color"]
        for layer in figure[()].traverse(lambda x: x, [hv.Points])
    }
    assert keys == wanted
    x, y = (shaded.dimension_values(i, expanded=False) for i in (0, 1))
    pixels = np.stack([shaded.dimension_values(i, flat=False) for i in range(2, 6)], axis=-1)
    rear = pixels[np.ix_(y > 18, x > 18)].reshape(-1, 4)
    full = rear[rear[:, 3] > 0][:, :3].mean(axis=0)
    colour = np.array([int(wanted["rear"][i : i + 2], 16) for i in (1, 3, 5)])
    grey = np.array([0xD9] * 3)
    share = np.linalg.norm(full - colour) / np.linalg.norm(grey - colour)
    assert share < 0.35  # a tenth of its frames is unknown, and mixes in


@pytest.mark.slow
def test_paths_of_many_frames_have_their_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ethoflow.plot.many.MANY", 500)
    along = np.linspace(0, 100, 1000)
    points = np.stack([along, along])[None, None]
    points[..., 400:600] = np.nan
    ds = ef.from_arrays(points, fps=25, bodyparts=["centre"], units="mm")
    picture = ef.plot.trajectories(ds)
    assert len(picture.data) == 1000
    (shaded,) = picture.figure[()].traverse(lambda x: x, [hv.RGB])
    x = shaded.dimension_values(0, expanded=False)
    drawn = (shaded.dimension_values(5, flat=False) > 0).any(axis=0)
    assert not drawn[(x > 41) & (x < 59)].any()
    assert drawn[(x > 1) & (x < 39)].all()


def test_a_long_trace_is_drawn_anew_where_it_is_zoomed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    n = 30_000
    values = np.random.default_rng(0).normal(0, 1, (1, n))
    values[0, 20_000] = 99.0
    time = np.arange(n) / 25
    speed = xr.Dataset(
        {"speed": (("individual", "time"), values, {"units": "mm/s"})},
        {"individual": ["a"], "time": ("time", time, {"units": "s"}), "fps": 25.0},
    )
    picture = ef.plot.traces(speed)
    assert picture.data.value.max() == 99.0
    (whole,) = picture.figure[()].traverse(lambda x: x, [hv.Curve])
    assert len(whole) == len(picture.data) <= 8000
    drawn = hv.renderer("bokeh").get_plot(picture.figure)
    (zoom,) = (stream for stream in drawn.streams if isinstance(stream, hv.streams.RangeX))
    zoom.event(x_range=(40.0, 80.0))
    (seen,) = picture.figure[()].traverse(lambda x: x, [hv.Curve])
    assert len(picture.save(tmp_path / "trace.html").read_text(encoding="utf-8")) > 1e6
    assert "callbacks" not in caplog.text
    inside = seen.data[(seen.data.time >= 40) & (seen.data.time <= 80)]
    np.testing.assert_array_equal(inside.value, values[0, 1000:2001])


def test_an_embedding_and_its_ethogram_are_of_the_same_frames() -> None:
    picture = ef.plot.embedding_ethogram(embedded(), by="state")
    table = picture.data
    assert len(table) == 3000
    np.testing.assert_allclose(table.time, np.arange(3000) / 25)
    assert table.group[table.time == 0.4].tolist() == [""]  # unknown
    assert set(table.group) == {"", "rest", "walk", "rear"}
    layout = hv.renderer("bokeh").get_plot(picture.figure)
    sources = {one.handles["source"].id for one in layout.traverse(lambda x: x)
               if "source" in getattr(one, "handles", {})}  # fmt: skip
    assert len(sources) == 1  # what is chosen in one is chosen in both
    with pytest.raises(ef.DataError, match="no latents"):
        ef.plot.embedding_ethogram(embedded(), by="state", latents=(0, 7))


def test_a_long_embedding_keeps_all_animals_at_the_same_moments() -> None:
    one = embedded(15_000)
    two = xr.concat([one, one], "individual").assign_coords(individual=["a", "b"])
    table = ef.plot.embedding_ethogram(two, by="state").data
    assert len(table) <= 20_000
    a, b = (set(table.time[table.animal == name]) for name in "ab")
    assert a == b


def test_directions_of_several_regions_are_not_mixed() -> None:
    angles = xr.DataArray(
        np.zeros((1, 2, 5)), dims=("individual", "region", "time"), name="region_bearing",
        coords={"individual": ["a"], "region": ["nest", "food"], "time": np.arange(5) / 10,
                "fps": 10.0},
        attrs={"units": "rad"},
    )  # fmt: skip
    with pytest.raises(ef.DataError, match=r"\.sel\(region='nest'\)"):
        ef.plot.headings(angles)
    one = ef.plot.headings(angles.sel(region="nest"))
    said = [text for layer in one.figure.traverse(lambda x: x, [hv.Labels])
            for text in layer.data["said"]]  # fmt: skip
    assert "π/2" in said
    assert "+y" not in said
