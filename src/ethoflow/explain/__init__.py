"""Reasons for clusters, rules and classifiers: named features, exact Shapley values, cards."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ethoflow.explain.describing import Cards, cards
    from ethoflow.explain.fitting import Surrogate, load, surrogate
    from ethoflow.explain.rows import ExplainNote

_NAMES = {
    "Cards": "describing",
    "ExplainNote": "rows",
    "Surrogate": "fitting",
    "cards": "describing",
    "load": "fitting",
    "surrogate": "fitting",
}

__all__ = ["Cards", "ExplainNote", "Surrogate", "cards", "load", "surrogate"]


def __getattr__(name: str) -> Any:
    """Names load when they are first used."""
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")
    value = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
