"""Pictures into files: one figure, options for both backends, nothing fetched from anywhere."""

from __future__ import annotations

import base64
import html
import re
import warnings
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import holoviews as hv

from ethoflow.colours import PALETTE
from ethoflow.disk import beside
from ethoflow.place import local_path
from ethoflow.plot.picture import Moving, Picture
from ethoflow.schema import DataError

LEGEND_LIMIT = 1000
"""Layers above which there is no legend: HoloViews leaves it out above 25, as of 25 clusters."""

WIDTH = 900
DPI = 160
SCREEN_DPI = 96


def sequential() -> list[str]:
    """Colours from pale to dark, for numbers from 0 on; also in grey the order is seen."""
    import matplotlib as mpl

    steps = mpl.colormaps["YlGnBu"](range(256))
    return [mpl.colors.to_hex(colour) for colour in steps]


def diverging() -> list[str]:
    """Colours from blue over white to orange, for numbers on both sides of 0."""
    import matplotlib as mpl

    ends = [PALETTE[0], "#FFFFFF", PALETTE[1]]
    steps = mpl.colors.LinearSegmentedColormap.from_list("diverging", ends)(range(256))
    return [mpl.colors.to_hex(colour) for colour in steps]


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
    beside: int = 0,
    **shared: Any,
) -> Any:
    """`element` with the same look in both backends; sizes in screen pixels.

    Matplotlib makes a picture as wide as its names need; for Bokeh `beside` is the room for them
    that `width` does not have.
    """
    load_backends()
    if shared.get("show_legend"):
        shared["legend_limit"] = LEGEND_LIMIT
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
        bokeh |= {"width": width + beside, "height": height, "hooks": [on_canvas]}
        still |= {
            "fig_inches": (width / SCREEN_DPI, height / SCREEN_DPI),
            "aspect": "equal" if equal else None,
            "show_frame": False,
        }
        if equal:
            bokeh["data_aspect"] = 1
        else:
            still.pop("aspect")
            still["aspect"] = (width - 260) / max(height - 90, 1)
    return element.opts(backend="bokeh", **bokeh).opts(backend="matplotlib", **still)


LETTER = 6
"""Width of a letter beside a picture, in screen pixels."""


def room_for(*names: Iterable[str], most: int = 24) -> int:
    """Pixels for the longest name of each kind, as far as it has more than `most` letters."""
    longest = [max(map(len, kind), default=0) for kind in names]
    return LETTER * sum(max(n - most, 0) for n in longest)


def with_bar(image: Any, label: str, wide: float = 0.025) -> Any:
    """An image with the scale of its colours to the right, `wide` as a share of its own width."""
    load_backends()

    def add(plot: Any, element: Any) -> None:
        axes, drawn = plot.handles["axis"], plot.handles["artist"]
        values = drawn.get_array()
        over = values.count() > 0 and float(values.max()) > drawn.get_clim()[1] * (1 + 1e-9)
        # Within the axes of the image, which get their shape only when they are drawn.
        beside = axes.inset_axes((1 + wide, 0, wide, 1))
        plot.handles["fig"].colorbar(
            drawn, cax=beside, label=label, extend="max" if over else "neither"
        )

    return image.opts(backend="bokeh", colorbar=True, clabel=label).opts(
        backend="matplotlib", hooks=[add]
    )


def on_canvas(plot: Any, element: Any) -> None:
    """A hook of HoloViews: without a graphics card WebGL is forty times slower at many boxes."""
    plot.state.output_backend = "canvas"


def marked(element: Any, *, color: str, size: float, hover: bool = False, **shared: Any) -> Any:
    """Points with the same look in both backends; `size` is their diameter in screen pixels."""
    load_backends()
    return element.opts(
        backend="bokeh", color=color, size=size, line_color="white",
        line_width=0.5 if size > 5 else 0.0,
        tools=["hover"] if hover else [], **shared,
    ).opts(
        backend="matplotlib", color=color, s=(size * 72 / SCREEN_DPI) ** 2, edgecolors="white",
        linewidth=0.4 if size > 5 else 0.0, **shared,
    )  # fmt: skip


def filled(rings: Sequence[Any], color: str, edge: str) -> Any:
    """Areas with the same look in both backends; each ring has dims (corner, space)."""
    load_backends()
    # Matplotlib's backend lets its cycle of colours win over either option alone.
    return (
        hv.Polygons(list(rings), ["x", "y"])
        .opts(backend="bokeh", fill_color=color, line_color=edge)
        .opts(backend="matplotlib", facecolor=color, color=color, edgecolor=edge)
    )


