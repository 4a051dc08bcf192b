"""What a classifier gets in every frame: features in body lengths, and their windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from ethoflow.engine import Declaration, Function, Members
from ethoflow.engine.declare import Array
from ethoflow.engine.signature import make
from ethoflow.errors import DataError, Missing, WrongUse, listed
from ethoflow.features.columns import columns_of, units_along
from ethoflow.features.windows import window_call
from ethoflow.learn.recipe import BODY_LENGTH, Recipe, unit_given
from ethoflow.schema import position_units
from ethoflow.units import length_in

if TYPE_CHECKING:
    from ethoflow.engine.calls import Call
    from ethoflow.engine.resolve import Request

ROWS, OWN_ROWS, WINDOWED = "rows", "own_rows", "windowed_rows"
OVER_POINTS = ("mean", "min", "max")
"""What all points together do, beside each of them: one that shakes says little of the animal."""


class Part(NamedTuple):
    """Which rows of a feature are taken, whether they are angles, and their power of length.

    `each` says whether every row is a column, `together` whether what all of them do are some.
    """

    places: tuple[int, ...]
    circular: bool
    power: int
    each: bool
    together: bool

    def names(self, all_names: Sequence[str], called: str) -> list[str]:
        """Of the columns that it becomes."""
        own = [all_names[place] for place in self.places]
        if self.circular:
            return [f"{part} {name}" for name in own for part in ("cos", "sin")]
        together = [f"{called}, {one} of points" for one in OVER_POINTS if self.together]
        return [*(own if self.each else ()), *together]


def lay_out(length: Any, values: Sequence[Array], parts: Sequence[Part]) -> Array:
    """Features one above the other, lengths divided by `length`, angles as cosine and sine."""
    n_frames = max(array.shape[-1] for array in values)
    rows: list[Array] = []
    for array, part in zip(values, parts, strict=True):
        found = np.asarray(array, np.float64).reshape(-1, array.shape[-1])[list(part.places)]
        if part.circular:
            rows += [turned for row in found for turned in (np.cos(row), np.sin(row))]
            continue
        scaled = found / np.float64(length) ** part.power
        rows += [*(scaled if part.each else ()), *(_together(scaled) if part.together else ())]
    stacked = np.stack(rows) if rows else np.empty((0, n_frames))
    # Where nobody knows how long the animal is, angles alone say too little.
    return np.where(np.isnan(length), np.float32(np.nan), stacked.astype(np.float32))


def _together(rows: Array) -> list[Array]:
    """Mean, least and most of the rows that are seen."""
    seen = ~np.isnan(rows)
    count = seen.sum(axis=0)
    total = np.zeros(rows.shape[-1])
    for row, known in zip(rows, seen, strict=True):  # in one order, whatever the block's length
        total = total + np.where(known, row, 0.0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    least = np.where(seen, rows, np.inf).min(axis=0)
    most = np.where(seen, rows, -np.inf).max(axis=0)
    nobody = count == 0
    return [mean, np.where(nobody, np.nan, least), np.where(nobody, np.nan, most)]


def own_rows(body_length: Array, *values: Array, parts: Sequence[Part] = ()) -> Array:
    """Features of one animal in its body lengths, dims (feature, time)."""
    return lay_out(body_length, values, parts)


def plain_rows(*values: Array, parts: Sequence[Part] = ()) -> Array:
    """Features of one animal in the units of the data, dims (feature, time)."""
    return lay_out(1.0, values, parts)


def pair_rows(
    body_length: Array,
    partner_body_length: Array,
    own_rows: Array,
    partner_own_rows: Array,
    *values: Array,
    parts: Sequence[Part] = (),
) -> Array:
    """Features of two animals, of the actor and of the partner, dims (feature, time)."""
    both = lay_out((body_length + partner_body_length) / 2, values, parts)
    return np.concatenate([both, own_rows, partner_own_rows])


def plain_pair_rows(
    own_rows: Array, partner_own_rows: Array, *values: Array, parts: Sequence[Part] = ()
) -> Array:
    """The same in the units of the data."""
    return np.concatenate([lay_out(1.0, values, parts), own_rows, partner_own_rows])


def stack(rows: Array, *windowed: Array) -> Array:
    """Features and their windows one above the other, dims (column, time)."""
    return np.concatenate([rows, *(one.reshape(-1, one.shape[-1]) for one in windowed)])


@dataclass(frozen=True)
class _Named:
    """Finds the columns that were laid out before."""

    names: tuple[str, ...]

    def __call__(self, ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
        return Members(self.names)


def request_rows(request: Request, recipe: Recipe) -> tuple[Call, tuple[str, ...]]:
    """The features of a recipe as nodes of a request, with the names of their columns.

    The request then has the node `ROWS`, and `WINDOWED` where there are windows. Where the recipe
    names no columns it takes all that there are.

    Raises
    ------
    DataError
        The data lack features or columns of the recipe, or have other frame rates or units.
    """
    check_fits(request.ds, recipe)
    if recipe.of == "individual":
        rows, names = _lay_out_features(request, recipe, recipe.own, (own_rows, plain_rows), ())
    else:
        own, own_names = _lay_out_features(
            request, recipe, recipe.own, (own_rows, plain_rows), (), of="individual"
        )
        request.nodes[OWN_ROWS] = own
        ours = [f"{name} of {who}" for who in ("the actor", "the partner") for name in own_names]
        rows, names = _lay_out_features(
            request, recipe, recipe.of_pairs, (pair_rows, plain_pair_rows), ours
        )
    request.nodes[ROWS] = rows
    if recipe.windows:
        request.nodes[WINDOWED] = window_call(
            request, ROWS, window=list(recipe.windows), statistic=list(recipe.statistics)
        )
    return rows, names


def check_fits(ds: xr.Dataset, recipe: Recipe) -> None:
    """Refuse data of another frame rate, or in another unit.

    Raises
    ------
    DataError
        They are; the message says which.
    """
    if recipe.fps and not np.isclose(float(ds.fps), recipe.fps, rtol=1e-3):
        raise DataError(
            f"the classifier was trained at {recipe.fps:g} frames per second, and these data have "
            f"{float(ds.fps):g}: read them with resample_fps={recipe.fps:g}, or train another."
        )
    if recipe.length != BODY_LENGTH and position_units(ds) != recipe.length:
        raise DataError(
            f"the classifier was trained on positions in {recipe.length}, and these are in "
            f"{position_units(ds)}: calibrate both alike with ef.calibrate, or train another."
        )
    for name, unit in recipe.given.items():
        found = unit_given(ds, name, recipe.length) if name in ds.data_vars else unit
        if found != unit:
            raise DataError(
                f"the classifier was trained on {name} in {unit}, and here it is in {found}: bring "
                "it to the same unit, or train another."
            )


def _lay_out_features(
    request: Request,
    recipe: Recipe,
    features: Sequence[str],
    kernels: tuple[Any, Any],
    before: Sequence[str],
    of: str = "",
) -> tuple[Call, tuple[str, ...]]:
    names: list[str] = []
    parts: list[Part] = []
    for feature in features:
        part, own = _part_of(request, feature, known=bool(recipe.columns), each=recipe.each)
        parts.append(part)
        names += own
    names += before
    if recipe.columns and not of:
        _check_columns(recipe, names)
    kernel = kernels[recipe.length != BODY_LENGTH]
    declaration = _declare(kernel, of or recipe.of, names)
    given = {"values": list(features), "parts": tuple(parts)}
    return request.call(declaration, given), tuple(names)


def _part_of(request: Request, feature: str, *, known: bool, each: bool) -> tuple[Part, list[str]]:
    """How a feature is laid out, and the names of its columns."""
    try:
        node = request.find(_declare(plain_rows, "individual", ()), feature)
    except Missing as error:
        if not known:
            raise
        raise DataError(f"the classifier needs the feature {feature}: {error}") from error
    columns = columns_of(request.ds, node, feature, "", units_along(request.ds, node, None))
    powers = {length_in(unit)[1] for unit in columns.units}
    if len(powers) > 1 or len({*columns.circular}) > 1:
        raise WrongUse(f"{feature} has parts in different units: give each by itself.")
    together = "bodypart" in node.dims and "space" not in node.dims and not columns.circular[0]
    part = Part(
        tuple(range(len(columns.names))), columns.circular[0], powers.pop(),
        each or not together, together,
    )  # fmt: skip
    return part, part.names(columns.names, feature)


def _check_columns(recipe: Recipe, names: Sequence[str]) -> None:
    missing = [name for name in recipe.columns if name not in names]
    if missing or tuple(names) != recipe.columns:
        lacks = listed(missing, 6) if missing else "the order they had"
        raise DataError(
            f"the classifier was trained on other features: these data lack {lacks}. Give data "
            "with the same points (roles: ef.assign_roles) and features, or train another."
        )


def _declare(kernel: Any, scope: str, names: Sequence[str]) -> Declaration:
    optional = [n for n in ("values", "own_rows", "partner_own_rows") if _has(kernel, n)]
    lengths = [n for n in ("body_length", "partner_body_length") if _has(kernel, n)]
    return make(
        Function,
        kernel,
        "feature",
        dims=("feature", "time"),
        units="1",
        scope=scope,
        over={"feature": _Named(tuple(names))},
        optional=(*optional, *lengths),
        parameter_units={},
    )


def _has(kernel: Any, name: str) -> bool:
    return name in kernel.__code__.co_varnames[: kernel.__code__.co_argcount] or name == "values"
