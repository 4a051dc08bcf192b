"""What a classifier looks at: features, windows and the unit of lengths, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.engine import find
from ethoflow.errors import DataError, Missing
from ethoflow.schema import position_units
from ethoflow.units import Quantity, length_in, product, to_frames

Of: TypeAlias = Literal["individual", "pair"]

OWN = ("smoothed_speed", "body_span", "angular_velocity")
"""Features of one animal. The posture of one recording is learnt by heart: without it, frames that
were held out are told better (docs/learn.md)."""

OF_PAIRS = (
    "centre_distance",
    "minimum_distance",
    "distance_to_partner",
    "bearing",
    "facing_angle",
    "relative_heading",
    "approach_speed",
    "motion_alignment",
    "pose_of_other",
)
"""Features of two, seen from the actor."""

WINDOWS: tuple[Quantity, ...] = ("0.3 s", "1 s", "2 s")
STATISTICS = ("mean", "sd", "max")
PARAMETERS: Mapping[str, Mapping[str, Any]] = {"smoothed_speed": {"window": "0.2 s"}}

BODY_LENGTH = "body_length"


@dataclass(frozen=True)
class Recipe:
    """Features, their windows, and what lengths are measured in.

    Attributes
    ----------
    of
        ``"individual"`` or ``"pair"``: whom a label is about.
    own, of_pairs
        Features of one animal, and of two.
    windows, statistics
        Beside each feature there are these statistics of these windows.
    fps
        Frames per second; 0 where it was trained at several, and any will do.
    length
        ``"body_length"``, or the unit of the positions where nobody can tell how long animals are.
    parameters
        Of features, by name.
    points
        Body parts by role, by their own name where they have none.
    each
        Whether every point has columns of its own beside what all of them do together.
    columns
        Names of the features' numbers, windows left out.
    given
        Units of the features that the data had and that nobody computes, by name; lengths in
        `length`.
    """

    of: Of
    own: tuple[str, ...]
    of_pairs: tuple[str, ...]
    windows: tuple[Quantity, ...]
    statistics: tuple[str, ...]
    fps: float
    length: str
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    points: tuple[str, ...] = ()
    each: bool = False
    columns: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Recipe:
        """The recipe that `plain` wrote."""
        lists = ("own", "of_pairs", "windows", "statistics", "points", "columns")
        return cls(**{**plain, **{name: tuple(plain[name]) for name in lists}})


def choose_recipe(
    ds: xr.Dataset,
    of: Of,
    *,
    features: Sequence[str] | None = None,
    windows: Sequence[Quantity] | None = None,
    statistics: Sequence[str] | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    each: bool = False,
) -> Recipe:
    """The features that were named, or all of the usual ones that the data have.

    Raises
    ------
    DataError
        There are none; one that was named cannot be computed; a pair is asked for and there is one
        animal.
    """
    if of == "pair" and ds.sizes.get("individual", 1) < 2:
        raise DataError("what two animals do cannot be learnt from data of one animal.")
    settings = {**PARAMETERS, **(parameters or {})}
    kept = [
        name
        for name in (features or (*OWN, *(OF_PAIRS if of == "pair" else ())))
        if applies(ds, name, settings, must=features is not None)
    ]
    pairs = tuple(name for name in kept if _is_of_pairs(ds, name))
    own = tuple(name for name in kept if name not in pairs)
    if pairs and of == "individual":
        raise DataError(
            f"{pairs[0]} is of two animals, and these labels are of one: give them with "
            "of='pair', or leave it out of the features."
        )
    if not kept or (of == "pair" and not pairs):
        raise DataError(
            "no feature can be computed from these data: assign roles to body parts with "
            "ef.assign_roles, or name features=[...]."
        )
    windows = WINDOWS if windows is None else windows
    for window in windows:
        if to_frames(window, float(ds.fps), name="windows") < 1:
            raise DataError(f"a window of {window} is shorter than a frame: give a longer one.")
    length = BODY_LENGTH if applies(ds, BODY_LENGTH, {}, must=False) else position_units(ds)
    used = {name: dict(given) for name, given in settings.items() if name in kept or parameters}
    return Recipe(
        of, own, pairs, tuple(windows), tuple((statistics or STATISTICS) if windows else ()),
        float(ds.fps),
        length, used,
        tuple(map(str, ds.bodypart.values)) if "bodypart" in ds.coords else (), each,
        given={name: unit_given(ds, name, length) for name in kept if name in ds.data_vars},
    )  # fmt: skip


def unit_given(ds: xr.Dataset, name: str, length: str) -> str:
    """The unit of a feature that the data have, its length, if any, written as `length`.

    Raises
    ------
    DataError
        Its length is in another unit than the positions.
    """
    unit = product((str(ds[name].attrs.get("units", "1")), 1))
    own, power = length_in(unit)
    if not power:
        return unit
    if own != position_units(ds):
        raise DataError(
            f"{name} is in {unit}, and the positions are in {position_units(ds)}: a classifier "
            f"measures both alike. Bring {name} to {position_units(ds)}, or leave it out."
        )
    return product((unit, 1), (own, -power), (length, power))


def applies(ds: xr.Dataset, name: str, settings: Mapping[str, Any], *, must: bool) -> bool:
    """Whether a feature can be computed, and has numbers."""
    from ethoflow.engine.resolve import Request

    if name in ds.data_vars:
        return True
    try:
        call = Request(ds, {k: v for k, v in settings.items() if k == name}).call(find(name), {})
    except Missing:
        if must:
            raise
        return False
    return bool(np.prod(call.shape, dtype=np.int64))


def _is_of_pairs(ds: xr.Dataset, name: str) -> bool:
    return "partner" in ds[name].dims if name in ds.data_vars else find(name).scope == "pair"
