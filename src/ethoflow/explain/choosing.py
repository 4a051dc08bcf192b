"""Which features a label is explained by, where nobody says."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from ethoflow.errors import DataError
from ethoflow.features.matrix import feature_matrix
from ethoflow.learn.recipe import applies
from ethoflow.schema import Data, as_dataset
from ethoflow.units import Quantity, to_frames

OWN = ("smoothed_speed", "angular_velocity", "body_span", "elongation", "joint_angle",
       "wall_distance")  # fmt: skip
OF_PAIRS = ("minimum_distance", "distance_to_partner", "facing_angle", "approach_speed",
            "motion_alignment")  # fmt: skip
"""Features that people can picture, of one animal and of two."""


def default_features(data: Data | xr.DataArray) -> list[str]:
    """The usual features that the data have; a matrix has its own.

    Raises
    ------
    DataError
        There are none.
    """
    if _is_matrix(data):
        return []
    ds = _dataset(data)
    several = ds.sizes.get("individual", 1) > 1
    found = [name for name in (*OWN, *(OF_PAIRS if several else ())) if
             applies(ds, name, {}, must=False)]  # fmt: skip
    if not found:
        raise DataError(
            "no feature can be computed from these data: assign roles to body parts with "
            "ef.assign_roles, or name features=[...]."
        )
    return found


def matrix_of(
    data: Data | xr.DataArray,
    features: Sequence[str],
    window: Quantity | Sequence[Quantity] | None,
    statistic: Sequence[str],
    partners: str | None,
) -> xr.DataArray:
    """The features as a matrix: the one that was given, or one of poses."""
    if isinstance(data, xr.DataArray) and _is_matrix(data):
        return data
    ds = _dataset(data)
    if partners is None and ds.sizes.get("individual", 1) > 2:
        partners = "nearest"
    return feature_matrix(ds, list(features), window=window, statistic=list(statistic),
                          partners=partners)  # fmt: skip


def _dataset(data: Data | xr.DataArray) -> xr.Dataset:
    """Poses.

    Raises
    ------
    DataError
        It is an array that is no feature matrix.
    """
    if isinstance(data, xr.DataArray):
        raise DataError(
            "features are explained by name and unit: give poses, or what ef.feature_matrix gives; "
            f"this has the dims {', '.join(map(str, data.dims))}."
        )
    return as_dataset(data)


def _is_matrix(data: Data | xr.DataArray) -> bool:
    return isinstance(data, xr.DataArray) and "feature" in data.dims


def embargo_of(matrix: xr.DataArray, embargo: Quantity | None) -> int:
    """Frames beside a block that are not learnt from: twice what the longest window reaches."""
    fps = float(matrix.fps)
    if embargo is not None:
        return to_frames(embargo, fps, name="embargo")
    windows = {str(name).rpartition(" of ")[2] for name in matrix.feature.values if
               ", " in str(name)}  # fmt: skip
    reach = [to_frames(one, fps, name="window") for one in windows if one[:1].isdigit()]
    return max([*reach, round(fps)])
