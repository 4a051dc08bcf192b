"""Pictures: every file with a plot function is found by itself.

The only place that imports the plotting libraries; they come with ``pip install "ethoflow[plot]"``.
"""

from __future__ import annotations

from typing import Any

from ethoflow.schema import DataError

try:
    import holoviews  # noqa: F401
    import hvplot  # noqa: F401
except ImportError as error:
    raise DataError('pictures need the plotting libraries: pip install "ethoflow[plot]"') from error

from ethoflow.errors import did_you_mean
from ethoflow.plot.declare import plots
from ethoflow.plot.picture import Picture
from ethoflow.plot.save import save

__all__ = ["Picture", "plots", "save"]


def _name_plots() -> None:
    """Let `plot.ethogram` be the function: importing its file names the module so."""
    globals().update({name: one.function for name, one in plots().items()})


_name_plots()


def __getattr__(name: str) -> Any:
    asked = "" if name.startswith("_") else did_you_mean(name, __dir__())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{asked}")


def __dir__() -> list[str]:
    return sorted({*__all__, *plots()})
