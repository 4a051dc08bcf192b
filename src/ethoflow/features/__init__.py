"""Features: numbers computed from positions. Every file here is found by itself.

``ef.features.speed(poses)`` finds its own inputs; ``ef.features.available()`` lists what there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from ethoflow.engine import Declaration, builtin, declarations, find
from ethoflow.errors import DataError, Missing, did_you_mean, one_or_many, tell_missing
from ethoflow.schema import Data, as_dataset

__all__ = ["available", "compute", "find_feature", "usual"]


def available() -> dict[str, str]:
    """Name and first line of every feature.

    Examples
    --------
    >>> available()["speed"]
    'Length of the velocity vector.'
    """
    return {n: d.summary for n, d in _features().items()}


def usual() -> list[str]:
    """Names of the features that are computed where none is named, if they fit.

    Examples
    --------
    >>> "speed" in usual(), "path_length" in usual()
    (True, False)
    """
    return [name for name, item in _features().items() if not item.on_request]


def compute(
    data: Data,
    names: Sequence[str] | None = None,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[xr.Dataset, dict[str, Missing]]:
    """Several features of one dataset, computed together, and why others were left out.

    Parameters
    ----------
    data
        Positions.
    names
        Features; by default every one that comes with ethoflow, fits the data, and is not declared
        to be computed on request alone.
    parameters
        By feature; those of others play no part.

    Raises
    ------
    UnknownName
        No feature of that name.
    DataError
        A feature asked for by name does not fit the data.
    """
    # Dask is heavy: what is declared here is read without it.
    from ethoflow.engine.lazy import compute_calls
    from ethoflow.engine.resolve import Request

    ds = as_dataset(data, needs=["position"])
    request = Request(ds, parameters or {})
    calls, skipped = {}, {}
    for name in usual() if names is None else one_or_many(names):
        declaration = find_feature(name)
        alone = declaration.scope != "individual" and ds.sizes.get("individual", 1) < 2
        if names is None and alone:
            continue
        try:
            call = request.call(declaration, {})
            for dim, members in call.members.items():
                if not members:
                    raise _without_members(ds, name, dim)
            calls[name] = call
        except Missing as error:
            skipped[name] = error
    if skipped and names is not None:
        raise DataError("\n".join(tell_missing(skipped, "cannot compute")))
    return xr.Dataset(compute_calls(ds, calls)), skipped


def _without_members(ds: xr.Dataset, name: str, dim: str) -> Missing:
    from ethoflow.engine.roles import list_parts

    return Missing(
        name,
        f"body parts in known roles that together make one {dim} (help(ef.features.{name}) says "
        "which)",
        f"This recording has: {', '.join(list_parts(ds))}.",
        "Name what lacks its role with skeleton={'ROLE': 'its name here'} (--skeleton ROLE=NAME).",
    )


def find_feature(name: str) -> Declaration:
    """A feature, or a number of a whole recording, called `name`.

    Raises
    ------
    UnknownName
        There is none; the message has the nearest.
    """
    found = declarations().get(name)
    return found if found is not None and found.kind == "summary" else find(name, "feature")


def _features() -> dict[str, Declaration]:
    found = {**builtin("feature"), **builtin("summary")}
    return {n: d for n, d in found.items() if d.function.__module__.startswith(__name__)}


def __getattr__(name: str) -> Any:
    if name.startswith("_") or name not in _features():
        asked = "" if name.startswith("_") else did_you_mean(name, _features())
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{asked}")
    return _features()[name]


def __dir__() -> list[str]:
    return sorted({*__all__, *_features()})
