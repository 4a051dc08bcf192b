"""Scaling of feature matrices by numbers of the whole cohort, as an object that is kept."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.disk import writing_to
from ethoflow.engine import Declaration, Function
from ethoflow.engine.declare import COHORT
from ethoflow.engine.model import Model, content_digest
from ethoflow.engine.signature import make
from ethoflow.errors import DataError, NoSuchFile, WrongUse, did_you_mean, listed, near_file
from ethoflow.features.scaling_kernel import METHODS, finish, merge, scaled, scaler
from ethoflow.schema import as_dataset

FORMAT = "ethoflow scaler 2"


class UnscaledFeatures(UserWarning):
    """Features that have no spread, or were never seen: they cannot be scaled."""


def fit_scaler(matrix: xr.DataArray, method: str = "robust") -> Model:
    """Centre and spread of every feature over all recordings and animals of a cohort.

    The model is the same for every chunking and order of the recordings. It has the arrays
    `centre`, `spread` and `count` (frames seen), in the order of the features.

    Parameters
    ----------
    matrix
        A `feature_matrix`.
    method
        ``"robust"``: median, and interquartile range / 1.349 (the standard deviation, of normal
        numbers); quantiles are known to 1/4096 of their value. ``"standard"``: mean and standard
        deviation. Angles have the direction of their mean vector and the circular standard
        deviation in both.

    Raises
    ------
    DataError
        It is no feature matrix.

    Warns
    -----
    UnscaledFeatures
        Some features never change, or were never seen.

    Examples
    --------
    >>> import ethoflow as ef
    >>> matrix = ef.feature_matrix(ef.simulate.still_then_running(), ["speed"])
    >>> model = fit_scaler(matrix, method="standard")
    >>> float(apply_scaler(matrix, model).std().round(2))
    1.0
    """
    from ethoflow.engine.fits import fit  # Dask is heavy

    if method not in METHODS:
        raise WrongUse(
            f"fit_scaler(method) must be 'robust' or 'standard', found {method!r}."
            f"{did_you_mean(method, METHODS)}"
        )
    features, units, circular = _describe(matrix)
    given = {
        "method": method,
        "features": features,
        "units": units,
        "circular": circular,
        "rate": float(matrix.fps),
    }
    ds = as_dataset(matrix.reset_coords(["unit", "circular"], drop=True).to_dataset(name=NAME))
    model = fit(FIT, ds, {"values": NAME, **given})
    _warn(model, features)
    return model


NAME = "feature matrix"
"""What a matrix is called while it is scaled: no declared function can be called so."""
FIT: Declaration = make(
    Function,
    scaler,
    "fit",
    dims=(),
    units="1",
    halo=COHORT,
    tile=2**12,
    merge=merge,
    finish=finish,
    parameter_units={},
)
SCALED: Declaration = make(
    Function,
    scaled,
    "feature",
    dims=("feature", "time"),
    optional=("values",),
    units="1",
    parameter_units={},
)


def apply_scaler(matrix: xr.DataArray, scaler: Model) -> xr.DataArray:
    """A feature matrix with every feature less its centre, in spreads; lazy where the matrix is.

    Angles go by the shorter way round. Features that never changed become 0, those that were never
    seen stay missing.

    Parameters
    ----------
    matrix
        With the features that the scaler was fitted on, in any order, in the same units and at the
        same frame rate.
    scaler
        Of `fit_scaler` or `read_scaler`.

    Raises
    ------
    DataError
        The matrix has other features, other units, or another frame rate, at which speeds, what
        changes from frame to frame and the tracker's noise spread otherwise.

    Examples
    --------
    >>> import ethoflow as ef
    >>> matrix = ef.feature_matrix(ef.simulate.still_then_running(), ["speed"])
    >>> apply_scaler(matrix.isel(feature=[0]), fit_scaler(matrix))
    Traceback (most recent call last):
    ...
    ethoflow.errors.DataError: the scaler was fitted on other features: the matrix lacks ...
    """
    from ethoflow.engine.lazy import compute_calls
    from ethoflow.engine.resolve import Request

    features, units, _ = _describe(matrix)
    known = _settings(scaler)
    _check_features(features, known["features"])
    wanted = dict(zip(known["features"], known["units"], strict=True))
    wrong = [
        f"{n} in {u} (fitted in {wanted[n]})"
        for n, u in zip(features, units, strict=True)
        if u != wanted[n]
    ]
    if wrong:
        raise DataError(
            f"the scaler was fitted on other units: {listed(wrong, 3)}. Calibrate both alike, or "
            "fit another scaler."
        )
    if not math.isclose(rate := float(matrix.fps), known["rate"], rel_tol=1e-6):
        raise DataError(
            f"the scaler was fitted at {known['rate']:g} fps, the matrix is at {rate:g} fps, where "
            "features spread otherwise. Read the tracks with resample_fps="
            f"{known['rate']:g}, or fit another scaler."
        )
    order = [features.index(name) for name in known["features"]]
    if order != list(range(len(features))):
        matrix = matrix.isel(feature=order)
    plain = matrix.reset_coords(["unit", "circular"], drop=True)
    ds = as_dataset(plain.to_dataset(name=NAME))
    call = Request(ds).call(
        SCALED, {"values": NAME, "model": scaler, "circular": tuple(known["circular"])}
    )
    found = compute_calls(ds, {call.name: call})[call.name]
    return found.assign_coords(unit=("feature", np.full(len(features), "1", dtype=object)))


def save_scaler(scaler: Model, path: str | Path) -> Path:
    """A scaler as JSON: the frame rate, and each feature's name, unit, centre, spread and count.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    path, known = Path(path), _settings(scaler)
    rows = [
        {
            "feature": name,
            "unit": unit,
            "circular": bool(angle),
            "centre": _plain(centre),
            "spread": _plain(spread),
            "count": int(count),
        }
        for name, unit, angle, centre, spread, count in zip(
            known["features"],
            known["units"],
            known["circular"],
            scaler["centre"],
            scaler["spread"],
            scaler["count"],
            strict=True,
        )
    ]
    content = {
        "format": FORMAT,
        "method": known["method"],
        "fps": known["rate"],
        "digest": scaler.digest,
        "content": _content(known["rate"], rows),
        "recipe": dict(scaler.recipe),
        "features": rows,
    }
    with writing_to(path):
        path.write_text(json.dumps(content, indent=1, default=list) + "\n", encoding="utf-8")
    return path


