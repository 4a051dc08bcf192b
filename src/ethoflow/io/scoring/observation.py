"""Times of an observation as times of its videos: offsets, queues, frames beside times."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ethoflow.io.scoring.scored import Video

_FAR = 1.0
"""Seconds by which a time and the frame beside it may differ before it is said."""


class Medium(NamedTuple):
    """One media file: its length (s) and rate, NaN where unknown, and when it was made (s)."""

    name: str
    length: float = nan
    fps: float = nan
    made: float = 0.0


@dataclass(frozen=True)
class Observation:
    """What a program says of an observation besides its events.

    `players` are views of the same time, each a queue of media that follow each other; the time of
    a player is that of the observation less its delay in `delays`. Every stored time has `offset`
    added, and the making of its medium.
    """

    offset: float = 0.0
    players: tuple[tuple[Medium, ...], ...] = ()
    delays: tuple[float, ...] = ()

    @property
    def queue(self) -> tuple[Medium, ...]:
        """Media of the first player, which the times are counted on."""
        return self.players[0] if self.players else ()

    @property
    def starts(self) -> list[float]:
        """When each medium of the first player begins, s; NaN after one of unknown length."""
        return _starts(self.queue)

    @property
    def length(self) -> float:
        """Seconds of the first player in all, NaN where they are not known."""
        return float(np.sum([medium.length for medium in self.queue])) if self.queue else nan

    def seconds(self, stored: float) -> float:
        """Time in the video of a stored time."""
        time = stored - self.offset
        for medium, start in zip(self.queue, self.starts, strict=True):
            since = time - medium.made
            if medium.made and (isnan(start) or start - _FAR <= since <= start + medium.length + 1):
                return since
        return time - (self.queue[0].made if len(self.queue) == 1 else 0.0)

    def place(
        self, stored: Sequence[float], frames: Sequence[int | None]
    ) -> tuple[list[float], Literal["s", "frame"], tuple[str, ...]]:
        """Times or frames of the video, which of the two, and what is to be said of it.

        The frame beside a time counts where there is one: it was counted on the video itself. In a
        queue of videos frames count from the beginning of each.
        """
        times = [self.seconds(time) for time in stored]
        if not any(frame is not None for frame in frames):
            return times, "s", ()
        counted = [self._counted(t, f) for t, f in zip(times, frames, strict=True)]
        notes = _compare(np.array(times), np.array(counted))
        if notes and len({f for f in frames if f is not None}) == 1:
            return times, "s", ("one frame stands beside all its times: the times are taken.",)
        settled = [t if isnan(c) else c for t, c in zip(times, counted, strict=True)]
        if len(self.queue) > 1:
            return settled, "s", notes
        rate = self.queue[0].fps if self.queue else nan
        if isnan(rate):
            return times, "s", ()
        numbers = [
            float(frame) if frame is not None else time * rate
            for time, frame in zip(times, frames, strict=True)
        ]
        return numbers, "frame", notes

    def _counted(self, time: float, frame: int | None) -> float:
        """Time in the observation by the frame; NaN where that cannot be told."""
        starts = self.starts
        if frame is None or not starts or isnan(starts[-1]):
            return nan
        within = [i for i, start in enumerate(starts) if start <= time + 1e-6]
        here = within[-1] if within else 0
        if here and frame > 0 and abs(time - starts[here]) < 1e-3:
            here -= 1  # the end of one video is the beginning of the next
        return starts[here] + frame / self.queue[here].fps

    def videos(self, *, counted: bool) -> tuple[Video, ...]:
        """Every video with the time of the observation it covers; with rates where `counted`."""
        found = []
        delays = [*self.delays, *[0.0] * len(self.players)]
        for player, delay in zip(self.players, delays, strict=False):
            for medium, start in zip(player, _starts(player), strict=True):
                rate = medium.fps if counted and not isnan(medium.fps) else None
                begin = start + delay
                if medium.name:
                    found.append(Video(medium.name, begin, begin + medium.length, rate))
        return tuple(found)

    @property
    def fps(self) -> float | None:
        """Rate of the videos where they have one."""
        rates = {medium.fps for medium in self.queue if not isnan(medium.fps)}
        return rates.pop() if len(rates) == 1 else None


def _starts(queue: Sequence[Medium]) -> list[float]:
    return [float(sum(medium.length for medium in queue[:i])) for i in range(len(queue))]


def _compare(times: npt.NDArray[np.float64], counted: npt.NDArray[np.float64]) -> tuple[str, ...]:
    """What is to be said where times and frames are of different moments."""
    apart = (times - counted)[~np.isnan(counted)]
    if not len(apart) or np.abs(apart).max() <= _FAR:
        return ()
    if np.ptp(apart) <= _FAR:
        return (
            f"its times are {np.median(apart):+,.3f} s from the frames beside them, as of another "
            "clock: the frames are taken.",
        )
    return (
        f"its times and the frames beside them are up to {np.abs(apart).max():,.1f} s apart: the "
        "frames are taken.",
    )


def players_of(source: str, lengths: str, rates: str) -> tuple[tuple[Medium, ...], ...]:
    """Players from cells such as ``player #1:a.mp4;b.mp4|player #2:c.mp4`` and ``30;25|30``.

    Examples
    --------
    >>> [[m.name for m in p] for p in players_of("player #1:a.mp4;b.mp4|player #2:c.mp4", "", "")]
    [['a.mp4', 'b.mp4'], ['c.mp4']]
    """
    found = []
    names_of, lengths_of, rates_of = (_by_player(cell) for cell in (source, lengths, rates))
    for number, names in enumerate(names_of):
        length, rate = (
            [number_in(x) for x in (cells[number] if number < len(cells) else [])]
            for cells in (lengths_of, rates_of)
        )
        found.append(
            tuple(
                Medium(
                    "" if name.strip() == "NA" else name.strip(),
                    (length[i] or nan) if i < len(length) else nan,
                    (rate[i] or nan) if i < len(rate) else nan,
                )
                for i, name in enumerate(names)
            )
        )
    return tuple(found)


def _by_player(cell: str) -> list[list[str]]:
    """What a cell lists for the media of each player, which older versions part by a blank."""
    players = re.split(r"\||(?<=\S)\s+(?=player\s*#)", cell)
    prefix = r"^\s*player\s*#?\d+\s*:\s*"
    return [re.sub(prefix, "", player, flags=re.IGNORECASE).split(";") for player in players]


def number_in(cell: object) -> float:
    """The number in a cell, with a point or a comma; NaN where there is none.

    Examples
    --------
    >>> number_in("1,5"), number_in("NA")
    (1.5, nan)
    """
    try:
        return float(str(cell).strip().replace(",", "."))
    except ValueError:
        return nan


def media_of(
    names: Sequence[str], info: Mapping[str, Mapping[str, object]], *, made: bool
) -> tuple[Medium, ...]:
    """Media with the lengths, rates and times of making that a project keeps by their names."""

    def fact(kind: str, name: str) -> float:
        return number_in((info.get(kind) or {}).get(name))

    return tuple(
        Medium(
            name,
            fact("length", name),
            fact("fps", name) or nan,
            0.0 if not made or isnan(since := fact("media_creation_time", name)) else since,
        )
        for name in names
    )
