"""Body parts in NWB files: the numbers of one series, and the clock that several share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import h5py
import numpy as np
import numpy.typing as npt

from ethoflow.io.hdf5 import read_array, read_numbers
from ethoflow.io.lengths import scale_of
from ethoflow.io.nwb import text_of
from ethoflow.io.rows import MOST_EMPTY, rate_of_times
from ethoflow.io.stack import first_number
from ethoflow.schema import DataError

Floats = npt.NDArray[np.float64]
Frames = npt.NDArray[np.int64]

_SAME = 1e-6
"""Times closer than this, in s, are one time."""
NOWHERE = -1
"""Frame of a row that cannot be placed."""


@dataclass(frozen=True)
class Series:
    """One body part: places (frame, space) in `units`, scores, and when they were taken.

    `times` are in s, None where the file gives a `start` and a `rate` instead. `individual` is the
    animal its description names.
    """

    bodypart: str
    individual: str
    places: Floats
    scores: Floats | None
    units: str
    times: Floats | None
    start: float
    rate: float | None


class Clock(NamedTuple):
    """Frame of every row of every series, how many frames, the rate, and what is wrong with it.

    `begin` is the time of the first frame in s, or its number where times are frame numbers.
    """

    frames: list[Frames]
    n_frames: int
    fps: float | None
    notes: tuple[str, ...]
    begin: Mapping[str, Any] = MappingProxyType({})


def read_series(bodypart: str, group: h5py.Group) -> Series:
    """Numbers of one body part: data x conversion + offset, lengths in mm.

    Raises
    ------
    DataError
        The arrays do not fit each other, the unit is not known, or there is no clock.
    """
    data = group["data"]
    places = read_numbers(data, np.float64)
    if places.ndim != 2 or places.shape[1] not in (2, 3):
        raise DataError(
            f"{bodypart}: data have the shape {places.shape}; needed (frame, space) with 2 or 3 "
            "coordinates."
        )
    units, scale = scale_of(text_of(data.attrs.get("unit", "pixels")), bodypart)
    conversion, offset = (
        float(np.ravel(data.attrs.get(name, default))[0])
        for name, default in (("conversion", 1.0), ("offset", 0.0))
    )
    places = (places * conversion + offset) * scale
    places[np.isnan(places).any(axis=1)] = np.nan
    said = re.search(
        r"from individual (.+?)\.?$", text_of(group.attrs.get("description", "")).strip()
    )
    return Series(
        bodypart=bodypart,
        individual=said[1] if said else "",
        places=places,
        scores=_scores(bodypart, group, len(places)),
        units=units,
        **_clock_of(bodypart, group, len(places)),
    )


def _scores(bodypart: str, group: h5py.Group, n_rows: int) -> Floats | None:
    if "confidence" not in group:
        return None
    scores = read_numbers(group["confidence"], np.float64)
    if scores.size != n_rows:
        raise DataError(f"{bodypart}: {scores.size} values of confidence for {n_rows} positions.")
    return scores.ravel()


def _clock_of(bodypart: str, group: h5py.Group, n_rows: int) -> dict[str, Any]:
    found: dict[str, Any] = {"times": None, "start": 0.0, "rate": None}
    if "starting_time" in group:
        stored = group["starting_time"]
        found["start"] = float(np.ravel(read_array(stored))[0])
        found["rate"] = float(np.ravel(stored.attrs["rate"])[0])
        if not (np.isfinite(found["start"]) and 0 <= found["rate"] < np.inf):
            raise DataError(
                f"{bodypart}: it states {found['rate']:g} frames per second from "
                f"{found['start']:g} s on; needed a rate that is not negative."
            )
    if "timestamps" in group:
        times = read_numbers(group["timestamps"], np.float64)
        if times.shape != (n_rows,):
            raise DataError(f"{bodypart}: {times.size} times for {n_rows} positions.")
        if not np.isfinite(times).all():
            raise DataError(
                f"{bodypart}: the time of row {int(np.argmin(np.isfinite(times)))} is no number."
            )
        found["times"] = times
    if found["times"] is None and found["rate"] is None:
        raise DataError(f"{bodypart}: it has neither timestamps nor a starting time.")
    return found


def find_clock(series: Sequence[Series]) -> Clock:
    """Frames of all rows of `series`, which belong to one recording.

    Stamped times are believed where they are regular; times 0, 1, 2, ... s are frame numbers
    somebody wrote as times and give no rate. A stated rate that contradicts them is noted.

    Raises
    ------
    DataError
        There are no rows, or no clock fits all of them.
    """
    full = [one for one in series if len(one.places)]
    if not full:
        raise DataError("no frames: its series are empty.")
    stamped = [one.times for one in full if one.times is not None]
    stated = sorted({one.rate for one in full if one.rate})
    times = _merge(stamped or [_times(one) for one in full])
    fps: float | None = stated[-1] if stated else None
    rate = fps or 1.0
    notes: tuple[str, ...] = ()
    numbered = len(times) > 1 and _are_numbers(times)
    if numbered:
        rate = 1.0
        fps, notes = _numbers_as_times(times, stated)
    elif len(times) > 1 and (stamped or not all(_divides(rate, other) for other in stated)):
        try:
            rate = rate_of_times(times)[0]
        except DataError as error:
            return _irregular(series, times, error)
        fps, notes = _believed(rate, stated if stamped else [])
    first = min([float(times[0]), *(one.start for one in full if one.times is None)])
    frames = [_frames(one, first, rate) for one in series]
    begin = {"first": first_number(times)} if numbered else {"start": first}
    return _checked(series, frames, fps, notes)._replace(begin=begin)


def _times(one: Series) -> Floats:
    if one.times is not None:
        return one.times
    return one.start + np.arange(len(one.places)) / (one.rate or np.inf)


def _merge(times: Sequence[Floats]) -> Floats:
    """All different times in order; the same time computed twice is one."""
    found: Floats = np.sort(np.concatenate(times))
    different = np.concatenate([[True], np.diff(found) > _SAME])
    return np.asarray(found[different])


def _are_numbers(times: Floats) -> bool:
    return bool((times == np.floor(times)).all() and np.median(np.diff(times)) == 1)


def _numbers_as_times(
    times: Floats, stated: Sequence[float]
) -> tuple[float | None, tuple[str, ...]]:
    what = (
        f"its times are {times[0]:g}, {times[1]:g}, ... s, one frame per second: frame numbers "
        "written as times."
    )
    other = [rate for rate in stated if rate != 1]
    if len(other) == 1:
        return other[0], (f"{what} The {other[0]:g} frames per second it states are used.",)
    return None, (f"{what} They contradict any video; the frame rate is not taken from them.",)


def _believed(rate: float, stated: Sequence[float]) -> tuple[float | None, tuple[str, ...]]:
    """The rate of the times, unless another one is stated."""
    other = [found for found in stated if not _divides(rate, found)]
    false = [found for found in other if not _steps(rate, found)]
    what = f"its times advance at {rate:g} frames per second and it states"
    if false:
        return None, (f"{what} {false[0]:g}: neither is believed; rows are placed by the times.",)
    if other:
        return rate, (f"{what} {other[-1]:g}, cut to a whole number: the times are used.",)
    return rate, ()


def _divides(rate: float, stated: float) -> bool:
    return abs(rate / stated - round(rate / stated)) < 1e-3


def _steps(rate: float, stated: float) -> list[int]:
    """Frames from row to row that a stated rate may stand for.

    A part seen in every second frame has half the rate; sleap-io cuts such rates to whole numbers,
    after a rounding that may bring 25 to 24.
    """
    if stated != int(stated):
        return [round(rate / stated)] if _divides(rate, stated) else []
    longest = int(rate / stated) if stated else 0
    return [n for n in range(1, longest + 1) if -1e-6 <= rate / n - stated <= 1 + 1e-6]


def _frames(one: Series, first: float, rate: float) -> Frames:
    """Frame of every row; -1 for rows whose stated rate does not say where they are."""
    rows = np.arange(len(one.places), dtype=np.int64)
    if one.times is not None:
        return np.rint((one.times - first) * rate).astype(np.int64)
    steps = _steps(rate, one.rate or 0.0)
    start = round((one.start - first) * rate)
    return start + steps[0] * rows if len(steps) == 1 else np.where(rows == 0, start, NOWHERE)


def _irregular(series: Sequence[Series], times: Floats, error: DataError) -> Clock:
    """Rows by the steps of their times, where all body parts have the same times."""
    full = [one for one in series if len(one.places)]
    if not all(np.array_equal(_times(one), times) for one in full):
        raise error
    steps = np.diff(times) / np.median(np.diff(times))
    near = (np.abs(steps - np.rint(steps)) < 0.25).all() and (steps > 0.5).all()
    numbers = np.cumsum(np.rint(steps)) if near else np.arange(1, len(times))
    rows = np.concatenate([[0], numbers]).astype(np.int64)
    mean = rows[-1] / float(times[-1] - times[0])
    how = "by the steps of their times" if near else "by their order"
    note = (
        f"{str(error).rstrip('.')}. Rows are placed {how}; give fps={mean:.6g} (their mean rate) "
        "to take them as regular, or timestamps with resample_fps."
    )
    placed = [rows if len(one.places) else rows[:0] for one in series]
    return _checked(series, placed, None, (note,))._replace(begin={"start": float(times[0])})


def _checked(
    series: Sequence[Series], frames: list[Frames], fps: float | None, notes: tuple[str, ...]
) -> Clock:
    n_rows = max(len(found) for found in frames)
    n_frames = max(int(found.max()) for found in frames if len(found)) + 1
    if n_frames > MOST_EMPTY * n_rows:
        raise DataError(f"its {n_rows} rows span {n_frames} frames: are its times in s?")
    for one, found in zip(series, frames, strict=True):
        placed = found[found != NOWHERE]
        if len(np.unique(placed)) < len(placed):
            raise DataError(f"{one.bodypart}: two of its rows have the time of one frame.")
    lost = sum(int((found == NOWHERE).sum()) for found in frames)
    if lost:
        notes = (
            *notes,
            f"{lost} rows are missing: the rates their parts state place them nowhere.",
        )
    return Clock(frames, n_frames, fps, notes)
