"""Pictures of what is awkward: names, animals and labels that people have, and nothing known."""

from __future__ import annotations

import subprocess
import sys

import holoviews as hv
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.colours import colours_of
from ethoflow.plot.embedding import ABSENT
from ethoflow.plot.save import still_of
from tests.plot.test_labels import labels as of_states

HARD = "Übergröße_<b>$x^2$_and_$y_"


def flags(*names: str, known: bool = True, n: int = 60) -> xr.Dataset:
    """Labels of two animals, each label there half of the time."""
    shown = np.tile(np.repeat([0.0, 1.0], 10), n // 20).astype(np.float32)
    values = np.stack([shown, 1 - shown])
    values = values if known else np.full_like(values, np.nan)
    return xr.Dataset(
        {name: (("individual", "time"), values, {"kind": "label"}) for name in names},
        {"individual": ["a", "b"], "time": ("time", np.arange(n) / 10.0, {"units": "s"}),
         "fps": 10.0},
    )  # fmt: skip


def words(picture: ef.plot.Picture) -> set[str]:
    """All that is written in a picture."""
    from matplotlib.text import Text

    still = still_of(picture)
    still.canvas.draw()
    return {text.get_text() for text in still.findobj(Text)}


def test_names_are_written_as_they_are() -> None:
    """A dollar begins no formula, which would change names, or fail."""
    said = words(ef.plot.ethogram(flags(HARD, "a$b$c")))
    assert f"{HARD}  a" in said
    assert "a$b$c  b" in said
    still = still_of(ef.plot.ethogram(flags("a$b$c")))
    assert not any(text.get_parse_math() for axes in still.axes for text in axes.get_yticklabels())


def test_a_title_is_no_html() -> None:
    one = flags("moving").assign_coords(recording="<b>r1</b>")
    speed = xr.Dataset({name: one.moving.rename(name) for name in ("x", "y")}, one.coords)
    layout = hv.renderer("bokeh").get_plot(ef.plot.traces(speed).figure).state
    (title,) = (str(part.text) for part in layout.children if hasattr(part, "text"))
    assert "&lt;b&gt;r1&lt;/b&gt;" in title


def test_what_is_not_there_has_a_colour_of_its_own() -> None:
    """Also where the number in its name is that of what is there."""
    data = flags("state 1").assign(
        embedding=(("individual", "latent", "time"), np.ones((2, 2, 60), np.float32))
    )
    layers = ef.plot.embedding(data, by="state 1").figure
    colours = {one.label: one.opts.get("style", backend="bokeh").kwargs["color"] for one in layers}
    assert colours == {"state 1": colours_of(["state 1"])["state 1"], "not state 1": ABSENT}


def test_numbers_in_common_are_no_colour_in_common() -> None:
    both = colours_of(["state 3", "cluster 3"])
    assert both["state 3"] != both["cluster 3"]
    assert both["cluster 3"] == colours_of(["cluster 3"])["cluster 3"]


def test_an_animal_of_which_nothing_is_known_has_a_grey_row() -> None:
    data = flags("moving")
    data.moving[0] = np.nan
    table = ef.plot.cohort_ethogram(data).data
    own = table[table.animal.str.endswith("a")]
    assert own[["known", "start", "stop"]].values.tolist() == [[False, 0.0, 6.0]]
    nothing = ef.plot.cohort_ethogram(flags("moving", known=False)).data
    assert not nothing.known.any()
    states = ef.plot.cohort_ethogram(of_states([float("nan")] * 5)).data
    assert not states.known.any()


def test_a_place_that_was_never_seen_is_not_empty_of_time() -> None:
    never = ef.from_arrays(np.full((1, 1, 2, 9), np.nan), fps=10, bodyparts=["centre"], units="mm")
    for value in ("time", "frames", "density"):
        assert ef.plot.occupancy(never, value=value).data.occupancy.isnull().all()


def test_a_frame_between_gaps_is_a_dot() -> None:
    points = np.full((1, 1, 2, 9), np.nan)
    points[..., [2, 5, 6]] = [1.0, 5.0, 6.0]
    tracks = ef.from_arrays(points, fps=10, bodyparts=["centre"], units="mm")
    (dots,) = ef.plot.trajectories(tracks).figure.traverse(lambda x: x, [hv.Points])
    assert dots.data[["x", "y"]].values.tolist() == [[1.0, 1.0]]
    line = ef.plot.traces(tracks.position.sel(space="x", drop=True).rename("x"))
    (dots,) = line.figure.traverse(lambda x: x, [hv.Points])
    assert dots.data["value"].tolist() == [1.0]


def test_an_animation_in_metres_moves_by_less_than_a_centimetre() -> None:
    along = np.linspace(0, 0.05, 11)
    tracks = ef.from_arrays(
        np.stack([along, along])[None, None], fps=10, bodyparts=["nose"], units="m"
    )
    page = ef.plot.animation(tracks, start=0, stop=1).figure.html
    assert "[0.005, 0.005]" in page


def test_forty_animals_have_a_key_and_colours() -> None:
    points = np.random.default_rng(0).normal(0, 50, (40, 2, 2, 20))
    tracks = ef.from_arrays(points, fps=10, bodyparts=["nose", "tail_base"], units="mm")
    still = still_of(ef.plot.pose(tracks, start=0, stop=1))
    assert len(still.axes[0].get_legend().get_texts()) == 40
    paths = [x for x in ef.plot.trajectories(tracks).figure if isinstance(x, hv.Curve)]
    assert len({x.opts.get("style", backend="bokeh").kwargs["color"] for x in paths}) == 32


def test_one_behaviour_follows_nothing() -> None:
    one = flags("moving")
    for table, draw in (
        (ef.stats.transitions(ef.find_bouts(one)), ef.plot.transition_matrix),
        (ef.stats.transitions(ef.find_bouts(one)), ef.plot.transition_graph),
        (ef.stats.associations(one, "1 s"), ef.plot.associations),
        (ef.stats.correlograms(one, "1 s", "0.5 s"), ef.plot.correlograms),
    ):
        with pytest.raises(ef.DataError, match="no pair of behaviours"):
            draw(table)


def test_training_curves_are_of_a_table() -> None:
    class Classifier:
        training = pd.DataFrame({"step": [1], "loss": [1.0]})

    with pytest.raises(ef.DataError, match=r"training_curves\(classifier\.training\)"):
        ef.plot.training_curves(Classifier())
    with pytest.raises(ef.DataError, match="found a list"):
        ef.plot.training_curves([1.0])


def test_a_command_ends_when_reading_has_ended() -> None:
    """zarr waits a fifth of a second at exit, and leaves a trace where that was not enough."""
    code = (
        "import sys, time; from zarr.core import sync; import ethoflow.cli;"
        "sync._get_loop().call_soon_threadsafe(time.sleep, 0.8);"
        "sys.argv = ['ethoflow', '--version']; ethoflow.cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith("ethoflow")
