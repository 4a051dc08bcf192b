"""Pictures: what they show, that HTML needs no network and PNG no browser, and what they refuse."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import holoviews as hv
import numpy as np
import pytest
import xarray as xr
from matplotlib import image

import ethoflow as ef
from ethoflow import simulate
from ethoflow.colours import colours_of
from ethoflow.plot.ethogram import UNKNOWN


@pytest.fixture(scope="module")
def simulation() -> simulate.Simulation:
    return simulate.simulate_cohort(2, duration=["40 s", "20 s"], seed=4)


@pytest.fixture(scope="module")
def labels(simulation: simulate.Simulation):
    a = simulation.arena
    arena = ef.circle(a.x, a.y, a.radius, size=a.size)
    return ef.annotate(ef.clean(ef.calibrate(simulation.tracks, arena)))


def boxes(picture: ef.plot.Picture) -> tuple[hv.Rectangles, hv.Rectangles]:
    unknown, shown = (layer for layer in picture.figure if isinstance(layer, hv.Rectangles))
    return unknown, shown


def test_every_bout_is_a_bar(labels) -> None:
    one = labels.isel(recording=0)
    _, shown = boxes(ef.plot.ethogram(one))
    bouts = ef.find_bouts(one)
    np.testing.assert_allclose(np.sort(shown.data.start), np.sort(bouts.start))
    np.testing.assert_allclose(np.sort(shown.data.stop), np.sort(bouts.stop))
    assert shown.data.duration.gt(0).all()
    animals = set(shown.data[shown.data.behaviour == "side_by_side"].animals)
    assert all(" – " in pair for pair in animals)
    assert len(animals) == 1


def test_unknown_is_grey_and_covers_what_is_unknown(labels) -> None:
    one = labels.isel(recording=0).compute()
    gone = one.moving.isel(individual=0).copy()
    one["moving"][{"individual": 0, "time": slice(100, 200)}] = np.nan
    unknown, _ = boxes(ef.plot.ethogram(one[["moving"]]))
    row = unknown.data[unknown.data.low == unknown.data.low.max()]
    expected = np.isnan(gone.values)
    expected[100:200] = True
    assert row.duration.sum() == pytest.approx(expected.sum() / 25)
    assert UNKNOWN == "#d9d9d9"


def test_a_shorter_recording_ends_where_it_ends(labels) -> None:
    unknown, shown = boxes(ef.plot.ethogram(labels.isel(recording=1)))
    assert [*shown.data.stop, *unknown.data.stop]
    assert max([*shown.data.stop, *unknown.data.stop]) <= 20 + 1e-9


def test_long_paths_are_thinned_and_say_so(simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["ethoflow.plot.trajectories"], "MAX_POINTS", 100)
    figure = ef.plot.trajectories(simulation.tracks.isel(recording=0)).figure
    assert all(len(layer.data) <= 100 for layer in figure if isinstance(layer, hv.Curve))
    title = hv.Store.lookup_options("bokeh", figure, "plot").kwargs["title"]
    assert title.endswith("Center, every 10 frames")


def test_a_gap_breaks_the_path(simulation) -> None:
    tracks = simulation.tracks.isel(recording=0).copy(deep=True)
    tracks.position[{"time": slice(50, 80)}] = np.nan
    figure = ef.plot.trajectories(tracks).figure
    lines = [layer for layer in figure if isinstance(layer, hv.Curve)]
    assert len(lines) == 2
    assert lines[0].data.x[50:80].isna().all()


@pytest.mark.parametrize("kind", ["ethogram", "trajectories"])
def test_files_stand_on_their_own(kind: str, simulation, labels, tmp_path: Path) -> None:
    data = labels if kind == "ethogram" else simulation.tracks
    figure = getattr(ef.plot, kind)(data.isel(recording=0))
    html = ef.plot.save(figure, tmp_path / "picture.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?https?:", html)
    picture = image.imread(ef.plot.save(figure, tmp_path / "picture.png"))
    colours = np.unique(picture[..., :3].reshape(-1, 3), axis=0)
    assert len(colours) > 20
    assert min(picture.shape[:2]) > 300
    with pytest.raises(ef.DataError, match=r"\.html, \.png or \.svg"):
        ef.plot.save(figure, tmp_path / "picture.gif")


@pytest.mark.slow
def test_a_browser_draws_the_page_without_a_network(simulation, labels, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser: install chromium to see the page drawn")
    page = ef.plot.save(ef.plot.ethogram(labels.isel(recording=0)), tmp_path / "page.html")
    shot = tmp_path / "shot.png"
    subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}",
         "--virtual-time-budget=5000", "--window-size=1100,700", f"--screenshot={shot}",
         page.as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip
    colours = np.unique(image.imread(shot)[..., :3].reshape(-1, 3), axis=0)
    assert len(colours) > 20


def test_one_recording_at_a_time(simulation, labels) -> None:
    with pytest.raises(ef.DataError, match=r"\.sel\(recording='session_00'\)"):
        ef.plot.ethogram(labels)
    with pytest.raises(ef.DataError, match="found 2"):
        ef.plot.trajectories(simulation.tracks)


def test_names_that_the_title_has_are_not_repeated() -> None:
    still = simulate.still_then_running()
    tracks = still.assign_coords(recording="m1", animal=("individual", ["m1"]))
    labels = ef.annotate(tracks, ["moving", "immobile"])
    figure = ef.plot.ethogram(labels).figure
    ticks = hv.Store.lookup_options("matplotlib", figure, "plot").kwargs["yticks"]
    assert {name for _, name in ticks} == {"moving", "immobile"}
    figure = ef.plot.trajectories(tracks).figure
    shown = hv.Store.lookup_options("matplotlib", figure, "plot").kwargs
    assert shown["show_legend"] is False


def test_an_animal_that_others_of_the_cohort_have_is_not_in_the_legend() -> None:
    one = simulate.still_then_running()
    both = xr.concat([one, one.copy(deep=True) * np.nan], "individual").assign_coords(
        individual=["individual_0", "individual_1"], animal=("individual", ["m1", ""])
    )
    both.position.attrs = one.position.attrs
    assert len(ef.plot.trajectories(both).figure) == 1
    named = both.assign_coords(animal=("individual", ["m1", "m2"]))
    assert len(ef.plot.trajectories(named).figure) == 2


def test_a_behaviour_keeps_its_colour_whatever_is_shown_beside_it() -> None:
    names = [*ef.behaviours.usual(), "own_rule"]
    together = colours_of(names)
    assert len(set(together.values())) == len(names)
    for name in names:
        assert colours_of([name]) == {name: together[name]}
    for few in (["moving", "climbing"], ["climbing", "moving", "freezing"]):
        assert colours_of(few)["moving"] == together["moving"]
    many = [f"cluster {i}" for i in range(40)]
    assert len(set(colours_of(many).values())) == 25


def test_regions_are_drawn_with_their_names() -> None:
    """Outlines close, holes and parts are paths of their own; a plain track has none."""
    tracks = simulate.still_then_running()
    ring = [ef.circle(50, 50, 30), ef.circle(50, 50, 10)]
    square = ef.polygon([(0, 0), (20, 0), (20, 10), (0, 10)])
    marked = ef.mark_regions(tracks, {"ring": ring, "square": square}, units="mm")
    shown = ef.plot.trajectories(marked).figure
    (outlines,) = (layer for layer in shown if isinstance(layer, hv.Path) and len(layer) == 3)
    closed = [path.array() for path in outlines.split()]
    assert all((path[0] == path[-1]).all() for path in closed)
    np.testing.assert_array_equal(closed[2], [(0, 0), (20, 0), (20, 10), (0, 10), (0, 0)])
    (names,) = (layer for layer in shown if isinstance(layer, hv.Labels))
    assert list(names.dimension_values("region")) == ["ring", "square"]
    assert not any(isinstance(layer, hv.Labels) for layer in ef.plot.trajectories(tracks).figure)


def test_a_title_of_ones_own_repeats_no_animal() -> None:
    still = simulate.still_then_running().assign_coords(
        recording="m1", animal=("individual", ["m1"])
    )
    figure = ef.plot.ethogram(ef.annotate(still, ["moving"]), title="m1 (anna)").figure
    options = hv.Store.lookup_options("matplotlib", figure, "plot").kwargs
    assert options["title"] == "m1 (anna)"
    assert [name for _, name in options["yticks"]] == ["moving"]
