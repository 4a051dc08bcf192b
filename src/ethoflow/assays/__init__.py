"""Classic assays: poses with named regions in, one tidy table out, a row per animal and bin."""

from ethoflow.assays.elevated_plus_maze import elevated_plus_maze
from ethoflow.assays.fear_conditioning import fear_conditioning
from ethoflow.assays.forced_swim import forced_swim
from ethoflow.assays.light_dark import light_dark
from ethoflow.assays.novel_object import novel_object
from ethoflow.assays.open_field import open_field
from ethoflow.assays.spontaneous_alternation import spontaneous_alternation
from ethoflow.assays.tables import AssayNote
from ethoflow.assays.three_chamber import three_chamber

__all__ = [
    "AssayNote",
    "elevated_plus_maze",
    "fear_conditioning",
    "forced_swim",
    "light_dark",
    "novel_object",
    "open_field",
    "spontaneous_alternation",
    "three_chamber",
]


def __dir__() -> list[str]:
    return sorted(__all__)
