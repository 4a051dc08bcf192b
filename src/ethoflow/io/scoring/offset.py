"""A constant offset between labels and what they are held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.origin import origins
from ethoflow.schema import Data, DataError, as_dataset, count_frames, first_frame, is_label
from ethoflow.units import Quantity, convert

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Offset:
    """By how much labels are late on the clock of the recording, in frames and s.

    `seconds` is what `read_labels` takes as ``offset``. `agreement` is the correlation at that
    offset, `at_zero` without any; `by_recording` the offset in frames of each recording alone.
    """

    seconds: float
    frames: int
    agreement: float
    at_zero: float
    by_recording: dict[str, int]


def find_offset(
    labels: Data | xr.DataArray, reference: Data | xr.DataArray, *, max_offset: Quantity = "30 s"
) -> Offset:
    """The constant offset at which labels agree best with other labels or with a signal.

    The labels are moved frame by frame against the reference, and the correlation of the two over
    the frames both know is compared, pooled over behaviours and recordings.

    Parameters
    ----------
    labels
        Labels, dims ((recording,) individual, time); of datasets the behaviours that both have.
    reference
        Labels of the same behaviours, or one signal along time that is larger while they happen.
    max_offset
        Largest offset looked for, in either direction, default 30 s.

    Raises
    ------
    DataError
        Nothing in common: no behaviour, no recording, or never both known.

    Examples
    --------
    >>> import numpy as np
    >>> from ethoflow import annotate, simulate
    >>> running = annotate(simulate.still_then_running(), ["moving"])
    >>> late = running.shift(time=10)
    >>> find_offset(late, running, max_offset="1 s").frames
    10
    """
    pairs = _pair(labels, reference)
    fps = float(pairs[0][1].fps)
    return best_offset(
        ((name, _values(label), _values(other)) for name, label, other in pairs), fps, max_offset
    )


def best_offset(
    series: Iterable[tuple[str, Array, Array]], fps: float, max_offset: Quantity
) -> Offset:
    """The offset at which labels agree best with others that begin at the same frame.

    `series` are names of recordings, values of the labels and of the others, NaN for unknown.

    Raises
    ------
    DataError
        They are never both known and varying.
    """
    most = round(float(convert(max_offset, "s", name="max_offset")) * fps)
    sums: dict[str, Array] = {}
    for name, label, other in series:
        sums[name] = sums.get(name, 0) + _moments(label, other, most)
    if not sums:
        raise DataError("the labels and the reference are of no animal in common.")
    scores = _correlate(np.sum(list(sums.values()), axis=0))
    if np.isnan(scores).all():
        raise DataError(
            "the labels and the reference are never both known and both varying within "
            f"{most / fps:g} s of each other."
        )
    best = int(np.nanargmax(scores))
    alone = {name: _correlate(found) for name, found in sums.items()}
    return Offset(
        seconds=(best - most) / fps,
        frames=best - most,
        agreement=float(scores[best]),
        at_zero=float(scores[most]),
        by_recording={
            n: int(np.nanargmax(s)) - most for n, s in alone.items() if not np.isnan(s).all()
        },
    )


def _pair(
    labels: Data | xr.DataArray, reference: Data | xr.DataArray
) -> list[tuple[str, xr.DataArray, xr.DataArray]]:
    """Labels and reference of each recording and behaviour."""
    left, right = _arrays(labels), _arrays(reference)
    common = [name for name in left if name in right]
    if not common and len(right) == 1:
        common = list(left)
        right = dict.fromkeys(left, next(iter(right.values())))
    if not common:
        raise DataError(
            f"no behaviour in common: the labels have {', '.join(left)}, the reference "
            f"{', '.join(right)}."
        )
    if any(float(array.fps) != float(left[common[0]].fps) for array in right.values()):
        raise DataError("labels and reference have different frame rates.")
    pairs = []
    for name in common:
        one, other = _by_recording(left[name]), _by_recording(right[name])
        if len(one) == 1 == len(other):
            other = dict(zip(one, other.values(), strict=True))
        pairs += [
            (row, *_on_one_clock(*_of_shared(one[row], other[row]))) for row in one if row in other
        ]
    if not pairs:
        raise DataError("no recording in common: their names differ.")
    return pairs


def _of_shared(label: xr.DataArray, other: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Both of the animals that both have, where names tell."""
    if not ("individual" in label.indexes and "individual" in other.indexes):
        return label, other
    shared = [name for name in label.individual.values if name in other.individual.values]
    return (
        (label.sel(individual=shared), other.sel(individual=shared)) if shared else (label, other)
    )


