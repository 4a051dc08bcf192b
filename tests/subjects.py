"""What the contract is tried on: every built-in declaration, and every one of the probes.

A probe says in its own file what its declarations are called on, with `given`, and with what,
with `settings`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import dask
import numpy as np
import xarray as xr

import ethoflow as ef
from ethoflow.engine import Declaration, Output, builtin
from tests.strategies import make_pixels, make_poses

PROBES = (
    "pair_distances", "joint_angle", "regions", "windows", "kalman", "pose_model", "net", "hmm",
    "huddle", "video",
)  # fmt: skip


def _as_it_is(ds: xr.Dataset) -> xr.Dataset:
    return ds


def _nothing(_: xr.Dataset) -> Mapping[str, Mapping[str, Any]]:
    return {}


@dataclass(frozen=True)
class Subject:
    """One variable that a declaration gives, and what the declaration is to be called with."""

    item: Declaration
    output: Output
    given: Callable[[xr.Dataset], xr.Dataset] = _as_it_is
    settings: Callable[[xr.Dataset], Mapping[str, Mapping[str, Any]]] = _nothing

    def __call__(self, ds: xr.Dataset, **parameters: Any) -> xr.DataArray:
        """The variable, from poses."""
        found = self.item(self.given(ds), **self.given_settings(ds), **parameters)
        return found[self.output.name] if isinstance(found, xr.Dataset) else found

    def given_settings(self, ds: xr.Dataset) -> Mapping[str, Any]:
        """What the declaration is called with on a dataset."""
        return self.settings(ds).get(self.item.name, {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "item":
            raise AttributeError(name)
        return getattr(self.item, name)

    @property
    def title(self) -> str:
        """Name of the declaration, and of the variable where it gives several."""
        return f"{self.name}-{self.output.name}" if self.further else str(self.name)

    @property
    def output_dims(self) -> tuple[str, ...]:
        """Dims of the variable, without `recording`."""
        return self.item.lead + self.output.dims

    @property
    def units(self) -> str:
        """Units of the variable, as declared."""
        return self.output.units

    @property
    def gives(self) -> str:
        """Kind of the variable."""
        return self.output.gives

    @property
    def label(self) -> bool:
        """Whether the variable is 1, 0 or unknown."""
        return self.gives in ("label", "flag")

    @property
    def reads_poses(self) -> bool:
        """Whether poses are all it is called on."""
        return self.given is _as_it_is


def with_regions(ds: xr.Dataset) -> xr.Dataset:
    """Poses with regions of three kinds beside them."""
    corners = [(-150, -150), (0, -150), (0, 150), (-150, 150)]
    ring = [ef.circle(0, 0, 160), ef.circle(0, 0, 80)]
    regions = {"left": ef.polygon(corners), "disc": ef.circle(20, 0, 60), "ring": ring}
    return ef.mark_regions(ds, regions, units=ds.position.attrs["units"])


def with_filled(ds: xr.Dataset) -> xr.Dataset:
    """Poses of which some points are marked as filled."""
    seen = ds.position.notnull().all("space")
    marks = (seen & (ds.position.isel(space=0) > 0)).where(seen, 0).astype("float32")
    marks.attrs = {"units": "1", "kind": "flag"}
    return ds.assign(filled=marks.transpose(*ds.confidence.dims))


def seen_askew(ds: xr.Dataset) -> xr.Dataset:
    """Poses with the way from the picture to the floor beside them."""
    matrix = np.array([[0.9, 0.1, 5], [-0.05, 1.1, 3], [2e-4, -1e-4, 1]])
    lead = ds.position.dims[:1] if "recording" in ds.position.dims else ()
    shape = (*(ds.sizes[dim] for dim in lead), 3, 3)
    variable = xr.Variable((*lead, "row", "column"), np.broadcast_to(matrix, shape), {"units": "1"})
    return ds.assign(homography=variable)


OF_REGIONS = (
    "region_distance", "in_region", "share_in_region", "region_bearing", "time_since_entry",
    "time_inside", "sniffing_region",
)  # fmt: skip


IN_BINS = ("distance_moved", "time_inside")


def in_bins(ds: xr.Dataset) -> Mapping[str, Mapping[str, Any]]:
    """Bins of ten frames and a part of one, more of them than the recordings have."""
    return {name: {"bin": 10.3 / float(ds.fps), "n_bins": 26} for name in IN_BINS}


def _needs_of(name: str) -> Callable[[xr.Dataset], xr.Dataset]:
    if name in OF_REGIONS:
        return with_regions
    return {"smooth_kalman": with_filled, "to_floor": seen_askew}.get(name, _as_it_is)


@cache
def pose_model(n_bodyparts: int, units: str) -> Any:
    """A pose model of other recordings."""
    make = make_poses if units == "mm" else make_pixels
    with dask.config.set(scheduler="synchronous"):
        return ef.cleaning.fit_poses(make(77, 900).isel(bodypart=slice(n_bodyparts)))


def with_pose_model(ds: xr.Dataset) -> Mapping[str, Mapping[str, Any]]:
    """The model for the skeleton and the units of a dataset."""
    model = pose_model(ds.sizes["bodypart"], ds.position.attrs["units"])
    return {"fill_from_pose": {"model": model}}


def _settings_of(name: str) -> Callable[[xr.Dataset], Mapping[str, Mapping[str, Any]]]:
    if name == "fill_from_pose":
        return with_pose_model
    return in_bins if name in IN_BINS else _nothing


def of_builtins() -> list[Subject]:
    """All that comes with ethoflow."""
    return [
        Subject(
            item,
            output,
            _needs_of(name),
            _settings_of(name),
        )
        for name, item in builtin().items()
        if item.kind != "fit"  # it gives a model, and no array that could be compared
        for output in item.outputs
    ]


def probes_here() -> list[str]:
    """Names of the probes; without the network where PyTorch is not installed."""
    return [name for name in PROBES if name != "net" or find_spec("torch") is not None]


def of_probes() -> list[Subject]:
    """All that the probes declare."""
    found = []
    for name in probes_here():
        module = importlib.import_module(f"tests.engine.probes.{name}")
        needs = {n: getattr(module, n) for n in ("given", "settings") if hasattr(module, n)}
        for item in vars(module).values():
            if isinstance(item, Declaration) and item.function.__module__ == module.__name__:
                found += [Subject(item, output, **needs) for output in item.outputs]
    return found
