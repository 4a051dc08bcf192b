"""Poses into features: speeds, distances, angles of every frame."""

from __future__ import annotations

from pydantic import Field

from ethoflow import features as feature_set
from ethoflow.stages.declare import stage
from ethoflow.stages.job import Job
from ethoflow.stages.keys import FunctionKeys, Locate, Names, Where, placing
from ethoflow.stages.made import Group


class FeaturesKeys(FunctionKeys):
    """Which features are computed."""

    features: Names | None = Field(
        default=None, description="Names of features; the usual ones that fit by default."
    )


def _check_names(keys: FeaturesKeys, locate: Locate, where: Where) -> None:
    """Features exist."""
    keys.declare(locate, where)
    for number, name in enumerate(keys.features or []):
        with placing(where, ["features", number]):
            feature_set.find_feature(name)


@stage(
    reads=("poses",),
    writes="features",
    keys=FeaturesKeys,
    top=True,
    template="# features: [speed]         # the usual ones that fit the data by default\n",
    check=_check_names,
)
def features(job: Job, keys: FeaturesKeys) -> Group:
    """Speeds, distances and postures of every frame of the poses."""
    computed, skipped = feature_set.compute(
        job.open("poses"), keys.features, parameters=keys.parameters
    )
    job.lacking |= skipped
    return Group(computed or None)
