"""What a tracker's confidence means, and below what a point is better taken as not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import xarray as xr

from ethoflow.schema import LOW_CONFIDENCE

MOST_LOST = 0.05
"""Share of the seen points from which on a threshold costs too much to go unsaid."""


@dataclass(frozen=True)
class Score:
    """A kind of confidence: what it is, the threshold `clean` takes for it, and how far it goes."""

    name: str
    min_confidence: float
    most: float = 1.0


LIKELIHOOD = Score("likelihood of the point", LOW_CONFIDENCE)
"""Nearly 1 where the network is sure; 0.6 is DeepLabCut's own ``pcutoff``."""

PEAK = Score("height of the peak in the network's map", 0.2, 2.0)
"""Depends on the network and reaches beyond 1: sound points of one may lie around 0.4. SLEAP itself
takes no peak below 0.2 for a point, so what is above has passed its own test."""

KINDS = {"SLEAP": PEAK, "DANNCE": PEAK, "JABS": PEAK}
"""Kind of confidence by how the name of the software begins that made the tracks; likelihoods where
it is not listed."""


def score_of(ds: xr.Dataset) -> Score:
    """The kind of confidence in `ds`, by the software that made it.

    In a cohort of several trackers it is the one with the lowest threshold, which takes no sound
    point of any.

    Examples
    --------
    >>> score_of(xr.Dataset(attrs={"source_software": "SLEAP"})).min_confidence
    0.2
    """
    names = str(ds.attrs.get("source_software", "")).split(", ")
    return min(map(_kind_of, names), key=lambda score: score.min_confidence)


def _kind_of(software: str) -> Score:
    return next((kind for name, kind in KINDS.items() if software.startswith(name)), LIKELIHOOD)


def choose_min_confidence(
    ds: xr.Dataset, min_confidence: float | Literal["auto"] | None
) -> float | None:
    """What ``"auto"`` means for the confidence in `ds`; other values as they are."""
    return score_of(ds).min_confidence if min_confidence == "auto" else min_confidence


def describe_loss(ds: xr.Dataset, min_confidence: float, share: float) -> str:
    """What a threshold costs, in a sentence."""
    software = str(ds.attrs.get("source_software", ""))
    of = f" ({score_of(ds).name}{f', {software}' if software else ''})"
    return (
        f"min_confidence={min_confidence:g} takes {share:.1%} of the points that were seen for "
        f"missing; their confidence{of} is below it. Give a lower one, or None to keep them all."
    )