def read_scaler(path: str | Path) -> Model:
    """A scaler that was saved; one that was edited since is another.

    Raises
    ------
    DataError
        There is no such file, or it holds no scaler.

    Examples
    --------
    >>> import tempfile
    >>> import ethoflow as ef
    >>> model = fit_scaler(ef.feature_matrix(ef.simulate.still_then_running(), ["speed"]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_scaler(save_scaler(model, Path(folder, "scaler.json"))).digest == model.digest
    True
    """
    path = Path(path)
    if not path.is_file():
        raise NoSuchFile(f"there is no file {path}.{near_file(path)}")
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        rows = held["features"]
        arrays = {
            "centre": np.array([_number(row["centre"]) for row in rows]),
            "spread": np.array([_number(row["spread"]) for row in rows]),
            "count": np.array([int(row["count"]) for row in rows]),
        }
        known: dict[str, Any] = {
            "method": str(held["method"]),
            "features": [str(row["feature"]) for row in rows],
            "units": [str(row["unit"]) for row in rows],
            "circular": [bool(row["circular"]) for row in rows],
            "rate": float(held["fps"]),
        }
        if held["format"] != FORMAT or len({*known["features"]}) != len(rows):
            raise ValueError("of another format")
        digest, content = str(held["digest"]), str(held["content"])
        recipe = {**held["recipe"], "parameters": known}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} holds no scaler of ef.save_scaler ({type(error).__name__}: {error})."
        ) from error
    own = _content(known["rate"], rows)
    return Model("scaler", digest if own == content else own, arrays, recipe)


def _content(rate: object, rows: list[dict[str, Any]]) -> str:
    """Digest of all that a scaler does."""
    return content_digest({}, {}, json.dumps([rate, rows], sort_keys=True))


def _plain(number: Any) -> float | None:
    return float(number) if np.isfinite(number) else None


def _number(given: Any) -> float:
    return float("nan") if given is None else float(given)


def _settings(model: Any) -> Mapping[str, Any]:
    found = model.recipe.get("parameters", {}) if isinstance(model, Model) else {}
    if not {"features", "units", "circular", "method", "rate"} <= set(found):
        raise WrongUse(f"needed a scaler of ef.fit_scaler or ef.read_scaler, found {model!r}.")
    return found


def _describe(matrix: Any) -> tuple[tuple[str, ...], tuple[str, ...], tuple[bool, ...]]:
    """Names and units of a matrix' features, and which are angles."""
    if not isinstance(matrix, xr.DataArray) or "feature" not in matrix.dims:
        raise WrongUse("needed a matrix of ef.feature_matrix, with the dim feature.")
    lost = [name for name in ("feature", "unit", "circular") if name not in matrix.coords]
    if lost:
        raise WrongUse(f"the matrix lacks the coordinate {lost[0]!r}: make it again.")
    names = tuple(str(name) for name in matrix.feature.values)
    if len(set(names)) < len(names):
        raise DataError("two features of the matrix have one name: give each its own.")
    units = tuple(str(unit) for unit in matrix.unit.values)
    return names, units, tuple(bool(one) for one in matrix.circular.values)


def _check_features(found: tuple[str, ...], wanted: Any) -> None:
    lacks = [name for name in wanted if name not in found]
    more = [name for name in found if name not in wanted]
    if lacks or more:
        told = [f"lacks {listed(lacks, 3)}"] if lacks else []
        told += [f"has {listed(more, 3)} beside"] if more else []
        raise DataError(
            f"the scaler was fitted on other features: the matrix {' and '.join(told)}. Make the "
            "same columns, or fit another scaler."
        )


def _warn(model: Model, features: tuple[str, ...]) -> None:
    spread, count = model["spread"], model["count"]
    for wrong, what in ((count == 0, "were never seen"), (spread == 0, "never change")):
        names = [name for name, one in zip(features, wrong, strict=True) if one]
        if names:
            warnings.warn(
                f"{listed(names, 5)} {what}, and cannot be scaled: leave them out.",
                UnscaledFeatures,
                stacklevel=3,
            )
