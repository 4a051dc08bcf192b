"""Scored behaviour as a dataset of labels, on the frames of a recording."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf, isfinite, isnan
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.errors import did_you_mean, listed
from ethoflow.io.options import DEFAULTS, digest_of
from ethoflow.io.paths import PathLike, naming, recording_name
from ethoflow.io.recognition import recognise
from ethoflow.io.scoring.background import Background, settle_background
from ethoflow.io.scoring.by_video import by_video
from ethoflow.io.scoring.clock import LabelNote, Since
from ethoflow.io.scoring.declare import Columns, load_labels, recognise_labels
from ethoflow.io.scoring.fitting import fit_to_frames
from ethoflow.io.scoring.scored import Event, Events, Frames, Scored, individuals_of, names_of
from ethoflow.place import local_path
from ethoflow.schema import Data, DataError, as_dataset
from ethoflow.units import Quantity, convert

WATCHED_ALL = {"watched": "all"}
"""Attribute of labels that end with their last bout because nobody says how long they were watched:
behaviour is absent after it."""


def list_labels(
    path: PathLike, *, columns: Columns | None = None, background: Background | None = None
) -> pd.DataFrame:
    """What was scored in a file: one row per recording, rater, animal and behaviour.

    `columns` and `background` are those of `read_labels`.

    Returns
    -------
    DataFrame
        recording, rater, individual, behaviour; n_bouts; total (s or frames, as `unit` says);
        start and stop of what was watched, where the file says so; fps, where it does.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    path = local_path(path, "scores")
    with naming(path):
        scored = [
            settle_background(one, background) if isinstance(one, Frames) else one
            for one in _load(path, columns)
        ]
    _warn_of(scored)
    records = []
    for one in scored:
        for individual in individuals_of(one):
            for behaviour in names_of(one):
                n_bouts, total = _count(one, individual, behaviour)
                span = (
                    one.span
                    if isinstance(one, Events)
                    else (one.first, one.first + one.values.shape[1])
                )
                start, stop = span or (np.nan, np.nan)
                records.append(
                    {
                        "recording": one.name,
                        "rater": one.rater,
                        "individual": individual,
                        "behaviour": behaviour,
                        "n_bouts": n_bouts,
                        "total": total,
                        "unit": one.unit if isinstance(one, Events) else "frame",
                        "start": start,
                        "stop": stop,
                        "fps": np.nan if one.fps is None else one.fps,
                    }
                )
    return pd.DataFrame(records)


def _count(scored: Scored, individual: str, behaviour: str) -> tuple[int, float]:
    if isinstance(scored, Events):
        found = [e for e in scored.events if (e.behaviour, e.individual) == (behaviour, individual)]
        lengths = [event.stop - event.start for event in found if event.stop is not None]
        return len(found), float(np.nansum(lengths))
    state = scored.values[scored.behaviours.index(behaviour)] == 1
    return int((np.diff(state.astype(np.int8), prepend=0) == 1).sum()), float(state.sum())


