"""Plot functions: one file each, found by being declared."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec

from ethoflow.io.registry import Registry
from ethoflow.plot.picture import Picture

P = ParamSpec("P")

TOPICS = ("one recording", "a cohort", "groups", "labels beside each other", "reasons", "quality")
"""Parts of the gallery, in their order."""


@dataclass(frozen=True)
class Plot:
    """One plot function: its name, what of the gallery it is, and how an example is drawn."""

    name: str
    function: Callable[..., Picture]
    topic: str
    example: Callable[[], Picture]
    code: str

    @property
    def summary(self) -> str:
        """What it shows, in a sentence."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]


_PLOTS: Registry[Plot] = Registry("ethoflow.plot")


def plot(
    topic: str, *, example: Callable[[], Picture], code: str
) -> Callable[[Callable[P, Picture]], Callable[P, Picture]]:
    """Declaration of a plot function: it gets a place in the gallery and in the tests of all.

    Parameters
    ----------
    topic
        The part of the gallery, one of `TOPICS`.
    example
        Draws an example of simulated animals, small: the gallery shows it and tests hold it to what
        every picture has to keep.
    code
        How somebody would write that, for the gallery.

    Raises
    ------
    ValueError
        The topic is none, or the name is that of another function.
    """
    if topic not in TOPICS:
        raise ValueError(f"no topic {topic!r}; there are: {', '.join(TOPICS)}.")

    def register(function: Callable[P, Picture]) -> Callable[P, Picture]:
        name = function.__name__
        _PLOTS.add(name, function, Plot(name, function, topic, example, code))
        return function

    return register


def plots() -> dict[str, Plot]:
    """Every plot function by name, in the order of the gallery.

    Examples
    --------
    >>> "ethogram" in plots()
    True
    """
    found = sorted(_PLOTS.all().values(), key=lambda one: (TOPICS.index(one.topic), one.name))
    return {one.name: one for one in found}