def _on_one_clock(label: xr.DataArray, other: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Both from the same time of the recording's own clock on."""
    late, begun = (origins(array.to_dataset(name="value"))[0] for array in (label, other))
    ahead = round((late - begun) * float(label.fps))
    return (
        label.pad(time=(max(ahead, 0), 0), constant_values=np.nan),
        other.pad(time=(max(-ahead, 0), 0), constant_values=np.nan),
    )


def _arrays(data: Data | xr.DataArray) -> dict[str, xr.DataArray]:
    if isinstance(data, xr.DataArray):
        return {str(data.name): data}
    ds = as_dataset(data)
    found = {str(n): a for n, a in ds.data_vars.items() if is_label(a)}
    return found or {str(n): a for n, a in ds.data_vars.items() if "time" in a.dims}


def _by_recording(array: xr.DataArray) -> dict[str, xr.DataArray]:
    """One array per recording, cut to its own frames, from the first of the recording on."""
    counts = count_frames(array.to_dataset(name="value"))
    before = first_frame(array.to_dataset(name="value"))
    array = array.pad(time=(max(before, 0), 0), constant_values=np.nan)
    counts = counts + before
    if "recording" not in array.dims:
        name = str(array.recording.values) if "recording" in array.coords else ""
        return {name: array.isel(time=slice(int(counts[0])))}
    return {
        str(name): array.isel(recording=row, time=slice(int(counts[row])))
        for row, name in enumerate(array.recording.values)
    }


def _values(array: xr.DataArray) -> Array:
    """Values along time; several animals are taken together, known where one is."""
    values: Array = array.transpose(..., "time").values.astype(np.float64)
    if values.ndim == 1:
        return values
    flat = values.reshape(-1, values.shape[-1])
    known = ~np.isnan(flat)
    with np.errstate(invalid="ignore"):
        mean: Array = np.where(known, flat, 0).sum(axis=0) / known.sum(axis=0)
    return mean


def _moments(label: Array, other: Array, most: int) -> Array:
    """Sums over the frames both know, at every offset: count, x, y, xx, yy, xy."""
    size = 1 << int(np.ceil(np.log2(len(label) + len(other) + 2 * most)))
    x, y = (np.where(np.isnan(v), 0, v) for v in (label, other))
    known_x, known_y = (~np.isnan(label)).astype(float), (~np.isnan(other)).astype(float)

    def across(a: Array, b: Array) -> Array:
        product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
        return np.concatenate([product[size - most :], product[: most + 1]])

    return np.stack(
        [
            across(known_x, known_y),
            across(x, known_y),
            across(known_x, y),
            across(x * x, known_y),
            across(known_x, y * y),
            across(x, y),
        ]
    )


def _correlate(sums: Array) -> Array:
    n, x, y, xx, yy, xy = sums
    n = np.where(n < 0.5, np.nan, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = xy / n - x * y / n**2
        spread = (xx / n - (x / n) ** 2) * (yy / n - (y / n) ** 2)
        scores: Array = np.where(
            spread > 1e-12, covariance / np.sqrt(np.maximum(spread, 0)), np.nan
        )
    if np.isnan(n).all():
        return scores
    # Too short an overlap correlates by chance.
    return np.where(n >= 0.2 * np.nanmax(n), scores, np.nan)
