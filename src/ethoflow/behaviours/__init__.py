"""Behaviours: labels by rules. Every file here is one rule and is found by itself.

``ef.behaviours.climbing(poses)`` labels one behaviour; ``ef.annotate`` labels many together.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from ethoflow.engine import Declaration, builtin
from ethoflow.errors import did_you_mean

__all__ = ["available", "usual"]


def available() -> dict[str, str]:
    """Name and first line of every behaviour.

    Examples
    --------
    >>> available()["moving"]
    'The body centre moves at `min_speed` or faster.'
    """
    return {n: d.summary for n, d in builtin("behaviour").items()}


def usual() -> list[str]:
    """Names of the behaviours that are labelled where none is named, if they fit.

    Examples
    --------
    >>> "moving" in usual(), "turning_left" in usual()
    (True, False)
    """
    return [name for name, item in builtin("behaviour").items() if not item.on_request]


def __getattr__(name: str) -> Any:
    if name.startswith("_") or name not in builtin("behaviour"):
        asked = "" if name.startswith("_") else did_you_mean(name, builtin("behaviour"))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{asked}")
    return builtin("behaviour")[name]


def _name_rules() -> None:
    """Let `behaviours.moving` be the rule: importing its file names the module so."""
    for item in pkgutil.iter_modules(__path__):
        rule = getattr(importlib.import_module(f"{__name__}.{item.name}"), item.name, None)
        if isinstance(rule, Declaration):
            globals()[item.name] = rule


_name_rules()


def __dir__() -> list[str]:
    return sorted({*__all__, *builtin("behaviour")})
