"""Reasons for clusters, rules and classifiers: named features, exact Shapley values, cards."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ethoflow.explain.cards import Cards, cards
    from ethoflow.explain.rows import ExplainNote
    from ethoflow.explain.surrogate import Surrogate, surrogate

_NAMES = {
    "Cards": "cards",
    "ExplainNote": "rows",
    "Surrogate": "surrogate",
    "cards": "cards",
    "surrogate": "surrogate",
}

__all__ = ["Cards", "ExplainNote", "Surrogate", "cards", "surrogate"]


def __getattr__(name: str) -> Any:
    """Names load when they are first used."""
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")
    value = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    globals()[name] = value
    return value
