"""Features that data have already: a classifier computes its own, the same wherever it predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from ethoflow.engine.registry import maker_of
from ethoflow.learn.recipe import PARAMETERS


def without_stored(ds: xr.Dataset) -> xr.Dataset:
    """Data without what is computed from their positions: it may be of other parameters."""
    if "position" not in ds:
        return ds
    return ds.drop_vars([name for name in map(str, ds.data_vars) if maker_of(name) is not None])


def check_stored(
    ds: xr.Dataset,
    features: Sequence[str] | None,
    parameters: Mapping[str, Mapping[str, Any]] | None,
) -> None:
    """Refuse features that were named, and that the data have with other parameters.

    Raises
    ------
    WrongUse
        The classifier would not look at what the data have.
    """
    from ethoflow.engine.recorded import check_recorded
    from ethoflow.engine.sources import source_of

    for name in features or ():
        maker = maker_of(name)
        if maker is None or name not in ds.data_vars:
            continue
        declaration = maker[0]
        settings = {**PARAMETERS, **(parameters or {})}.get(declaration.name, {})
        asked = {**declaration.defaults, **settings}
        check_recorded(ds, source_of(ds[name]), declaration, asked)
