"""Features: numbers computed from positions. Every file here is found by itself.

``ef.features.speed(poses)`` finds its own inputs; ``ef.features.available()`` lists what there is.
"""

from __future__ import annotations

from typing import Any

from ethoflow.engine import Declaration, builtin


def available() -> dict[str, str]:
    """Name and first line of every feature.

    Examples
    --------
    >>> available()["speed"]
    'Length of the velocity vector.'
    """
    return {n: d.summary for n, d in _features().items()}


def _features() -> dict[str, Declaration]:
    return {**builtin("feature"), **builtin("summary")}


def __getattr__(name: str) -> Any:
    if name.startswith("_") or name not in _features():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _features()[name]


def __dir__() -> list[str]:
    return sorted([*globals(), *_features()])
