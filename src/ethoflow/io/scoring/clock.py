"""The clock that labels are put on: rates, where tracks begin and end on it, what does not fit."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, inf, isnan
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.errors import listed
from ethoflow.io.scoring.scored import Events, Frames, Scored, individuals_of, names_of
from ethoflow.origin import origins
from ethoflow.schema import DataError, count_frames

Since: TypeAlias = Literal["origin", "tracks"]

EDGE = 1e-6
"""Share of a frame by which a time may miss a frame and still count as on it."""


class LabelNote(UserWarning):
    """Something scored that labels per frame cannot hold, and what was done with it."""


SAME_RATE = 1.1e-3
"""Share by which frame rates may differ that count the same frames, as 30 and 29.97 do."""
SAID_RATE = 1e-4
"""Share by which they may differ before it is said: ten frames in an hour at 30 per second."""


@dataclass(frozen=True)
class Clock:
    """The frames labels are put on: `rate` per s, from the number `first` on.

    The time 0 of these frames is the time `offset` (s) of the labels, of which `origin` is what the
    recording itself says. `whole` is how many frames it has in all, None where that is not known.
    `stated` is the rate at which the labels count frames, None for what their file states.
    """

    rate: float
    offset: float
    first: int = 0
    stated: float | None = None
    origin: float = 0.0
    whole: int | None = None

    def of(self, origin: float, whole: int) -> Clock:
        """The clock of one recording, which begins at `origin` and has `whole` frames."""
        return replace(self, offset=self.offset + origin, origin=origin, whole=whole)

    def own(self, scored: Scored) -> float:
        """Rate at which a scored recording counts frames."""
        rate = self.stated or scored.fps or self.rate
        return self.rate if abs(rate / self.rate - 1) < SAME_RATE else rate

    def frame(self, time: float) -> int:
        """The first frame whose middle is not before `time` (s of the labels)."""
        return ceil((time - self.offset) * self.rate - self.first - 0.5 - EDGE)

    def frames_of(self, scored: Scored, n_frames: int) -> npt.NDArray[np.intp]:
        """The frame of the labels that the middle of each of `n_frames` lies in."""
        middles = (self.first + np.arange(n_frames) + 0.5) / self.rate + self.offset
        places: npt.NDArray[np.intp] = np.floor(middles * self.own(scored) + EDGE).astype(np.intp)
        return places


def note(sentence: str) -> None:
    """Say something of the labels where `read_labels` was called."""
    warnings.warn(sentence, LabelNote, stacklevel=5)


def note_given_rate(scored: Scored, fps: float | None) -> None:
    """Say it where the labels state another rate than the one that was given."""
    if fps is None or scored.fps is None or abs(scored.fps / fps - 1) < SAME_RATE:
        return
    note(
        f"{scored.name}: the labels state {scored.fps:g} frames per second; the {fps:g} that were "
        "given are used."
    )


def clocks_of(clock: Clock, target: xr.Dataset, since: Since) -> list[Clock]:
    """The clock of each recording of the tracks."""
    begins = origins(target) if since == "origin" else np.zeros_like(origins(target))
    wholes = lengths_of(count_frames(target).tolist(), clock, target)
    return [clock.of(o, n) for o, n in zip(begins.tolist(), wholes.tolist(), strict=True)]


def note_other_rate(scored: Scored, clock: Clock) -> None:
    """Say it where the labels and the tracks state different rates.

    Raises
    ------
    DataError
        They differ as units do, a thousandfold.
    """
    if clock.stated or scored.fps is None:
        return
    times = max(scored.fps / clock.rate, clock.rate / scored.fps)
    if isinstance(scored, Frames) and abs(times / 1000 - 1) < 0.1:
        raise DataError(
            f"{scored.name}: its times make {scored.fps:.3g} frames per second if they are in s; "
            f"the tracks have {clock.rate:g}. In another unit, write them in s, or give "
            f"fps={clock.rate:g} (--fps) for one row a frame; if they are in s, "
            f"fps={scored.fps:.6g}."
        )
    if abs(times / round(times) - 1) < SAID_RATE:  # a multiple is a resampling, no slip
        return
    if isinstance(scored, Events) and scored.unit == "s":
        how = "its times are taken as they are"
    elif clock.own(scored) == clock.rate:
        how = "its frames are taken as those of the tracks"
    else:
        how = "its frames are taken over by their times"
    note(
        f"{scored.name}: the labels state {scored.fps:g} frames per second, the tracks have "
        f"{clock.rate:g}: {how}."
    )


def note_other_frames(scored: Scored, clock: Clock, name: str, said: Sequence[str]) -> None:
    """Say it where labels count frames, and those of the tracks are not the video's.

    Parameters
    ----------
    scored
        The labels.
    clock
        Of the recording they are put on.
    name
        The recording.
    said
        The notes of the tracks.
    """
    whole = clock.whole
    if isinstance(scored, Frames):
        if scored.first + scored.values.shape[1] == whole:
            return
    elif scored.unit == "s":
        return
    own = [_own_note(note, name) for note in said]
    for found in filter(None, map(_RESAMPLED.match, own)):
        if clock.stated is None and scored.fps is None:
            note(
                f"{scored.name}: the tracks were resampled from {found[1]} to {found[2]} frames "
                f"per second, and the labels count frames: they are taken as counted at "
                f"{clock.rate:g}. If they were counted on the video, give fps={found[1]} "
                f"(--fps {found[1]})."
            )
    for found in filter(None, map(_DROPPED.match, own)):
        n_lost = found[1] or found[2]
        note(
            f"{scored.name}: the camera dropped {n_lost} frames of these tracks, and the labels "
            "count frames: they are taken as counted with those. Counted on the video, which lacks "
            f"them, they are up to {n_lost} frames early: score in times of the camera."
        )


def _own_note(note: str, name: str) -> str:
    """A note without the names before it, where it is about this recording, or may be."""
    found = _SHARED.match(note)
    if found is None or note.startswith(f"{name}: "):
        return note.removeprefix(f"{name}: ")
    about = found["more"] or name in found["names"].split(", ")
    return found["note"] if about else note


_RESAMPLED = re.compile(r"resampled from (\S+) to (\S+) fps")
_SHARED = re.compile(r"(?P<names>.+?)(?P<more> and \d+ more)?: (?P<note>(resampled|its) .*)")
"""A note of several recordings, the first of them by name."""
_DROPPED = re.compile(r"its times have (\d+) dropped frames|its frames .*the camera dropped (\d+),")


def note_too_short(scored: Scored, clock: Clock) -> None:
    """Note bouts without a frame: their start is their stop, or their unit is another."""
    if not isinstance(scored, Events):
        return
    unit = seconds_of_unit(scored, clock)
    bouts = [e for e in scored.events if e.stop is not None and not isnan(e.start + e.stop)]
    short = [e for e in bouts if clock.frame(e.start * unit) == clock.frame((e.stop or 0) * unit)]
    if short:
        names = ", ".join(dict.fromkeys(event.behaviour for event in short))
        note(
            f"{scored.name}: {len(short)} of {len(bouts)} bouts are shorter than a frame and lie "
            f"in none: {names}."
        )


def note_overlaps(scored: Scored) -> None:
    """Note bouts of one behaviour that overlap: per frame they are one."""
    if not isinstance(scored, Events):
        return
    ends: dict[tuple[str, str], float] = {}
    lost: dict[str, int] = {}
    known = [e for e in scored.events if e.stop is not None and not isnan(e.start + e.stop)]
    for event in sorted(known, key=lambda one: one.start):
        key = event.behaviour, event.individual
        lost[event.behaviour] = lost.get(event.behaviour, 0) + (event.start < ends.get(key, -inf))
        ends[key] = max(ends.get(key, -inf), event.stop or 0.0)
    names = [name for name, n in lost.items() if n]
    if names:
        note(
            f"{scored.name}: {sum(lost.values())} of {len(known)} bouts begin while another of the "
            f"same behaviour goes on, and are one with it: {listed(names, 6)}."
        )


def note_late(late: Mapping[str, float]) -> None:
    """Say which clock the labels are taken to be on, where tracks begin late on theirs."""
    if not late:
        return
    which = listed((f"{name} at {begin:.6g} s" for name, begin in late.items()), 3)
    note(
        f"the tracks begin late on their own clock ({which}), and the labels are taken to "
        "be on that clock; if they count from the first frame of the tracks, give since='tracks' "
        "(--since tracks)."
    )


def begin_with_tracks(scored: Scored, clock: Clock) -> Scored:
    """Labels frame by frame that begin with the tracks, where these begin late.

    Raises
    ------
    DataError
        They may begin with the video or with the tracks.
    """
    if not isinstance(scored, Frames) or scored.first or not clock.origin or clock.whole is None:
        return scored
    rate = clock.own(scored)
    n_labels = scored.values.shape[1]
    # The same rounding as in frames_of, also where the tracks begin half a frame in.
    before, own = floor(clock.origin * rate + 0.5 + EDGE), round(clock.whole / clock.rate * rate)
    if scored.numbered and n_labels != own:
        return scored
    if n_labels == own:
        note(
            f"{scored.name}: the labels have as many frames as the tracks and begin with them, at "
            f"frame {before} of their clock."
        )
        return replace(scored, first=before)
    if n_labels >= before + own - 1:
        return scored
    raise DataError(
        f"{scored.name}: {n_labels} labels without frame numbers for tracks of {own} frames, which "
        f"begin at frame {before} of their clock: do they begin there too, or at frame 0? Give "
        "since='tracks' (--since tracks), or number the frames."
    )


def hold_against_tracks(scored: Scored, n_frames: int, clock: Clock) -> Scored:
    """`scored`, said where it does not fit the frames of the tracks; nothing where it misses them.

    Labels that lie wholly outside the recording say nothing of it.
    """
    begin, end = _extent(scored, clock)
    whole = clock.whole if clock.whole is not None else n_frames
    start, stop = clock.offset, clock.offset + whole / clock.rate
    if end <= start or begin >= stop:
        note(
            f"{scored.name}: the labels lie from {begin:.6g} to {end:.6g} s, wholly outside the "
            f"tracks ({start:.6g} to {stop:.6g} s): unknown in all frames. Give offset "
            "(--offset) if the clocks differ, or since='tracks' (--since tracks)."
        )
        return _nothing_known(scored)
    by_hand = clock.offset != clock.origin
    if isinstance(scored, Events):
        if end - stop > 1 and not by_hand:
            note(f"{scored.name}: the labels go on for {end - stop:.1f} s after the tracks end.")
        return scored
    if clock.own(scored) != clock.rate or by_hand:
        return scored
    places = clock.frames_of(scored, n_frames) - scored.first
    lacking = int((places >= scored.values.shape[1]).sum())
    covered = scored.first + scored.values.shape[1]
    if lacking or (n_frames == whole and not clock.offset and covered != n_frames):
        note(
            f"{scored.name}: the labels have {covered} frames, the tracks {n_frames}; frames "
            f"without a label ({lacking}) are unknown. If they were scored at another frame rate, "
            "give it as fps."
        )
    return scored


def _extent(scored: Scored, clock: Clock) -> tuple[float, float]:
    """First and last time that labels speak of, s of the labels; all of it where they are none."""
    if not isinstance(scored, Events):
        rate = clock.own(scored)
        return scored.first / rate, (scored.first + scored.values.shape[1]) / rate
    unit = seconds_of_unit(scored, clock)
    times = [t for e in scored.events for t in (e.start, e.stop) if t is not None and not isnan(t)]
    if scored.span is not None:
        times = [t for t in scored.span if not np.isnan(t)]
    return (min(times) * unit, max(times) * unit) if times else (-np.inf, np.inf)


def _nothing_known(scored: Scored) -> Scored:
    if isinstance(scored, Events):
        return replace(
            scored,
            span=(0.0, 0.0),
            events=(),
            behaviours=names_of(scored),
            individuals=individuals_of(scored),
        )
    return replace(scored, values=np.full_like(scored.values, np.nan))


def seconds_of_unit(scored: Events, clock: Clock) -> float:
    """Seconds in one unit of the times of `scored`."""
    return 1.0 if scored.unit == "s" else 1 / clock.own(scored)


def lengths_of(counts: list[int], clock: Clock, target: xr.Dataset | None) -> npt.NDArray[np.int64]:
    """Frames of the whole recordings."""
    if target is not None and "n_frames" in target.coords:
        return np.atleast_1d(target.n_frames.values).astype(np.int64)
    return np.array(counts, np.int64) + clock.first
