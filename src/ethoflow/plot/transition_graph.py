"""Transitions as a graph: arrows from each behaviour to those that follow it."""

from __future__ import annotations

import textwrap
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd

from ethoflow.colours import colours_of
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.names import in_order
from ethoflow.plot import examples
from ethoflow.plot.declare import plot
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import filled, load_backends, marked, with_options
from ethoflow.plot.squares import write
from ethoflow.plot.transition_matrix import mean_transitions
from ethoflow.short_names import fitted
from ethoflow.stats.design import counted

MOST = 20
LINE = 18
"""Letters of a name beside each other."""
NODE = 26.0
"""Diameter of a behaviour, in pixels."""


def _example() -> Picture:
    return transition_graph(examples.follow())


@plot(
    "a cohort",
    example=_example,
    code="ef.plot.transition_graph(ef.stats.transitions(ef.find_bouts(labels)))",
)
def transition_graph(table: pd.DataFrame, *, least: float = 0.05) -> Picture:
    """Arrows between behaviours, as wide as what follows is probable, the mean over animals.

    An arrow bends to its right, so that there and back are told apart. What is less probable than
    `least` is not drawn, which the title says.

    Parameters
    ----------
    table
        What `ef.stats.transitions` gives.
    least
        The smallest probability that is drawn.

    Raises
    ------
    DataError
        It is another table, or has too many behaviours.
    """
    means = mean_transitions(table)
    names = sorted({*means["origin"], *means["target"]}, key=in_order)
    if len(names) > MOST:
        raise DataError(
            f"a graph of {len(names)} behaviours cannot be read: draw ef.plot.transition_matrix, "
            f"or choose up to {MOST}."
        )
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(names)) / max(len(names), 1)
    places = dict(zip(names, np.stack([np.cos(angles), np.sin(angles)], axis=1), strict=True))
    shown = means[(means["probability"] >= least) & (means["origin"] != means["target"])]
    colours = colours_of(names)
    layers: list[Any] = []
    arrows = zip(shown["origin"], shown["target"], shown["probability"].tolist(), strict=True)
    for origin, target, probability in arrows:
        layers += _arrow(places[origin], places[target], probability, colours[origin])
    for name, place in places.items():
        dot = hv.Points([tuple(place)], ["x", "y"])
        layers.append(marked(dot, color=colours[name], size=NODE))
    short = fitted(names)
    words = [
        (1.42 * x, 1.2 * y, textwrap.fill(short[name], LINE)) for name, (x, y) in places.items()
    ]
    layers.append(write(words, "x", "y", "black", 9))
    n = int(means["n_animals"].max()) if len(means) else 0
    title = (
        f"what follows what: mean of up to {counted(n, 'animal')}\n"
        f"(probability of {least:g} and more)"
    )
    figure = with_options(
        hv.Overlay(layers), width=620, height=560, equal=True, title=title, xaxis=None, yaxis=None,
        xlim=(-1.8, 1.8), ylim=(-1.45, 1.45), show_legend=False,
    )  # fmt: skip
    return Picture(figure, means)


def _arrow(start: Array, stop: Array, probability: float, colour: str) -> list[Any]:
    """A bent line with a head and its number."""
    along = stop - start
    length = float(np.hypot(*along))
    aside = np.array([along[1], -along[0]]) / length
    control = (start + stop) / 2 + 0.22 * length * aside
    t = np.linspace(0, 1, 60)[:, np.newaxis]
    line = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * stop
    apart = np.hypot(*(line - start).T), np.hypot(*(line - stop).T)
    line = line[(apart[0] > 0.12) & (apart[1] > 0.17)]
    width = 0.8 + 5.0 * probability
    load_backends()
    path = with_options(hv.Path([line], ["x", "y"]), color=colour, line=width, alpha=0.8)
    tip = line[-1] - line[-2]
    tip = tip / float(np.hypot(*tip))
    side = np.array([-tip[1], tip[0]]) * (0.025 + 0.03 * probability)
    base = line[-1]
    corners = np.array([base + side, base + 0.07 * tip, base - side])
    head = filled([corners], colour, colour)
    # Nearer to where it begins, as arrows cross in the middle.
    beside = line[len(line) // 3] + 0.1 * aside
    said = write([(*beside, f"{probability:.2f}")], "x", "y", "black", 8)
    return [path, head, said]
