"""Figures into files: one figure, options for both backends, nothing fetched from anywhere."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import holoviews as hv

from ethoflow.disk import beside
from ethoflow.place import local_path
from ethoflow.schema import DataError

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F4F9E", "#8C8C00")
"""Okabe and Ito's colours, which colour-blind people tell apart, and two more."""

WIDTH = 900
DPI = 160
SCREEN_DPI = 96


def load_backends() -> None:
    """Make both backends known to HoloViews, once, without touching the session's choice."""
    import matplotlib as mpl

    if "matplotlib" not in hv.Store.renderers or "bokeh" not in hv.Store.renderers:
        chosen = hv.Store.current_backend if hv.Store.renderers else "bokeh"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            interactive = mpl.get_backend()
            for backend in ("matplotlib", "bokeh"):
                if backend not in hv.Store.renderers:
                    __import__(
                        f"holoviews.plotting.{'mpl' if backend == 'matplotlib' else backend}"
                    )
            mpl.use(interactive)
        hv.Store.set_current_backend(chosen)


def with_options(
    element: Any,
    *,
    color: str | None = None,
    line: float | None = None,
    hover: bool = False,
    width: int | None = None,
    height: int | None = None,
    equal: bool = False,
    **shared: Any,
) -> Any:
    """`element` with the same look in both backends; sizes in screen pixels."""
    load_backends()
    is_box = isinstance(element, hv.Rectangles)
    bokeh: dict[str, Any] = dict(shared)
    still: dict[str, Any] = dict(shared)
    if color is not None:
        bokeh["color"] = still["color"] = color
    if line is not None:
        bokeh["line_width"] = still["linewidth"] = line
    if is_box:
        bokeh["line_alpha"], still["linewidth"] = 0, 0
        bokeh["tools"] = ["hover"] if hover else []
    if width is not None and height is not None:
        bokeh |= {"width": width, "height": height}
        still |= {
            "fig_inches": (width / SCREEN_DPI, height / SCREEN_DPI),
            "aspect": "equal" if equal else None,
        }
        if equal:
            bokeh["data_aspect"] = 1
        else:
            still.pop("aspect")
            still["aspect"] = (width - 260) / max(height - 90, 1)
    return element.opts(backend="bokeh", **bokeh).opts(backend="matplotlib", **still)


def save(figure: Any, path: str | Path) -> Path:
    """Write a figure as HTML that needs no network, or as PNG that needs no browser.

    Parameters
    ----------
    figure
        What `ethogram` or `trajectories` gives.
    path
        Ends in ``.html`` or ``.png``.

    Raises
    ------
    DataError
        Another ending, or it cannot be written there.
    """
    path = local_path(path, "pictures")
    if path.suffix not in (".html", ".png"):
        found = path.suffix or path.name
        raise DataError(f"a picture is saved as .html or .png, found {found!r}.")
    with beside(path) as part:
        write_figure(figure, part)
    return path


def write_figure(figure: Any, path: Path) -> None:
    """The same right at `path`, where half a file may be left."""
    load_backends()
    if path.suffix == ".html":
        from bokeh.resources import INLINE

        path.write_text(_bokeh_html(figure, INLINE), encoding="utf-8")
    else:
        hv.save(figure, str(path), backend="matplotlib", fmt="png", dpi=DPI)


def _bokeh_html(figure: Any, resources: Any) -> str:
    from bokeh.embed import file_html

    state = hv.renderer("bokeh").get_plot(figure).state
    return str(file_html(state, resources=resources, title="ethoflow"))
