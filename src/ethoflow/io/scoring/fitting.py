"""Scored recordings on the frames of tracks: recordings, animals, rates and rounding."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from math import isfinite, isnan

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.io.metadata_rows import fitter
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.by_video import names_and_files
from ethoflow.io.scoring.clock import (
    SAME_RATE,
    Clock,
    Since,
    begin_with_tracks,
    clocks_of,
    hold_against_tracks,
    lengths_of,
    note,
    note_given_rate,
    note_late,
    note_other_frames,
    note_other_rate,
    note_overlaps,
    note_too_short,
    seconds_of_unit,
)
from ethoflow.io.scoring.scored import Events, Float32, Scored, individuals_of, names_of
from ethoflow.io.stack import slot_names
from ethoflow.names import animals_of, in_order, name_aside
from ethoflow.origin import origins
from ethoflow.schema import (
    ORIGIN,
    DataError,
    check_fps,
    count_frames,
    first_frame,
    make_time,
    text,
)


def variable_name(behaviour: str) -> str:
    """Name of the variable of a behaviour: letters, digits and underscores.

    Examples
    --------
    >>> variable_name("Head Dip"), variable_name("Start/End")
    ('Head_Dip', 'Start_End')
    """
    return re.sub(r"\W+", "_", behaviour.strip()).strip("_") or "behaviour"


def fit_to_frames(
    scored: list[Scored],
    target: xr.Dataset | None,
    fps: float | None,
    n_frames: int | None,
    offset: float,
    since: Since = "origin",
    *,
    is_named: bool = False,
) -> xr.Dataset:
    """Labels of all scored recordings, on the frames of `target` where there is one.

    `is_named` says that the names of the recordings stand in the file, and are not its own.
    """
    rate = _rate(scored, target, fps)
    first = 0 if target is None else first_frame(target)
    clock = Clock(rate, offset, first, fps)
    rows, names, counts = _recordings(scored, target, clock, n_frames, is_named=is_named)
    clocks = [clock] * len(names) if target is None else clocks_of(clock, target, since)
    files = [] if target is None else names_and_files(target)[1]
    late: dict[str, float] = {}
    animals = _animals(scored, target, rows, names)
    behaviours = list(dict.fromkeys(b for one in scored for b in names_of(one)))
    _note_capitals(behaviours)
    longest = max(counts) if target is None else target.sizes["time"]
    shape = (len(names), animals.shape[1], longest)
    values = {name: np.full(shape, np.nan, np.float32) for name in behaviours}
    seats: dict[tuple[int, int], str] = {}
    for one, row in zip(scored, rows, strict=True):
        note_given_rate(one, fps)
        clock = clocks[row]
        note_too_short(one, clock)
        note_overlaps(one)
        if target is not None:
            note_other_rate(one, clock)
            note_other_frames(one, clock, names[row], target.attrs.get("notes", ()))
            placed = begin_with_tracks(one, clock)
            fitted = hold_against_tracks(placed, counts[row], clock)
            if clock.origin and fitted is one:
                late[names[row]] = clock.origin
            one = fitted
        for individual in individuals_of(one):
            slot = _slot(individual, animals[row], one.name)
            if target is not None:
                seat = animals[row], slot
                _note_other_animal(individual, *seat, names[row], files[row])
            _check_seat(seats, (row, slot), individual, one.name)
            for behaviour in names_of(one):
                found = _label(one, individual, behaviour, counts[row], clock)
                place = values[behaviour][row, slot, : counts[row]]
                np.copyto(place, np.fmax(place, found))
    note_late(late)
    return _dataset(values, names, counts, animals, Clock(rate, offset, first, fps), target)


def _check_seat(
    seats: dict[tuple[int, int], str], seat: tuple[int, int], individual: str, name: str
) -> None:
    """Refuse to put the labels of two animals on one."""
    if not individual:
        return
    other = seats.setdefault(seat, individual)
    if other != individual:
        raise DataError(
            f"{name}: the labels are about {other!r} and {individual!r}, and the tracks have one "
            f"animal: choose whose labels these are, as in individual={other!r} (--individual)."
        )


def _note_capitals(behaviours: Sequence[str]) -> None:
    """Say it where names differ in nothing but capitals: each is absent where the other is."""
    spelled: dict[str, list[str]] = {}
    for behaviour in behaviours:
        spelled.setdefault(behaviour.casefold(), []).append(behaviour)
    for names in spelled.values():
        if len(names) > 1:
            note(
                f"{' and '.join(map(repr, names))} differ in capitals alone and are two "
                f"behaviours; rename={{{names[1]!r}: {names[0]!r}}} makes them one."
            )


def _note_other_animal(
    individual: str, animals: Sequence[str], slot: int, recording: str, file: str
) -> None:
    """Say it where labels name another animal than the one that is called by a name of its own."""
    animal, slots = str(animals[slot]), slot_names(len(animals))
    unnamed = ("", recording, recording_name(file), "recording", slots[slot])
    if not individual or animal in unnamed or individual in (animal, slots[slot]):
        return
    note(
        f"{recording}: the labels of {individual!r} are taken to be of {animal!r}, the one animal "
        "of the tracks."
    )


def _rate(scored: list[Scored], target: xr.Dataset | None, fps: float | None) -> float:
    if fps is not None:
        check_fps(fps, "the labels")
    if target is not None:
        rate = float(target.fps)
        in_seconds = all(isinstance(one, Events) and one.unit == "s" for one in scored)
        if in_seconds and fps is not None and abs(fps / rate - 1) > SAME_RATE:
            raise DataError(
                f"the tracks have {rate:g} frames per second, fps is {fps:g}: these labels are in "
                "s and need none."
            )
        return rate
    stated = dict.fromkeys(one.fps for one in scored if one.fps is not None)
    if fps is None and len(stated) > 1:
        raise DataError(
            f"its recordings have different frame rates: {', '.join(map(str, stated))}."
        )
    return check_fps(fps if fps is not None else next(iter(stated), None), "the labels")


def _recordings(
    scored: list[Scored],
    target: xr.Dataset | None,
    clock: Clock,
    n_frames: int | None,
    *,
    is_named: bool,
) -> tuple[list[int], list[str], list[int]]:
    """Row of each scored recording, names of the rows, and their frames."""
    if target is None:
        names = list(dict.fromkeys(one.name for one in scored))
        rows = [names.index(one.name) for one in scored]
        lengths = [_length(one, clock) if n_frames is None else n_frames for one in scored]
        counts = [
            max(n for n, r in zip(lengths, rows, strict=True) if r == row)
            for row in range(len(names))
        ]
        return rows, names, counts
    counts = count_frames(target).tolist()
    names, files = names_and_files(target)
    distinct = {one.name for one in scored}
    find = fitter(names, files)
    hits = {name: find(name) for name in distinct}
    if len(names) == 1 == len(distinct):
        foreign = not all(hits.values()) and names[0] != "recording"
        if foreign and ("recording" in target.dims or is_named):
            note(
                f"the labels of {scored[0].name} are taken to be of {names[0]}, the one recording "
                "of the tracks."
            )
        return [0] * len(scored), names, counts
    lost = sorted((name for name, hit in hits.items() if len(hit) != 1), key=in_order)
    if len(lost) == len(hits):
        raise DataError(
            f"no recording of the tracks is called as these: {', '.join(lost[:5])}; the "
            f"tracks are {', '.join(names[:5])}."
        )
    if lost:
        note(f"{len(lost)} scored recordings have no tracks: {', '.join(lost)}.")
    scored[:] = [one for one in scored if one.name not in lost]
    return [hits[one.name][0] for one in scored], names, counts


def _length(scored: Scored, clock: Clock) -> int:
    """Frames up to the end of what was watched, or of the last bout."""
    if not isinstance(scored, Events):
        return max(clock.frame((scored.first + scored.values.shape[1]) / clock.own(scored)), 1)
    ends = [e.stop if e.stop and not isnan(e.stop) else e.start for e in scored.events]
    ends = [end for end in ends if not isnan(end)]
    is_bounded = scored.span is not None and isfinite(scored.span[1])
    last = scored.span[1] if scored.span and is_bounded else max(ends, default=0.0)
    return max(clock.frame(last * seconds_of_unit(scored, clock)), 1)


def _animals(
    scored: list[Scored], target: xr.Dataset | None, rows: list[int], names: list[str]
) -> np.ndarray[tuple[int, int], np.dtype[np.object_]]:
    """Who sits in which slot of each recording."""
    if target is not None:
        animals: np.ndarray[tuple[int, int], np.dtype[np.object_]] = np.atleast_2d(
            target.animal.values
        )
        return animals.astype(object)
    seated: list[list[str]] = [[] for _ in names]
    for one, row in zip(scored, rows, strict=True):
        seated[row] += [i for i in individuals_of(one) if i not in seated[row]]
    width = max(len(found) for found in seated)
    animals = np.full((len(names), width), "", dtype=object)
    for row, found in enumerate(seated):
        animals[row, : len(found)] = animals_of([name or names[row] for name in found], names[row])
    return animals


def _slot(individual: str, animals: Sequence[str], name: str) -> int:
    found = [str(animal) for animal in animals]
    wanted = individual or name
    if wanted in found:
        return found.index(wanted)
    if individual in slot_names(len(found)):
        return slot_names(len(found)).index(individual)
    seated = [slot for slot, animal in enumerate(found) if animal]
    if len(found) == 1 or len(seated) == 1:
        return seated[0] if seated else 0
    ours = ", ".join(map(repr, found))
    if not individual:
        raise DataError(
            f"{name}: the labels do not say which animal they are about, and the tracks have "
            f"{ours}. Give them as a table of bouts with a column individual: behaviour, "
            "individual, start, stop."
        )
    raise DataError(
        f"{name}: the labels are about {individual!r}, the animals of the tracks are {ours}. Name "
        "the animals in the metadata as the rater does."
    )


def _label(scored: Scored, individual: str, behaviour: str, n_frames: int, clock: Clock) -> Float32:
    if isinstance(scored, Events):
        return _label_events(scored, individual, behaviour, n_frames, clock)
    label = np.full(n_frames, np.nan, np.float32)
    given = scored.values[[b == behaviour for b in scored.behaviours]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # frames nobody labelled
        one = np.nanmax(given, axis=0)
    places = clock.frames_of(scored, n_frames) - scored.first
    inside = (places >= 0) & (places < len(one))
    label[inside] = one[places[inside]]
    return label


def _label_events(
    scored: Events, individual: str, behaviour: str, n_frames: int, clock: Clock
) -> Float32:
    unit = seconds_of_unit(scored, clock)

    def frame(time: float) -> int:
        return int(np.clip(clock.frame(time * unit), 0, n_frames))

    label = np.full(n_frames, np.nan, np.float32)
    span = (-np.inf, np.inf) if scored.span is None else scored.span
    first = 0 if np.isinf(span[0]) else frame(span[0])
    last = n_frames if np.isinf(span[1]) else frame(span[1])
    label[first:last] = 0
    own = [e for e in scored.events if (e.behaviour, e.individual) == (behaviour, individual)]
    known = [e for e in own if e.stop is not None and not isnan(e.start) and not isnan(e.stop)]
    starts = sorted(frame(e.start) for e in own if not isnan(e.start))
    stops = sorted(frame(e.stop) for e in own if e.stop is not None and not isnan(e.stop))
    for event in own:
        if isnan(event.start) and event.stop is not None:
            end = frame(event.stop)
            label[max((stop for stop in stops if stop < end), default=0) : end] = np.nan
        elif event.stop is None or isnan(event.stop):
            begin = frame(event.start)
            label[begin : min((s for s in starts if s > begin), default=n_frames)] = np.nan
    for event in known:
        assert event.stop is not None
        label[frame(event.start) : frame(event.stop)] = 1
    return label


_COORDINATES = (
    "recording",
    "individual",
    "partner",
    "time",
    "fps",
    "n_frames",
    "animal",
    "digest",
    "origin",
    "source_file",
    "bodypart",
    "space",
    "role",
)


def _begins(clock: Clock, target: xr.Dataset | None, n_recordings: int) -> npt.NDArray[np.float64]:
    """Time 0 of each recording on its own clock: that of the labels, where there are no tracks."""
    return np.full(n_recordings, clock.offset) if target is None else origins(target)


def _dataset(
    values: Mapping[str, Float32],
    names: list[str],
    counts: list[int],
    animals: np.ndarray[tuple[int, int], np.dtype[np.object_]],
    clock: Clock,
    target: xr.Dataset | None,
) -> xr.Dataset:
    variables = {}
    for behaviour, label in values.items():
        name = variable_name(behaviour)
        if name in variables:
            raise DataError(
                f"two behaviours would be called {name!r}: give one another name with rename."
            )
        if name in _COORDINATES:
            raise DataError(
                f"a behaviour cannot be called {behaviour!r}, as the datasets here keep something "
                f"else under it: give it another name, as in rename={{{behaviour!r}: ...}}."
            )
        attrs = {"kind": "label", "units": "1", "long_name": behaviour}
        variables[name] = (("recording", "individual", "time"), label, attrs)
    slots = slot_names(animals.shape[1]) if target is None else target.individual.values
    ds = xr.Dataset(
        variables,
        coords={
            "recording": text(names),
            "individual": text(slots),
            "time": make_time(max(counts), clock.rate) if target is None else target.time.variable,
            "fps": clock.rate,
            "n_frames": ("recording", lengths_of(counts, clock, target)),
            "animal": (("recording", "individual"), animals),
            "origin": ("recording", _begins(clock, target, len(names)), ORIGIN),
        },
    )
    ds["fps"].attrs.update(units="Hz", long_name="frames per second")
    if len(names) == 1 and (target is None or "recording" not in target.dims):
        return ds.isel(recording=0)
    if target is None:
        return ds
    known = {
        n: c
        for n, c in target.coords.items()
        if n not in ds.coords and c.dims in (("recording",), ("recording", "individual"))
    }
    return ds.assign_coords(
        {
            name_aside(n, ds.data_vars): c
            for n, c in known.items()
            if n not in ("digest", "source_file")
        }
    )
