"""Poses into a matrix of features and their windows, for methods that learn from numbers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import xarray as xr
from pydantic import AfterValidator, BeforeValidator, Field

from ethoflow.engine import declarations, find
from ethoflow.engine.registry import maker_of
from ethoflow.errors import DataError
from ethoflow.features.matrix import lay_matrix
from ethoflow.features.window_statistics import read_statistic
from ethoflow.schema import VARIABLES
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import FunctionKeys, Keys, Locate, Names, Needs, Where, placing
from ethoflow.stages.made import Group
from ethoflow.units import to_frames

TEMPLATE = """\
# windows: {features: [speed, heading], window: [0.2 s, 1 s], statistic: [mean, sd]}
"""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float) else value


def _check_statistics(names: list[str]) -> list[str]:
    for name in names:
        read_statistic(name)
    return names


def _check_durations(lengths: list[float | str]) -> list[float | str]:
    for length in lengths:
        to_frames(length, 1000.0, name="it")
    return lengths


Durations = Annotated[
    list[float | str], BeforeValidator(_as_list), AfterValidator(_check_durations)
]
Statistics = Annotated[Names, AfterValidator(_check_statistics)]


class Windows(Keys):
    """Which columns the matrix has."""

    features: Names = Field(
        default_factory=list, description="Features of the matrix; none by default."
    )
    window: Annotated[Durations, Needs("must be lengths of time, such as [0.2 s, 1 s]")] = Field(
        default_factory=list, description="Lengths of windows; the features alone by default."
    )
    statistic: Annotated[Statistics, Needs("must be statistics, such as [mean, sd]")] = Field(
        default=["mean", "sd"], description="Statistics of each window."
    )
    partners: Literal["nearest", "each"] | None = Field(
        default=None, description="Of features of pairs, whose numbers: nearest or each."
    )
    angles: Literal["rad", "components"] = Field(
        default="rad", description="Angles as they are (rad), or as cosine and sine (components)."
    )


class WindowsKeys(FunctionKeys):
    """The matrix, beside the parameters of its features."""

    windows: Windows = Windows()


def _check_names(keys: WindowsKeys, locate: Locate, where: Where) -> None:
    """Features exist, and have a number for every frame."""
    keys.declare(locate, where)
    for number, name in enumerate(keys.windows.features):
        with placing(where, ["windows", "features", number]):
            _check_name(name)


def _check_name(name: str) -> None:
    if (maker := maker_of(name)) is not None:
        dims = maker[0].outputs[maker[1]].dims
    else:
        dims = VARIABLES[name].dims if name in VARIABLES else find(name, "feature").outputs[0].dims
    if "time" not in dims:
        raise DataError(f"{name!r} is a number of a whole recording: the matrix is of frames.")


@stage(
    reads=("poses",),
    writes="windows",
    keys=WindowsKeys,
    top=True,
    template=TEMPLATE,
    check=_check_names,
)
def windows(job: Job, keys: WindowsKeys) -> Group:
    """Features and statistics of their windows as one matrix, a column for each number."""
    asked = keys.windows
    if not asked.features:
        if job.keep or not job.asked:
            raise DataError("windows: no features are named: --features speed,heading names some.")
        return Group(None)
    matrix = lay_matrix(
        job.open("poses"), asked.features, asked.window or None, asked.statistic, asked.partners,
        asked.angles, keys.parameters, also=declarations(),
    )  # fmt: skip
    return Group(matrix.to_dataset(), _tell)


def _tell(stored: xr.Dataset) -> list[str]:
    return [f"windows: a matrix of {stored.sizes['feature']:,} columns"]
