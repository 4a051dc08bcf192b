"""Units at the boundary: strings become numbers in the declared unit, pixels never become lengths.

Parameters are numbers in the declared unit or strings (``"3 cm"``); data carry their unit in
``attrs["units"]``. A table holds the units that tracking is made of; pint, which takes a while to
import, reads all others, here and nowhere else.
"""

from __future__ import annotations

import functools
import math
import numbers
import re
from fractions import Fraction
from typing import Any, TypeAlias

Number: TypeAlias = float | int
Quantity: TypeAlias = float | int | str


class UnitError(ValueError):
    """A quantity whose unit does not fit: the message names it, the need, and the way out."""


_KNOWN = {
    "m": ("length", Fraction(1)),
    "cm": ("length", Fraction(1, 100)),
    "mm": ("length", Fraction(1, 1000)),
    "um": ("length", Fraction(1, 1_000_000)),
    "h": ("time", Fraction(3600)),
    "min": ("time", Fraction(60)),
    "s": ("time", Fraction(1)),
    "second": ("time", Fraction(1)),
    "seconds": ("time", Fraction(1)),
    "ms": ("time", Fraction(1, 1000)),
    "px": ("pixel", Fraction(1)),
    "pixel": ("pixel", Fraction(1)),
    "pixels": ("pixel", Fraction(1)),
    "frame": ("frame", Fraction(1)),
    "frames": ("frame", Fraction(1)),
    "body_length": ("body_length", Fraction(1)),
    "body_lengths": ("body_length", Fraction(1)),
    "rad": ("", Fraction(1)),
}
"""What each word measures, and how much of it."""

_TERM = r"([a-z_]+)(?:\*\*|\^)?(-?\d+)?"
_PRODUCT = re.compile(rf"{_TERM}(?:(?:\s*[*/]\s*|\s+){_TERM})*")
_FACTOR = re.compile(rf"(/?)\s*{_TERM}")


@functools.cache
def _read_known(text: str) -> tuple[dict[str, int], Fraction] | None:
    """Powers of what `text` measures, and its scale; None where the table lacks a word of it."""
    if text.strip() in ("", "1"):
        return {}, Fraction(1)
    if not _PRODUCT.fullmatch(text.strip()):
        return None
    powers: dict[str, int] = {}
    scale = Fraction(1)
    for below, word, exponent in _FACTOR.findall(text):
        if word not in _KNOWN:
            return None
        measured, size = _KNOWN[word]
        power = int(exponent or 1) * (-1 if below else 1)
        scale *= size**power
        powers[measured] = powers.get(measured, 0) + power
    return {what: n for what, n in powers.items() if what and n}, scale


@functools.cache
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(cache_folder=None, on_redefinition="ignore")
    registry.define("px = [pixel]")
    registry.define("frame = [frame] = frames")
    registry.define("body_length = [body_length] = body_lengths")
    return registry


@functools.cache
def _unit(text: str) -> Any:
    """Unit of `text`; CF spellings (``"cm s-1"``, ``"mm/s2"``) are understood."""
    spelled = re.sub(r"(?<=[a-zA-Z])(-?\d+)", r"**\1", text.strip())
    spelled = re.sub(r"(?<=[a-zA-Z0-9])\s+(?=[a-zA-Z])", " * ", spelled)
    try:
        return _registry().Unit("dimensionless" if spelled in ("", "1") else spelled)
    except Exception as error:  # pint raises many kinds for what it cannot read
        raise UnitError(f"cannot read the unit {text!r}: write it as 'mm/s' or 's'.") from error


def same_dimension(one: str, other: str) -> bool:
    """Whether two units measure the same kind of thing.

    Examples
    --------
    >>> same_dimension("cm/s", "mm s-1"), same_dimension("px/s", "mm/s")
    (True, False)
    """
    here, there = _read_known(one), _read_known(other)
    if here is not None and there is not None:
        return here[0] == there[0]
    return bool(_unit(one).dimensionality == _unit(other).dimensionality)


def factor(of: str, to: str) -> float:
    """How many `to` one `of` is.

    Examples
    --------
    >>> factor("cm", "mm")
    10.0
    """
    if of == to:
        return 1.0
    here, there = _read_known(of), _read_known(to)
    if here is not None and there is not None and here[0] == there[0]:
        return float(here[1] / there[1])
    return float(_registry().Quantity(1.0, _unit(of)).to(_unit(to)).magnitude)


