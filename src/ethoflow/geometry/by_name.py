"""What was given for each recording by its name, whole or short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from ethoflow.errors import UnknownName, did_you_mean, listed
from ethoflow.names import plain
from ethoflow.short_names import short_names, videos_of

Value = TypeVar("Value")

DEFAULT = "default"
"""The name under which stands what is of all recordings that are not named."""


def for_each(given: Mapping[str, Value], names: Sequence[str], what: str) -> list[Value]:
    """The value of each recording, in order; that of ``default`` where it has none of its own.

    What is given for a video is that of all recordings that networks made of it.

    Raises
    ------
    UnknownName
        There is none for a recording; `what` it is stands in the message.

    Examples
    --------
    >>> for_each({"m1": 2.0, "m2DLC_resnet_a": 3.0}, ["m1DLC_resnet_a", "m2DLC_resnet_a"], "scale")
    [2.0, 3.0]
    >>> for_each({"m1": 2.0}, ["m1DLC_a_shuffle1_5", "m1DLC_a_shuffle2_5"], "scale")
    [2.0, 2.0]
    """
    known = {plain(str(name)): value for name, value in given.items()}
    values, videos = [], videos_of(names)
    for name, short in short_names(names).items():
        called = map(plain, (name, short, videos[name]))
        key = next((key for key in called if key in known), None)
        key = DEFAULT if key is None and DEFAULT in known else key
        if key is None:
            near = did_you_mean(short, given) or did_you_mean(name, given)
            raise UnknownName(
                f"no {what} for the recording {name!r}; there is one for: {listed(given)}.{near}"
            )
        values.append(known[key])
    return values


def unused(given: Mapping[str, object], names: Sequence[str]) -> list[str]:
    """Names that something is given for and that no recording has.

    Examples
    --------
    >>> unused({"m1": 2.0, "m3": 2.0, "default": 1.0}, ["m1DLC_a", "m2DLC_a"])
    ['m3']
    """
    pairs = [*short_names(names).items(), *videos_of(names).items()]
    known = {plain(name) for pair in pairs for name in pair} | {DEFAULT}
    return [str(name) for name in given if plain(str(name)) not in known]
