"""Times of frames: what they are in, which rate they have, and where they begin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from ethoflow.io.options import TIME_UNITS, TimeUnit
from ethoflow.schema import DataError

Times = npt.NDArray[np.float64]

SLOWEST, FASTEST = 1.0, 2000.0
"""Frames per second that a camera may have without anybody having said so; times that are one
apart are numbers of frames."""

CALENDAR = 1e8
"""Times from here on (s, three years) count from an epoch: no session lasts as long."""

_WORDS = {
    "s": "s",
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "ms": "ms",
    "msec": "ms",
    "millisecond": "ms",
    "milliseconds": "ms",
    "us": "us",
    "µs": "us",
    "usec": "us",
    "microseconds": "us",
    "ns": "ns",
    "nsec": "ns",
    "nanoseconds": "ns",
}


def begin(times: Times) -> tuple[float, tuple[str, ...]]:
    """Where a recording with these times begins on its own clock (s), and what to note of it.

    Times that count from an epoch are no clock that anything else is on: there the clock begins
    with the recording.

    Examples
    --------
    >>> begin(np.array([33.3, 33.4]))
    (33.3, ())
    >>> begin(np.array([1.7e9]))[0]
    0.0
    """
    start = float(times[0]) if len(times) else 0.0
    if start < CALENDAR:
        return start, ()
    try:
        since = f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        since = f"{start:g} s"
    return 0.0, (
        f"its times are of the calendar: its own clock begins at its first frame, {since}.",
    )


def check_rate(times: Times, fps: float | None, what: str) -> None:
    """Refuse times whose unit is in doubt: no camera is so slow or so fast.

    Raises
    ------
    DataError
        In s they make less than one or more than 2,000 frames per second, or a thousandfold of
        `fps`.
    """
    steps = np.diff(np.unique(times))
    if not len(steps):
        return
    check_unit(1 / float(np.median(steps)), fps, what)


def check_unit(rate: float, fps: float | None, what: str) -> None:
    """The same of a rate that times in s would have.

    Raises
    ------
    DataError
        As for `check_rate`.
    """
    if fps is not None:
        if 1 / 200 < rate / fps < 200:
            return
        wanted = fps
    elif SLOWEST * 1.001 < rate <= FASTEST:
        return
    else:
        wanted = 30.0
    guess = min(TIME_UNITS, key=lambda unit: abs(np.log(rate / TIME_UNITS[unit] / wanted)))
    likely = (
        f" In {guess} it would be {rate / TIME_UNITS[guess]:.4g}: then give "
        f"time_unit='{guess}' (--time-unit {guess})."
        if guess != "s"
        else ""
    )
    beside = "" if fps is None else f", where {fps:g} was given"
    raise DataError(
        f"{what} make {rate:.3g} frames per second if they are in s{beside}.{likely} If they are "
        f"in s, say so: fps={rate:.6g} (--fps), or time_unit='s'."
    )


def settle_rate(rate: float, times: Times) -> float:
    """The average rate of times, to two decimals where their rounding allows it.

    Examples
    --------
    >>> settle_rate(29.99995, np.array([0, 0.03333, 0.06667, 0.1]))
    30.0
    """
    rounded = round(rate * 100) / 100
    slack = rate * 10.0 ** -_decimals(times) / float(times[-1] - times[0])
    return rounded if abs(rate - rounded) <= slack else rate


def _decimals(times: Times) -> int:
    """Decimals that times were written with, at most 9."""
    some = times[:1000]
    return next((d for d in range(10) if np.abs(some - np.round(some, d)).max() < 1e-9), 9)


def unit_in(heading: str) -> TimeUnit | None:
    """The unit that a heading names; None where it names none.

    Examples
    --------
    >>> unit_in("Camera Time (ms)"), unit_in("t_s"), unit_in("timestamp")
    ('ms', 's', None)
    """
    words = re.findall(r"[^\W_]+", heading.lower())
    found = [_WORDS[word] for word in words if word in _WORDS]
    return found[-1] if found else None  # type: ignore[return-value]


def settle_unit(given: TimeUnit | None, heading: str) -> TimeUnit | None:
    """The given unit, or that of a heading; None without both.

    Raises
    ------
    DataError
        They differ.
    """
    named = unit_in(heading)
    if given is not None and named not in (None, given):
        raise DataError(
            f"time_unit is {given!r}, and the heading {heading!r} says {named!r}: leave time_unit "
            "(--time-unit) out, or correct the heading."
        )
    return given or named


def seconds_of(cells: Sequence[str]) -> Times:
    """Dates and times (from 1970 on) or times of day as s.

    Raises
    ------
    DataError
        A cell is neither.

    Examples
    --------
    >>> seconds_of(["1970-01-01T00:00:01.5Z", "1970-01-01T00:00:02Z"]).tolist()
    [1.5, 2.0]
    >>> seconds_of(["10:00:00.5"]).tolist()
    [36000.5]
    """
    of_day = all(re.fullmatch(r"\d+:\d+(:\d+([.,]\d+)?)?", cell) for cell in cells)
    try:
        if of_day:
            whole = [c.replace(",", ".") if c.count(":") > 1 else f"00:{c}" for c in cells]
            since = pd.to_timedelta(whole).to_numpy()
        else:
            stamps = pd.to_datetime(list(cells), utc=True, format="ISO8601")
            since = (stamps - pd.Timestamp(0, tz="UTC")).to_numpy()
    except (ValueError, TypeError) as error:
        wrong = next((cell for cell in cells if not re.search(r"\d", cell)), cells[0])
        raise DataError(f"{wrong!r} is no time.") from error
    return np.asarray(since / np.timedelta64(1, "ns"), np.float64) * 1e-9
