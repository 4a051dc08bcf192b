"""Compiled loops for what is sequential in time: numba without the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def jit(loop: Callable[P, R]) -> Callable[P, R]:
    """`loop` compiled at its first call, and kept on disk between processes."""
    compiled: Callable[P, R] = numba.njit(nogil=True, cache=True, error_model="numpy")(loop)
    return compiled
