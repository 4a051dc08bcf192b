"""Many features as one matrix, a column for every number that they have for one animal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ethoflow.engine import Declaration, Function, Members
from ethoflow.engine.signature import make
from ethoflow.errors import DataError, Missing, WrongUse, one_or_many
from ethoflow.features.columns import EACH, NEAREST, Columns, columns_of, units_along
from ethoflow.features.given import add_array
from ethoflow.features.matrix_kernel import ALL, ONE, PLAIN
from ethoflow.features.matrix_kernel import feature_matrix as lay_out
from ethoflow.features.settings import tell_settings
from ethoflow.features.window_statistics import OF_ANGLES, read_statistic
from ethoflow.features.windows import MIXED, goes_round, window_call
from ethoflow.schema import Data, align_partners, as_dataset
from ethoflow.units import Quantity

if TYPE_CHECKING:
    from ethoflow.engine.resolve import Request

NONE = Columns((), (), ())
IS_SELF, APART = "is_self", "centre_distance"
ANGLES = ("rad", "components")


def feature_matrix(
    data: Data,
    features: Sequence[str | xr.DataArray] | str,
    *,
    window: Quantity | Sequence[Quantity] | None = None,
    statistic: str | Sequence[str] = ("mean", "sd"),
    partners: str | None = None,
    angles: str = "rad",
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> xr.DataArray:
    """Features as a matrix (recording, individual, feature, time), lazy where the data are.

    There is a column for every number that a feature has for one animal, called by what it is:
    ``speed nose``, ``joint_angle nose-centre-tail_base``, ``speed nose, mean of 1 s``. Parameters
    that are not the usual ones are in its name, as in ``straightness (window 2 s) nose``. The
    coordinate `unit` has the unit of each, `circular` whether it is an angle of which -pi and pi
    are one. What is missing stays NaN. Features of a group are the same for all its animals.

    Parameters
    ----------
    data
        Poses, or a dataset that has the features.
    features
        Names of features or variables, and arrays, such as those of `windowed`, `add_embedding`, or
        your own, of the same recordings, animals and frames, with ``attrs["units"]``.
    window, statistic
        Lengths and statistics, as for `windowed`: beside each feature there are columns for its
        windows. Of angles there are those that angles have.
    partners
        For features of pairs in groups of three and more: ``"nearest"``, the partner whose centre
        is nearest in that frame (``centre_distance of the nearest``), or ``"each"``, a column for
        every animal (``centre_distance with individual_2``), missing for itself. Of two animals
        there is one partner.
    angles
        ``"rad"``, or ``"components"``: columns ``cos heading`` and ``sin heading``, for methods
        that reckon with distances between numbers.
    parameters
        Of features and what they rest on, by name. What the dataset has already is not computed,
        and has to be of the same parameters.

    Raises
    ------
    DataError
        An array is of other recordings, animals or frames; a feature has categories; it is not
        said which partners are meant; parameters are of something else, or differ from those of
        what the dataset has.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> matrix = feature_matrix(ds, ["heading", "body_span"], window="0.4 s", statistic="mean")
    >>> matrix.feature.values.tolist()[:2], matrix.unit.values.tolist()
    (['heading', 'heading, mean of 0.4 s'], ['rad', 'rad', 'mm', 'mm'])
    >>> X = matrix.stack(sample=("individual", "time")).transpose("sample", "feature")
    >>> X.dropna("sample").shape[1]
    4
    """
    return lay_matrix(data, features, window, statistic, partners, angles, parameters)


def lay_matrix(
    data: Data,
    features: Sequence[str | xr.DataArray] | str,
    window: Quantity | Sequence[Quantity] | None,
    statistic: str | Sequence[str],
    partners: str | None,
    angles: str,
    parameters: Mapping[str, Mapping[str, Any]] | None,
    also: Collection[str] = (),
) -> xr.DataArray:
    """What `feature_matrix` gives; parameters of functions that are used elsewhere are `also` fine.

    Raises
    ------
    DataError
        As for `feature_matrix`.
    """
    from ethoflow.engine.lazy import compute_calls  # Dask is heavy
    from ethoflow.engine.resolve import Request

    if angles not in ANGLES or partners not in (None, NEAREST, EACH):
        raise WrongUse(
            f"feature_matrix: angles must be 'rad' or 'components' (found {angles!r}), partners "
            f"'nearest' or 'each' (found {partners!r})."
        )
    ds, asked = _gather(as_dataset(data), features)
    request = Request(ds, parameters or {})
    parts = [
        part
        for one in asked
        for part in _with_windows(request, one, window, statistic, split=angles == "components")
    ]
    _lay_out(request, parts, partners)
    request.check_settings([one.called for one in asked], also, "features")
    by_distance = any(p.kind == ONE for p in parts) and partners == NEAREST
    names, units, circular = _all_columns(parts)
    declaration = _declare(names, units)
    given = {
        "values": [IS_SELF, *([APART] if by_distance else []), *(part.name for part in parts)],
        "partners": tuple(part.kind for part in parts),
        "components": tuple(part.split for part in parts),
        "by_distance": by_distance,
    }
    call = request.call(declaration, given)
    found = compute_calls(request.ds, {call.name: call})[call.name]
    return found.assign_coords(
        unit=("feature", np.array(units, dtype=object)),
        circular=("feature", np.array(circular, dtype=bool)),
    )


@dataclass
class _Part:
    """A variable of the matrix: its name, what its columns are called, the array it was given as.

    `in_two` asks for angles as cosines and sines; `settings` are those that are not the usual ones;
    `kind`, `columns` and `split` are laid out later.
    """

    name: str
    called: str
    array: xr.DataArray | None = None
    in_two: bool = False
    settings: str = ""
    kind: str = PLAIN
    columns: Columns = NONE
    split: tuple[bool, ...] = ()


def _gather(ds: xr.Dataset, features: Any) -> tuple[xr.Dataset, list[_Part]]:
    """The dataset with the arrays that were given, and what is asked for."""
    if isinstance(features, xr.DataArray):
        features = [features]
    asked = one_or_many(features)
    if not asked:
        raise DataError("feature_matrix needs at least one feature.")
    if "partner" in ds.coords and {*map(str, ds.partner.values)} != {
        *map(str, ds.individual.values)
    }:
        raise DataError(
            "feature_matrix: the dataset has pairs with animals that are not among its "
            "individuals: choose the same of both, or choose individuals of the matrix instead."
        )
    ds, parts = align_partners(ds), []
    for one in asked:
        if isinstance(one, str):
            parts.append(_Part(one, one.removeprefix("windowed_")))
            continue
        ds, name = add_array(ds, one)
        called = str(one.name or name).removeprefix("windowed_")
        parts.append(_Part(name, called, one))
    if "individual" not in ds.dims:
        raise DataError("feature_matrix needs the dim individual: data of animals.")
    return ds.assign({IS_SELF: _itself(ds)}), parts


def _itself(ds: xr.Dataset) -> xr.Variable:
    """1 where the partner is the animal itself."""
    here = np.eye(ds.sizes["individual"], dtype=np.float32)
    return xr.Variable(("individual", "partner"), here, {"units": "1"})


def _with_windows(
    request: Request, part: _Part, window: Any, statistic: Any, *, split: bool
) -> list[_Part]:
    """A part, and its windows where they are asked for."""
    part.in_two = split
    node = request.find(_declare((), ()), part.name)
    part.settings = tell_settings(request.ds, node)
    if window is None or "statistic" in node.dims:
        return [part]
    wanted = _fitting(one_or_many(statistic), angle=goes_round(node.units, node.name))
    if not wanted:
        return [part]
    name = f"windowed_{part.name}"
    request.nodes[name] = window_call(request, part.name, window=window, statistic=wanted)
    return [part, _Part(name, part.called, None, split, part.settings)]


def _fitting(statistics: Sequence[str], *, angle: bool) -> list[str]:
    """Statistics that angles have, or other numbers."""
    kinds = {name: read_statistic(name).kind for name in statistics}
    if angle:
        return [name for name, kind in kinds.items() if kind in OF_ANGLES]
    return [name for name, kind in kinds.items() if kind != "concentration"]


def _lay_out(request: Request, parts: Sequence[_Part], partners: str | None) -> None:
    """What becomes of partners, and the columns of every part."""
    n = request.ds.sizes["individual"]
    for part in parts:
        node = request.find(_declare((), ()), part.name)
        chosen = partners if n > 2 else None
        if "partner" in node.dims:
            if n < 2:
                raise Missing("feature_matrix", f"two animals or more for {part.called}")
            if n > 2 and partners is None:
                raise DataError(
                    f"feature_matrix: {part.called} is of pairs, and there are {n} animals: say "
                    "partners='nearest' for the nearest of them, or 'each' for all."
                )
            part.kind = ALL if chosen == EACH else ONE
        units = units_along(request.ds, node, part.array)
        part.columns = columns_of(request.ds, node, part.called, chosen or "", units, part.settings)
        part.split = tuple(one and part.in_two for one in part.columns.circular)


def _all_columns(parts: Sequence[_Part]) -> tuple[list[str], list[str], list[bool]]:
    names: list[str] = []
    units: list[str] = []
    circular: list[bool] = []
    for part in parts:
        own = part.columns
        for name, unit, angle, split in zip(
            own.names, own.units, own.circular, part.split, strict=True
        ):
            names += [f"cos {name}", f"sin {name}"] if split else [name]
            units += ["1", "1"] if split else [unit]
            circular += [False, False] if split else [angle]
    return names, units, circular


@dataclass(frozen=True)
class _Named:
    """Finds the columns that were laid out before."""

    names: tuple[str, ...]

    def __call__(self, ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
        return Members(self.names)


def _declare(names: Sequence[str], units: Sequence[str]) -> Declaration:
    return make(
        Function,
        lay_out,
        "feature",
        dims=("feature", "time"),
        units=units[0] if len({*units}) == 1 else MIXED,
        over={"feature": _Named(tuple(names))},
        optional=("values",),
        parameter_units={},
    )
