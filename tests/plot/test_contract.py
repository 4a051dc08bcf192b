"""What every plot function has to keep, whatever it draws: run over all that are declared."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib import image

import ethoflow as ef
from ethoflow.colours import PALETTE
from ethoflow.plot.declare import Plot, plots
from ethoflow.plot.save import still_of

NUMBER = re.compile(r"(−?[\d.]+(e[+−]?\d+)?|\$.*\$)?")
UNIT = re.compile(r"\(.+\)|% of")


@pytest.mark.parametrize("one", plots().values(), ids=lambda one: one.name)
def test_every_picture(one: Plot, tmp_path: Path) -> None:
    """Title, units on the axes, numbers, PNG and SVG, equal again, and a place in the gallery."""
    picture = one.example()
    assert isinstance(picture.data, pd.DataFrame | xr.Dataset)
    assert len(picture.data)
    still = still_of(picture)
    axes = [axis for axis in still.axes if axis.axison and axis.get_visible()]
    titles = [still.get_suptitle(), *(axis.get_title(loc=at) for axis in still.axes
                                      for at in ("left", "center", "right"))]  # fmt: skip
    titles += [text.get_text() for axis in still.axes for text in axis.texts]
    assert any(len(title) > 3 for title in titles)
    for axis in axes:
        for side in (axis.xaxis, axis.yaxis):
            if not side.get_visible():
                continue
            label = side.get_label_text().strip()
            ticks = [tick.get_text() for tick in side.get_ticklabels()]
            numbers = any(ticks) and all(map(NUMBER.fullmatch, ticks))
            if label and numbers:
                assert UNIT.search(label), label
            assert label not in ("x", "y")
    png = ef.plot.save(still, tmp_path / "picture.png")
    svg = ef.plot.save(still, tmp_path / "picture.svg")
    assert min(image.imread(png).shape[:2]) > 150
    assert svg.read_text(encoding="utf-8").count("<path") > 5
    assert one.topic
    assert one.summary.endswith(".")
    assert f"ef.plot.{one.name}(" in one.code


def test_a_plot_is_found_by_its_name() -> None:
    assert {"occupancy", "comparison", "cohort_ethogram"} <= set(dir(ef.plot))
    with pytest.raises(AttributeError, match="Did you mean 'ethogram'"):
        _ = ef.plot.ethogramm


def in_lab(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB in CIELAB, D65."""
    xyz = rgb @ np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ).T / np.array([0.9505, 1.0, 1.089])  # fmt: skip
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=-1
    )


def test_colours_differ_for_people_who_do_not_see_red_or_green() -> None:
    """Machado, Oliveira & Fernandes 2009, IEEE Trans. Vis. Comput. Graph. 15:1291."""
    protan = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
              [-0.003882, -0.048116, 1.051998]]  # fmt: skip
    deutan = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
              [-0.011820, 0.042940, 0.968881]]  # fmt: skip
    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in PALETTE]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    for eye in (np.eye(3), np.array(protan), np.array(deutan)):
        seen = in_lab(np.clip(linear @ eye.T, 0, 1))
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
        assert apart[np.triu_indices(len(PALETTE), 1)].min() > 12