def read_labels(
    path: PathLike,
    *,
    fps: float | None = None,
    offset: Quantity = 0.0,
    like: Data | None = None,
    n_frames: int | None = None,
    recording: str | None = None,
    rater: str | None = None,
    individual: str | None = None,
    rename: Mapping[str, str] | None = None,
    modifiers: bool = False,
    unit: Literal["s", "frame"] | None = None,
    since: Since = "origin",
    columns: Columns | None = None,
    background: Background | None = None,
) -> xr.Dataset:
    r"""Labels that a person or a program scored: 1, 0, NaN for not known.

    A frame is in a bout when the middle of its interval is: frame i, from ``i / fps`` to
    ``(i + 1) / fps``, where ``start <= (i + 0.5) / fps < stop``. Outside its bouts a behaviour is
    absent where the rater watched, and unknown elsewhere. What was not decided, or not labelled,
    stays unknown.

    Parameters
    ----------
    path
        A file of scored behaviour; its format is recognised by the content.
    fps
        Frames per second that frames are counted at in the file; what it states by default, else
        the rate of `like`. Without `like` also the rate of the labels.
    offset
        By how much the clock of the labels is ahead of that of the recording, s, default 0 s: with
        12 s their time 12 is time 0 there.
    like
        Tracks the labels belong to: gives recordings, frames, frame rate and animals. Labels scored
        at another rate are taken over at the middle of each frame.
    n_frames
        Frames of the recording, without `like`; up to the end of what was watched by default.
    recording, rater
        Which one, where the file has several; all recordings by default, as a cohort.
    individual
        Whose labels, where the file is about several animals and the tracks are of one.
    rename
        New names of behaviours, ``{"Start_rear": "rearing"}``; several may get one name.
    modifiers
        Whether a modifier is part of the name (``"run|fast"``), default False.
    unit
        What times are in, ``"s"`` or ``"frame"``, where the file does not make it clear.
    since
        What times and frame numbers of the labels count from: the begin of the recording's own
        clock (``"origin"``, the default), so that labels of a whole video fit the tracks of a clip
        of it, or the first frame of the tracks (``"tracks"``).
    columns
        What the columns of a table of bouts are, where their headings do not say so:
        ``{"individual": "Tier", "start": "t_in"}``. Kinds are start, stop, duration, behaviour,
        recording, individual, partner, rater, modifier and fps; ``{"ignore": ["box"]}`` are columns
        to leave out.
    background
        What a class of background, none or other means in labels frame by frame: ``"absent"``,
        none of the behaviours happens; ``"unlabelled"``, nobody looked. By default what the file
        tells, and a note.

    Warns
    -----
    LabelNote
        How something was understood that a file does not state: whether stops are in their bouts,
        background, another rate than that of the tracks, a unit. Point events are left out, as they
        have no duration; labels do not fit the frames of the tracks (those that miss them
        altogether are unknown), or the tracks begin late on their own clock.

    Raises
    ------
    DataError
        The file cannot be read; there are several raters and none was chosen; recordings, animals
        or the frame rate do not fit.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "mouse_07.csv"
    >>> _ = path.write_text("behaviour,start,stop\nrearing,0.2,0.4\n")
    >>> read_labels(path, fps=10, n_frames=6).rearing.values
    array([[0., 0., 1., 1., 0., 0.]], dtype=float32)
    >>> folder.cleanup()
    """
    path = local_path(path, "scores")
    late = convert(offset, "s", name="offset") if offset == offset else inf
    if not isfinite(late):
        raise DataError(f"offset must be a time in s, found {offset}.")
    if since not in ("origin", "tracks"):
        raise DataError(f"since must be 'origin' or 'tracks', found {since!r}.")
    if n_frames is not None and n_frames < 1:
        raise DataError(f"n_frames must be 1 or more, found {n_frames}.")
    with naming(path):
        scored = _choose(_load(path, columns), recording, rater)
        scored = [
            settle_background(one, background) if isinstance(one, Frames) else one for one in scored
        ]
        scored = scored if individual is None else _of_individual(scored, individual)
        scored = [_prepare(one, rename or {}, modifiers, unit) for one in scored]
        target = None if like is None else as_dataset(like)
        scored = scored if target is None else by_video(scored, target)
        _warn_of(scored)
        of_path = (recording_name(path), path.absolute().parent.name)
        is_named = any(one.name not in of_path for one in scored)
        ds = fit_to_frames(scored, target, fps, n_frames, late, since, is_named=is_named)
    found = recognise_labels(path, columns)
    asked = (late, fps, rater, individual, sorted((rename or {}).items()), since)
    more = [option for option in (columns and sorted(columns.items()), background) if option]
    digest = digest_of(path, DEFAULTS, *asked, *more)
    shape = ds.animal.shape[:-1]
    ds = ds.assign_coords(
        digest=(ds.animal.dims[:-1], np.full(shape, digest, object)),
        source_file=(ds.animal.dims[:-1], np.full(shape, path.name, object)),
    )
    ds.attrs = {
        "label_source": scored[0].source,
        "rater": scored[0].rater,
        "source_format": found.name,
    }
    if target is None and n_frames is None and all(map(_is_watched_throughout, scored)):
        ds.attrs |= WATCHED_ALL
    return ds


def _is_watched_throughout(scored: Scored) -> bool:
    """Whether labels go on as absent after the last bout, however long the recording is."""
    if not isinstance(scored, Events):
        return False
    is_open = scored.span is None or scored.span[1] == inf
    return is_open and all(e.stop is None or not isnan(e.stop) for e in scored.events)


def _warn_of(scored: Sequence[Scored]) -> None:
    """Say how files were understood, once for all recordings that were understood alike."""
    notes: dict[str, list[str]] = {}
    for one in scored:
        for note in one.notes:
            notes.setdefault(note, []).append(one.name)
    for note, names in notes.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        warnings.warn(f"{names[0]}{more}: {note}", LabelNote, stacklevel=3)


