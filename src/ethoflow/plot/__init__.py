"""Pictures: ethograms and trajectories, interactive in HTML, still in PNG.

The only place that imports the plotting libraries; they come with ``pip install "ethoflow[plot]"``.
"""

from ethoflow.schema import DataError

try:
    import holoviews  # noqa: F401
    import hvplot  # noqa: F401
except ImportError as error:
    raise DataError('pictures need the plotting libraries: pip install "ethoflow[plot]"') from error

from ethoflow.plot.ethogram import ethogram
from ethoflow.plot.save import save
from ethoflow.plot.trajectories import trajectories

__all__ = ["ethogram", "save", "trajectories"]
