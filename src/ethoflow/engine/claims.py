"""What is known decides: claims that are true, false or unknown, and what follows from several.

A claim is an array of 1, 0 and -1 for unknown (Kleene's logic of three values). Several together
are true or false as soon as those that are known settle it, and unknown only in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from ethoflow.engine.declare import Array

Claims: TypeAlias = Array | Sequence[Array]
"""Claims one beside the other along a first axis, or a sequence of them."""

TRUE, FALSE, UNKNOWN = np.int8(1), np.int8(0), np.int8(-1)


def claim(says: Array, *of: Array) -> Array:
    """What a comparison says, unknown where a number it is made of is NaN.

    Parameters
    ----------
    says
        Booleans.
    of
        The numbers they come from, of shapes that go together with that of `says`.

    Examples
    --------
    >>> distance = np.array([10.0, 90.0, np.nan])
    >>> claim(distance < 25, distance).tolist()
    [1, 0, -1]
    """
    found = np.asarray(says).astype(np.int8)
    for numbers in of:
        found = found | -np.isnan(numbers).view(np.int8)  # all bits of -1 are set
    return found


def any_of(claims: Claims) -> Array:
    """True where one claim is true, false where all are false, unknown in between.

    Parameters
    ----------
    claims
        Claims or booleans, along the first axis.

    Examples
    --------
    >>> any_of([claim(np.array([True, False, False])), np.array([-1, -1, 0])]).tolist()
    [1, -1, 0]
    """
    return _settle(claims, TRUE)


def all_of(claims: Claims) -> Array:
    """True where all claims are true, false where one is false, unknown in between.

    Examples
    --------
    >>> all_of([claim(np.array([True, False, True])), np.array([-1, -1, 1])]).tolist()
    [-1, 0, 1]
    """
    return _settle(claims, FALSE)


def _settle(claims: Claims, decisive: np.int8) -> Array:
    """`decisive` where one claim is, unknown where one of the others is, else the opposite."""
    states = [np.asarray(one).astype(np.int8, copy=False) for one in claims]
    if not states:
        raise ValueError("any_of and all_of need one claim at least.")
    decided, unknown = states[0] == decisive, states[0] == UNKNOWN
    for state in states[1:]:
        decided = decided | (state == decisive)
        unknown = unknown | (state == UNKNOWN)
    unknown &= ~decided
    # Bytes are added up: several times as fast as choosing.
    known = decided if decisive == TRUE else ~(decided | unknown)
    settled: Array = known.view(np.int8) - unknown.view(np.int8)
    return settled


def negate(one: Array) -> Array:
    """True where a claim is false, false where it is true.

    Examples
    --------
    >>> negate(np.array([1, 0, -1])).tolist()
    [0, 1, -1]
    """
    state = np.asarray(one).astype(np.int8)
    return np.where(state == -1, UNKNOWN, TRUE - state)
