"""How far a training has come, as whoever waits for it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int, Mapping[str, float]], None]
"""Called with steps done, steps in all, and numbers: losses, occupied clusters."""
