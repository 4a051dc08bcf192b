"""What the data are: dimensions, variables, and the checks every dataset passes at the boundary.

One table, `VARIABLES`, names every base variable with its dims, units and meaning. Readers and the
simulator build datasets with `make_tracks`; every public function receives its dataset through
`as_dataset`, which checks it and puts the dims in canonical order (time last).
"""

from __future__ import annotations

from ethoflow.errors import DataError
from ethoflow.schema.columns import TABLE_COLUMNS
from ethoflow.schema.coordinates import COORDINATES, ORIGIN, make_time, text
from ethoflow.schema.dataset import Data, as_dataset
from ethoflow.schema.dims import DIMS, ordered
from ethoflow.schema.frames import check_fps, check_time, count_frames, first_frame, own_frames
from ethoflow.schema.lengths import position_units
from ethoflow.schema.marks import OF_ALL, UNORDERED, check_categories, is_label, is_symmetric
from ethoflow.schema.partners import align_partners
from ethoflow.schema.tracks import Floats, describe_tracks, make_tracks
from ethoflow.schema.variables import LOW_CONFIDENCE, REMOVAL_STEPS, VARIABLES, Variable

__all__ = [
    "COORDINATES",
    "DIMS",
    "LOW_CONFIDENCE",
    "OF_ALL",
    "ORIGIN",
    "REMOVAL_STEPS",
    "TABLE_COLUMNS",
    "UNORDERED",
    "VARIABLES",
    "Data",
    "DataError",
    "Floats",
    "Variable",
    "align_partners",
    "as_dataset",
    "check_categories",
    "check_fps",
    "check_time",
    "count_frames",
    "describe_tracks",
    "first_frame",
    "is_label",
    "is_symmetric",
    "make_time",
    "make_tracks",
    "ordered",
    "own_frames",
    "position_units",
    "text",
]