def _choose(scored: list[Scored], recording: str | None, rater: str | None) -> list[Scored]:
    names = list(dict.fromkeys(one.name for one in scored))
    if recording is not None:
        if recording not in names:
            raise DataError(f"no recording {recording!r}; there are {', '.join(names)}.")
        scored = [one for one in scored if one.name == recording]
    raters = list(dict.fromkeys(one.rater for one in scored))
    if rater is None and len(raters) > 1:
        raise DataError(
            f"several raters: {', '.join(map(repr, raters))}. Choose one, as in "
            f"rater={raters[0]!r} (--rater); ef.list_labels (`ethoflow labels FILE`) shows who "
            "scored what."
        )
    if rater is not None and rater not in raters:
        raise DataError(_nobody("no rater", rater, raters, "--rater"))
    return [one for one in scored if rater is None or one.rater == rater]


def _load(path: Path, columns: Columns | None) -> list[Scored]:
    """Everything that was scored in a file, or that it holds tracks instead."""
    try:
        return load_labels(path, columns)
    except DataError as error:
        tracks = _format_of_tracks(path)
        if not tracks:
            raise
        raise DataError(
            f"no scored behaviour: it holds tracks ({tracks}): read it with ef.read, or write it "
            f"into a store with `ethoflow ingest {path} --out cohort.zarr`."
        ) from error


def _format_of_tracks(path: Path) -> str:
    """The format of tracks of a file that has none of scored behaviour; empty where none."""
    try:
        recognise_labels(path)
    except DataError:
        try:
            return recognise(path).name if path.is_file() else ""
        except DataError:
            return ""
    return ""


def _nobody(what: str, name: str, known: Iterable[str], option: str) -> str:
    names = [one for one in known if one]
    if not names:
        return f"{what} {name!r}: the file names none. Leave {option} out."
    return f"{what} {name!r}; there are {listed(map(repr, names))}.{did_you_mean(name, names)}"


def _of_individual(scored: list[Scored], individual: str) -> list[Scored]:
    known = dict.fromkeys(name for one in scored for name in individuals_of(one))
    if individual not in known:
        raise DataError(_nobody("nobody called", individual, known, "--individual"))
    found: list[Scored] = []
    for one in scored:
        if individual not in individuals_of(one):
            continue
        if isinstance(one, Events):
            own = tuple(event for event in one.events if event.individual == individual)
            one = replace(one, events=own, individuals=(individual,), behaviours=names_of(one))
        found.append(one)
    return found


def _prepare(
    scored: Scored,
    rename: Mapping[str, str],
    modifiers: bool,
    unit: Literal["s", "frame"] | None,
) -> Scored:
    if not isinstance(scored, Events):
        return replace(scored, behaviours=tuple(rename.get(b, b) for b in scored.behaviours))
    events = [_name(event, rename, modifiers) for event in scored.events]
    points = [event for event in events if event.stop is None]
    if points:
        names = ", ".join(dict.fromkeys(event.behaviour for event in points))
        warnings.warn(
            f"{scored.name}: {len(points)} point events, which have no duration, are left out: "
            f"{names}.",
            LabelNote,
            stacklevel=4,
        )
    kept = tuple(event for event in events if event.stop is not None)
    looked_for = tuple(rename.get(name, name) for name in scored.behaviours)
    notes = (*scored.notes, *_tell_open(kept))
    changed = replace(scored, events=kept, behaviours=looked_for, notes=notes)
    if unit is None:
        return replace(changed, notes=(*changed.notes, *_doubt_unit(changed)))
    if scored.is_unit_said and unit != scored.unit:
        raise DataError(
            f"{scored.name}: its times are in {scored.unit} by its own headings, unit is {unit!r}."
        )
    return replace(changed, unit=unit)


def _tell_open(events: Iterable[Event]) -> tuple[str, ...]:
    """What is to be said of bouts of which one end is not known."""
    opened = [e for e in events if np.isnan(e.start) or (e.stop is not None and np.isnan(e.stop))]
    if not opened:
        return ()
    names = listed(dict.fromkeys(event.behaviour for event in opened))
    return (
        f"{len(opened)} bouts begin and never stop, or stop and never began: where their other end "
        f"is not known, {names} is unknown.",
    )


def _doubt_unit(scored: Events) -> tuple[str, ...]:
    """What is to be said of whole numbers that are taken as s because nothing says otherwise."""
    if scored.is_unit_said or scored.unit == "frame":
        return ()
    ends = [end for e in scored.events for end in (e.start, e.stop) if end is not None]
    times = [end for end in ends if not np.isnan(end)]
    if any(time % 1 for time in times) or (len(times) < 20 and max(times, default=0) < 1000):
        return ()
    return (
        "its times are whole numbers without a unit and are taken as s; where they are frames, say "
        "unit='frame'.",
    )


def _name(event: Event, rename: Mapping[str, str], modifiers: bool) -> Event:
    name = (
        f"{event.behaviour}|{event.modifiers}" if modifiers and event.modifiers else event.behaviour
    )
    return replace(event, behaviour=rename.get(name, name))
