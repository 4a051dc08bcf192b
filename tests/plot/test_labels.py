"""Pictures of agreement, confusion, directions, poses and embeddings: the numbers they draw."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from tests.chromium import load_page


def labels(values: list[float]) -> xr.Dataset:
    states = np.array(values, np.float32)[None]
    return xr.Dataset(
        {"state": (("individual", "time"), states, {
            "kind": "category", "flag_values": [0, 1], "flag_meanings": "rest run"})},
        {"individual": ["a"], "time": ("time", np.arange(len(values)) / 10.0, {"units": "s"}),
         "fps": 10.0},
    )  # fmt: skip


def test_only_frames_that_both_know_are_confused() -> None:
    nan = float("nan")
    a, b = labels([0, 0, 0, 1, 1, nan]), labels([0, 1, nan, 1, 1, 0])
    found = ef.plot.confusion(a, b).data.set_index(["a", "b"])["share"]
    assert found[("state rest", "state rest")] == 0.5
    assert found[("state rest", "state run")] == 0.5
    assert found[("state run", "state run")] == 1.0
    none = ef.plot.confusion(labels([0, 0]), labels([0, 1])).data.set_index(["a", "b"])["share"]
    assert np.isnan(none[("state run", "state run")])  # never shown is empty, and not 0
    with pytest.raises(ef.DataError, match="not of the same recordings"):
        ef.plot.confusion(a, labels([0, 1]))
    seats = a.isel(individual=[0, 0]).copy(deep=True)
    seats = seats.assign_coords(individual=["a", "b"], animal=("individual", ["p", "q"]))
    seats.state[1] = b.state[0]
    alike = ef.plot.confusion(seats, seats.isel(individual=[1, 0])).data
    assert alike.equals(ef.plot.confusion(seats, seats).data)
    changed = seats.isel(individual=[1, 0]).assign_coords(individual=["a", "b"])
    with pytest.raises(ef.DataError, match="a is p and q"):
        ef.plot.confusion(seats, changed)


@pytest.mark.filterwarnings("ignore::ethoflow.labels.comparison.notes.AgreementNote")
def test_agreement_is_that_of_the_table() -> None:
    a, b = labels([0, 0, 1, 1] * 5), labels([0, 1, 1, 1] * 5)
    table = ef.agreement({"x": a, "y": b}, draws=0)
    own = table[table.measure == "f1"].reset_index(drop=True)
    found = ef.plot.agreement(table).data
    np.testing.assert_array_equal(found.value, own.value)
    with pytest.raises(ef.DataError, match="no measure 'kapa'"):
        ef.plot.agreement(table, measure="kapa")


def test_directions_are_counted_in_their_sectors() -> None:
    angles = np.array([0.1, -0.1, np.pi / 2, np.pi - 0.01, -np.pi + 0.01, np.nan])
    direction = xr.DataArray(
        angles[None], dims=("individual", "time"), name="heading", attrs={"units": "rad"},
        coords={"individual": ["a"], "time": np.arange(6) / 10, "fps": 10.0},
    )  # fmt: skip
    table = ef.plot.headings(direction, n=4).data
    assert table.frames.tolist() == [2, 1, 2, 0]  # right, down, left, up
    assert table.share.sum() == pytest.approx(1)
    np.testing.assert_allclose(table["from"].iloc[1], np.pi / 4)
    assert ef.plot.headings(direction.where(False).assign_attrs(
        units="rad"), n=4).data.share.isna().all()  # fmt: skip
    with pytest.raises(ef.DataError, match="in rad"):
        ef.plot.headings(direction.assign_attrs(units="deg"))


def test_poses_are_those_of_the_moments() -> None:
    ds = ef.simulate.still_then_running()
    table = ef.plot.pose(ds, start=0, stop=4, moments=3).data
    assert sorted(set(table.time)) == [0.0, 2.0, 4.0]
    one = table[(table.time == 4.0) & (table.bodypart == "Nose")]
    expected = ds.position.sel(bodypart="Nose", space="x", time=4.0).values.ravel()
    np.testing.assert_allclose(one.x, expected)
    with pytest.raises(ef.DataError, match="within the recording"):
        ef.plot.pose(ds, start=100, stop=120)


def test_an_animation_draws_what_is_seen_and_runs_in_a_browser(tmp_path: Path) -> None:
    ds = ef.simulate.still_then_running()
    ds = ds.assign_coords(animal=("individual", ["<b>mouse</b>"])).copy(deep=True)
    nose = list(ds.bodypart.values).index("Nose")
    ds.position[{"bodypart": nose, "time": slice(30, 40)}] = np.nan
    picture = ef.plot.animation(ds, start=1, stop=2)
    page = picture.save(tmp_path / "moving.html")
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=|https?:", text)
    drawn = json.loads(text.partition('id="content">')[2].partition("</script>")[0])
    points = np.array(drawn["animals"][0]["points"], dtype=float)
    expected = ds.position.isel(individual=0, time=slice(25, 51))
    expected = expected.transpose("time", "bodypart", "space")
    np.testing.assert_allclose(points, expected.values, atol=0.006)
    assert np.isnan(points[5:15, nose]).all()
    dom = load_page(page, tmp_path / "profile")
    assert ">1.00 s<" in dom
    assert "<b>mouse" not in dom
    with pytest.raises(ef.DataError, match="within the recording"):
        ef.plot.animation(ds, start=100, stop=120)


def test_an_embedding_leaves_out_what_is_not_known() -> None:
    ds = labels([0, 0, 1, 1, float("nan")])
    latent = np.arange(10.0).reshape(1, 2, 5)
    latent[0, 0, 1] = np.nan
    ds["embedding"] = ("individual", "latent", "time"), latent
    table = ef.plot.embedding(ds, by="state").data
    assert table.one.tolist() == [0, 2, 3, 4]
    assert table.group.tolist() == ["rest", "run", "run", ""]
    assert len(ef.plot.embedding(ds).data) == 4
    with pytest.raises(ef.DataError, match="no latents"):
        ef.plot.embedding(ds, latents=(0, 5))
    with pytest.raises(ef.DataError, match="statte"):
        ef.plot.embedding(ds, by="statte")
