"""Behaviour found without labels: networks and mixtures on signals, decoded in time."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ethoflow.cluster.clusterer import Clusterer, load
    from ethoflow.cluster.family import family_names
    from ethoflow.cluster.fitting import fit
    from ethoflow.cluster.matching import adjusted_rand, match, matched_accuracy

_NAMES = {
    "Clusterer": "clusterer",
    "adjusted_rand": "matching",
    "family_names": "family",
    "fit": "fitting",
    "load": "clusterer",
    "match": "matching",
    "matched_accuracy": "matching",
}

__all__ = [
    "Clusterer",
    "adjusted_rand",
    "family_names",
    "fit",
    "load",
    "match",
    "matched_accuracy",
]


def __getattr__(name: str) -> Any:
    """Names load when they are first used: nothing of this is quick to import."""
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")
    value = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
