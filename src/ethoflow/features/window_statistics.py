"""Statistics that windows may have: how they are written, what they need, and their units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ethoflow.errors import DataError, no_such
from ethoflow.units import Quantity, product, to_frames

PLAIN = ("mean", "sd", "min", "max", "median", "slope")
WITH_NUMBERS = ("quantile 0.9", "power 2-5 Hz", "autocorrelation 0.2 s")
OF_ANGLES = ("mean", "sd", "concentration", "slope")

_QUANTILE = re.compile(r"(?:quantile|q)\s*(\d*\.?\d+)")
_POWER = re.compile(r"power\s+(\d*\.?\d+)\s*(?:-|\u2013|to)\s*(\d*\.?\d+)\s*Hz", re.IGNORECASE)
_LAG = re.compile(r"autocorrelation\s+(.+)")


@dataclass(frozen=True)
class Statistic:
    """One statistic: its kind, how it is written, and its numbers (share, band in Hz)."""

    kind: str
    name: str
    numbers: tuple[float, ...] = ()
    lag: str = ""

    def units(self, of: str) -> str:
        """Its unit, for values in the unit `of`."""
        if self.kind in ("autocorrelation", "concentration"):
            return "1"
        if self.kind == "slope":
            return product((of, 1), ("s", -1))
        return product((of, 2)) if self.kind == "power" else of


def read_statistic(text: str) -> Statistic:
    """A statistic as it is written.

    Raises
    ------
    DataError
        There is none of that name, or its numbers make none.

    Examples
    --------
    >>> read_statistic("power 2-5 Hz").units("mm/s"), read_statistic("q0.9").name
    ('mm2/s2', 'quantile 0.9')
    """
    if not isinstance(text, str):
        raise DataError(f"windowed(statistic) must be names such as 'mean', found {text!r}.")
    name = text.strip()
    if name in PLAIN or name == "concentration":
        return Statistic(name, name, (0.5,) if name == "median" else ())
    if found := _QUANTILE.fullmatch(name):
        share = float(found[1])
        if share > 1:
            raise DataError(f"windowed(statistic): {text!r} must be a share from 0 to 1.")
        return Statistic("quantile", f"quantile {share:g}", (share,))
    if found := _POWER.fullmatch(name):
        low, high = float(found[1]), float(found[2])
        if low >= high:
            raise DataError(f"windowed(statistic): the band of {text!r} ends before it begins.")
        return Statistic("power", f"power {low:g}-{high:g} Hz", (low, high))
    if found := _LAG.fullmatch(name):
        return Statistic("autocorrelation", f"autocorrelation {found[1].strip()}", (), found[1])
    known = [*PLAIN, *WITH_NUMBERS, "concentration"]
    raise DataError(f"windowed(statistic): {no_such('statistic', text, known)}")


def half_window(window: Quantity, fps: float) -> int:
    """Frames to either side of the middle one."""
    return to_frames(window, fps, name="windowed(window)") // 2


def bins_of(statistic: Statistic, half: int, fps: float) -> list[int]:
    """Frequencies in a band, as whole waves in a window; its upper end is not of the band."""
    length = 2 * half + 1
    low, high = statistic.numbers
    return [k for k in range(1, half + 1) if low <= round(k * fps / length, 9) < high]


def check_statistics(
    statistics: Sequence[Statistic], windows: Sequence[Quantity], fps: float, *, circular: bool
) -> None:
    """Refuse what windows of these lengths, or angles, do not have.

    Raises
    ------
    DataError
        Some statistic cannot be had.
    """
    for window in windows:
        half = half_window(window, fps)
        if half < 1:
            raise DataError(
                f"windowed(window): {window!r} is one frame at {fps:g} fps; a window needs three, "
                f"from {2 / fps:.3g} s on."
            )
        for one in statistics:
            _check_in(one, window, half, fps)
    if circular:
        wrong = [one.name for one in statistics if one.kind not in OF_ANGLES]
        if wrong:
            raise DataError(
                f"windowed(statistic): angles go round, so they have no {', '.join(wrong)}; they "
                f"have: {', '.join(OF_ANGLES)}. For angles that never wrap, such as those of "
                "joints (0 to pi), say circular=False."
            )
        return
    if any(one.kind == "concentration" for one in statistics):
        raise DataError("windowed(statistic): concentration is one of angles (units rad) alone.")


def _check_in(one: Statistic, window: Quantity, half: int, fps: float) -> None:
    if one.kind == "power" and not bins_of(one, half, fps):
        step = fps / (2 * half + 1)
        raise DataError(
            f"windowed(statistic): a window of {window!r} at {fps:g} fps tells frequencies in "
            f"steps of {step:.3g} Hz up to {half * step:.3g} Hz; none is in {one.name!r}. Take a "
            "longer window, or a wider band."
        )
    if one.kind == "autocorrelation":
        lag = to_frames(one.lag, fps, name="windowed(statistic)")
        if not 1 <= lag < 2 * half:
            raise DataError(
                f"windowed(statistic): {one.name!r} is {lag} frames, and must be at least one and "
                f"shorter than the window of {2 * half + 1} frames ({window!r})."
            )