ENDINGS = (".html", ".png", ".svg")


def save(figure: Any, path: str | Path) -> Path:
    """Write a picture as HTML that needs no network, or as PNG or SVG that needs no browser.

    Parameters
    ----------
    figure
        What a plot function gives, or a figure of HoloViews or Matplotlib.
    path
        Ends in ``.html``, ``.png`` or ``.svg``.

    Raises
    ------
    DataError
        Another ending, or it cannot be written there.
    """
    path = local_path(path, "pictures")
    if path.suffix not in ENDINGS:
        found = path.suffix or path.name
        raise DataError(f"a picture is saved as .html, .png or .svg, found {found!r}.")
    with beside(path) as part:
        write_figure(figure, part)
    return path


def write_figure(figure: Any, path: Path) -> None:
    """The same right at `path`, where half a file may be left."""
    if path.suffix == ".html":
        path.write_text(page_of(figure), encoding="utf-8")
    else:
        still = still_of(figure)
        dates = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        with _steady():
            still.savefig(path, dpi=DPI, bbox_inches="tight", metadata=dates)


def still_of(figure: Any) -> Any:
    """A picture as a figure of Matplotlib."""
    figure = figure.figure if isinstance(figure, Picture) else figure
    figure = figure.still if isinstance(figure, Moving) else figure
    if not hasattr(figure, "savefig"):
        load_backends()
        import matplotlib.pyplot as plt

        figure = hv.renderer("matplotlib").get_plot(figure).state
        plt.close(figure)
    _as_written(figure)
    return figure


def _as_written(still: Any) -> None:
    """Names with dollars are no formulae: Matplotlib would change them, or fail."""
    from matplotlib.text import Text
    from matplotlib.ticker import LogFormatter

    powers: set[Any] = set()
    for axes in still.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = {*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)}
            if isinstance(axis.get_major_formatter(), LogFormatter):
                powers |= labels  # 10 to the power of 3 is one
    for text in still.findobj(Text):
        text.set_parse_math(text in powers)


MOST_SVG = 600_000
"""Characters of SVG above which a picture in a page is one of pixels."""


def image_of(figure: Any) -> str:
    """A picture as the address of an image that is in the page itself."""
    still, text = still_of(figure), BytesIO()
    with _steady(text_stays=False):
        still.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
        kind, data = "svg+xml", text.getvalue()
        if len(data) > MOST_SVG:
            pixels = BytesIO()
            still.savefig(pixels, format="png", dpi=DPI, bbox_inches="tight")
            kind, data = "png", pixels.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def page_of(figure: Any) -> str:
    """A picture as a page of HTML that needs nothing else."""
    figure = figure.figure if isinstance(figure, Picture) else figure
    if isinstance(figure, Moving):
        return figure.html
    if hasattr(figure, "savefig"):
        image = f"<img alt='' src='{image_of(figure)}'>"
        return f"<!doctype html><meta charset='utf-8'><title>ethoflow</title>{image}"
    load_backends()
    from bokeh.embed import file_html
    from bokeh.resources import INLINE

    state = hv.renderer("bokeh").get_plot(figure).state
    # What a notebook draws anew at a zoom stays in a page as it is.
    page = file_html(state, resources=INLINE, title="ethoflow", suppress_callback_warning=True)
    head, begins, rest = str(page).partition("<script>")
    return _ELSEWHERE.sub("", head) + begins + rest


_ELSEWHERE = re.compile(r"<script [^>]*src=[^>]*>\s*</script>|<link [^>]*href=[^>]*>")
"""Scripts that other libraries ask for once they are imported, and that no picture here needs."""


def in_frame(page: str) -> str:
    """A page within another, apart from what that has."""
    look = "width:100%;height:640px;border:0"
    return f'<iframe srcdoc="{html.escape(page)}" style="{look}"></iframe>'


def _steady(*, text_stays: bool = True) -> Any:
    """Equal pictures give equal files; text can be edited, or looks the same everywhere."""
    import matplotlib as mpl

    kind = "none" if text_stays else "path"
    return mpl.rc_context({"svg.hashsalt": "ethoflow", "svg.fonttype": kind})
