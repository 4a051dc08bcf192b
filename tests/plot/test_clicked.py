"""Pictures as somebody uses them: saved as HTML, opened in a browser, and clicked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import image

import ethoflow as ef
from ethoflow.plot.embedding_ethogram import NOT_CHOSEN
from tests.chromium import Tab, open_page
from tests.plot.test_many import embedded

EVERYTHING = """
const all = root => [...root.querySelectorAll("*")].flatMap(
  e => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
const views = view => [view, ...[...(view.child_views || [])].flatMap(views)];
const figures = () => [...Bokeh.index].flatMap(views).filter(v => v.model.type == "Figure");
"""


def wait_for(tab: Tab, n: int) -> None:
    """Until `n` figures are drawn."""
    tab.run(f"globalThis.tools = () => {{{EVERYTHING} return {{all, figures}}}}")
    tab.wait(f"window.Bokeh && tools().figures().length == {n} && Bokeh.documents[0].is_idle")


def press(tab: Tab, tool: str) -> None:
    """The button of a tool."""
    x, y = tab.run(f"""(() => {{
      const found = tools().all(document).find(e => e.getAttribute("title") == {json.dumps(tool)});
      const box = found.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    }})()""")
    tab.click(x, y)


def place(tab: Tab, figure: int, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Where points of a figure are in the window."""
    found: list[Any] = tab.run(f"""(() => {{
      const view = tools().figures()[{figure}], box = view.el.getBoundingClientRect();
      const {{x_scale, y_scale}} = view.frame;
      return {json.dumps(points)}.map(
        ([x, y]) => [box.x + x_scale.compute(x), box.y + y_scale.compute(y)]);
    }})()""")
    return [(float(x), float(y)) for x, y in found]


def chosen(tab: Tab) -> list[int]:
    """Rows of the table that are chosen."""
    return sorted(
        tab.run("""[...Bokeh.documents[0]._all_models.values()]
      .find(model => model.type == "ColumnDataSource").selected.indices""")
    )


@pytest.mark.slow
def test_frames_chosen_in_an_embedding_are_shown_in_its_ethogram(tmp_path: Path) -> None:
    """Three states are in three places: a lasso around one leaves its row, and pales the others."""
    picture = ef.plot.embedding_ethogram(embedded(60), by="state")
    page = picture.save(tmp_path / "page.html")
    table = picture.data
    with open_page(page.as_uri(), tmp_path / "profile", size=(1300, 600)) as tab:
        wait_for(tab, 2)
        press(tab, "Lasso Select")
        around = [(8.0, 8.0), (12.0, 8.0), (12.0, 12.0), (8.0, 12.0), (8.0, 8.5)]
        tab.drag(place(tab, 0, around))
        walking = np.flatnonzero((table.time > 0.79) & (table.time < 1.59)).tolist()
        tab.wait("Bokeh.documents[0].is_idle")
        assert chosen(tab) == walking
        seen = image.imread(tab.shoot(tmp_path / "shot.png"))[..., :3]
        at = place(tab, 1, [(1.64, 3), (0.04, 2), (0.84, 1), (0.8, 0)])
        shown = [darkest_at(seen, *one) for one in at]
        press(tab, "Box Select")
        tab.drag(place(tab, 1, [(1.02, 2.5), (1.2, 1.0), (1.42, 0.2)]))
        tab.wait("Bokeh.documents[0].is_idle")
        within = np.flatnonzero((table.time > 1.02) & (table.time < 1.42)).tolist()
        assert chosen(tab) == within
        assert tab.errors == []
    pale = int(NOT_CHOSEN[1:3], 16)
    # From the top: rear, rest, walk, and what is not known, which here was among the walking.
    assert [darkest < pale for darkest in shown] == [False, False, True, True]


def darkest_at(seen: np.ndarray, x: float, y: float) -> int:
    """The darkest value, 0 to 255, around a place."""
    some = seen[round(y) - 2 : round(y) + 3, round(x) - 1 : round(x) + 2]
    return int(np.round(some.min() * 255))


@pytest.mark.slow
def test_a_saved_page_asks_for_nothing(tmp_path: Path) -> None:
    """Panel, once it is imported, would have every page of Bokeh ask for a script of its own."""
    import panel  # noqa: F401

    page = ef.plot.plots()["comparison"].example().save(tmp_path / "page.html")
    assert not re.search(r"<script[^>]+src=", page.read_text(encoding="utf-8"))
    with open_page(page.as_uri(), tmp_path / "profile") as tab:
        tab.wait("window.Bokeh && [...Bokeh.index].length > 0")
        assert tab.errors == []