def length_in(unit: str) -> tuple[str, int]:
    """The length that a unit is made of, and its power; nothing where it has none, or two.

    A scale such as px/mm has two: it says how lengths compare, and is none.

    Examples
    --------
    >>> length_in("mm/s"), length_in("px s-2"), length_in("px^2"), length_in("rad/s")
    (('mm', 1), ('px', 1), ('px', 2), ('', 0))
    >>> length_in("px/mm")
    ('', 0)
    """
    if _read_known(unit) is None:
        return "", 0
    powers: dict[str, int] = {}
    for below, word, exponent in _FACTOR.findall(unit):
        if _KNOWN[word][0] in ("length", "pixel"):
            length = "px" if _KNOWN[word][0] == "pixel" else word
            powers[length] = powers.get(length, 0) + int(exponent or 1) * (-1 if below else 1)
    found = [(length, power) for length, power in powers.items() if power]
    return found[0] if len(found) == len(powers) == 1 else ("", 0)


def product(*factors: tuple[str, int]) -> str:
    """The unit of a product of units, each to a power.

    Examples
    --------
    >>> product(("mm/s", 1), ("s", -1)), product(("mm/s", 2)), product(("1", 1), ("s", -1))
    ('mm/s2', 'mm2/s2', '1/s')
    """
    powers: dict[str, int] = {}
    for unit, power in factors:
        if unit.strip() in ("", "1"):
            continue
        if not _PRODUCT.fullmatch(unit.strip().removeprefix("1/")):
            return "*".join(f"({u})**{p}" for u, p in factors if u not in ("", "1"))
        for below, word, exponent in _FACTOR.findall(unit.strip().removeprefix("1")):
            sign = -1 if below else 1
            powers[word] = powers.get(word, 0) + sign * int(exponent or 1) * power
    above = " ".join(f"{w}{p if p > 1 else ''}" for w, p in powers.items() if p > 0)
    under = "".join(f"/{w}{-p if p < -1 else ''}" for w, p in powers.items() if p < 0)
    return f"{above or '1'}{under}"


_PIXELS = re.compile(r"(?<![a-z_])(?:px|pixels?)(?![a-z_])")


def in_length(unit: str, length: str) -> str:
    """A unit in px with another length in its place.

    Examples
    --------
    >>> in_length("px2/s", "mm")
    'mm2/s'
    """
    return _PIXELS.sub(length, unit)


def resolve(unit: str, position: str) -> str:
    """A declared unit with the word ``position`` replaced by the unit of the data.

    Examples
    --------
    >>> resolve("position/s", "px")
    'px/s'
    """
    return unit.replace("position", position)


def convert(value: Quantity, unit: str, *, name: str) -> float:
    """`value` as a number in `unit`.

    Parameters
    ----------
    value
        A number, taken to be in `unit`, or a string such as ``"3 cm"``.
    unit
        The declared unit.
    name
        What the value is, for the message.

    Raises
    ------
    UnitError
        The string cannot be read, or it measures another kind of thing.

    Examples
    --------
    >>> convert("3 cm", "mm", name="max_distance"), convert(25, "mm", name="max_distance")
    (30.0, 25.0)
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real | str) or value != value:
        raise UnitError(f"{name} must be a number or a string such as '3 {unit}', found {value!r}.")
    if not isinstance(value, str):
        return float(value)
    number, text = _split(value, name, unit)
    if not text:
        return number
    if not same_dimension(text, unit):
        raise UnitError(
            f"{name} needs a value in {unit} (or a unit that converts to it), found {value!r}."
        )
    return number * factor(text, unit)


def unit_of(value: Quantity, *, name: str = "value", unit: str = "mm") -> str:
    """The unit written in `value`, empty for a bare number; `name` and `unit` for the message."""
    return _split(value, name, unit)[1] if isinstance(value, str) else ""


def _split(value: str, name: str, unit: str) -> tuple[float, str]:
    value = re.sub(r"^(\s*[-+]?\d+),(?!\d{3}(?!\d))(?=\d)", r"\1.", value)  # 2,5 mm, not 1,000 mm
    match = re.fullmatch(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*", value)
    if match is None:
        raise UnitError(f"{name} must be a number with a unit such as '3 {unit}', found {value!r}.")
    return float(match[1]), match[2]


def to_frames(duration: Quantity, fps: float, *, name: str) -> int:
    """A duration as whole frames, rounded half up.

    Parameters
    ----------
    duration
        Seconds, or a string: ``"200 ms"``, ``"5 frames"``.
    fps
        Frames per second.
    name
        What the duration is, for the message.

    Raises
    ------
    UnitError
        It is negative, not finite, or not a duration.

    Examples
    --------
    >>> to_frames(0.25, 30, name="min_bout"), to_frames("120 ms", 25, name="max_gap")
    (8, 3)
    """
    if isinstance(duration, str) and same_dimension(
        unit_of(duration, name=name, unit="s") or "s", "frame"
    ):
        frames = convert(duration, "frame", name=name)
    else:
        frames = convert(duration, "s", name=name) * fps
    if not math.isfinite(frames) or frames < 0:
        raise UnitError(f"{name} must be a duration of zero or more, found {duration!r}.")
    # Nine decimals keep 0.1 s x 25 fps = 2.5 a half, whatever binary fractions make of it.
    return math.floor(round(frames, 9) + 0.5)
