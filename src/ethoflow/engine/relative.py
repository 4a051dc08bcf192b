"""Thresholds in body lengths: numbers that are known once an animal's length is.

A function that is given one reads the body length beside its own inputs, so that it is in its
recipe and its digest. For a pair that has no order it is the mean of the two lengths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ethoflow.engine.declare import Array, Declaration, Input
from ethoflow.units import UnitError

OWN = Input("body_length", called="body_length_of_threshold")
OTHER = Input("body_length", "partner_", called="partner_body_length_of_threshold")
ARGUMENTS = frozenset({OWN.argument, OTHER.argument})


@dataclass(frozen=True)
class BodyLengths:
    """So many body lengths of an animal, in the unit of the positions (per second, ...)."""

    number: float


def check_relative(declaration: Declaration, name: str) -> None:
    """Refuse body lengths where there is no one animal whose length it could be.

    Raises
    ------
    UnitError
        The function is of all animals at once, or makes or learns positions.
    """
    if declaration.kind in ("behaviour", "feature") and declaration.scope != "group":
        return
    why = (
        "is of all animals of a recording at once"
        if declaration.scope == "group"
        else "comes before body lengths are known"
    )
    raise UnitError(f"{name} cannot be in body lengths: {declaration.name} {why}. Give a length.")


def inputs_for(declaration: Declaration, parameters: Mapping[str, Any]) -> tuple[Input, ...]:
    """What a function reads beside its own inputs, for its parameters."""
    if not any(isinstance(value, BodyLengths) for value in parameters.values()):
        return ()
    return (OWN, OTHER) if declaration.symmetric else (OWN,)


def settle(
    parameters: Mapping[str, Any], arguments: Sequence[Input], views: Sequence[Array]
) -> tuple[dict[str, Any], list[Array]]:
    """Parameters as numbers, and the inputs that the kernel's own signature has."""
    named = list(zip(arguments, views, strict=True))
    lengths = [float(view) for item, view in named if item.argument in ARGUMENTS]
    own = [view for item, view in named if item.argument not in ARGUMENTS]
    length = sum(lengths) / len(lengths) if lengths else 0.0
    settled = {
        name: value.number * length if isinstance(value, BodyLengths) else value
        for name, value in parameters.items()
    }
    return settled, own
