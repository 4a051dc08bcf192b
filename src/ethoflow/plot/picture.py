"""What every plot function gives: a picture, and the numbers that it draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
import xarray as xr

Numbers: TypeAlias = pd.DataFrame | xr.Dataset


@dataclass(frozen=True)
class Picture:
    """A picture: interactive in a notebook, a file by `save`, and the numbers behind it.

    Attributes
    ----------
    figure
        What HoloViews or Matplotlib draws; its options can be changed as theirs are. Pictures that
        move are a page of HTML, and a still.
    data
        The numbers that are drawn, as a table or a dataset.
    """

    figure: Any
    data: Numbers = field(repr=False)

    def save(self, path: str | Path) -> Path:
        """Write it as HTML that needs no network, or as PNG or SVG that needs no browser.

        Raises
        ------
        DataError
            The ending is another, or it cannot be written there.
        """
        from ethoflow.plot.save import save

        return save(self, path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """What a notebook shows."""
        from ethoflow.plot.save import SCREEN_DPI, in_frame, still_of

        if isinstance(self.figure, Moving):
            return {"text/html": in_frame(self.figure.html)}
        if hasattr(self.figure, "savefig"):
            buffer = BytesIO()
            still_of(self).savefig(buffer, dpi=SCREEN_DPI, format="png", bbox_inches="tight")
            return {"image/png": buffer.getvalue()}
        return self.figure._repr_mimebundle_(include, exclude)


@dataclass(frozen=True)
class Moving:
    """A picture that moves: a page of HTML, and the still that stands for it in PNG and SVG."""

    html: str = field(repr=False)
    still: Any
