"""What readers of scored behaviour give: events with times, or labels frame by frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Times: TypeAlias = npt.NDArray[np.float64]
Float32: TypeAlias = npt.NDArray[np.float32]
Source: TypeAlias = Literal["human", "classifier"]


@dataclass(frozen=True)
class Event:
    """One bout: from `start` up to `stop`, which is not part of it; a point event has no stop.

    A start or stop that is NaN was not recorded: the behaviour is unknown from the start on until
    it begins again, or before the stop since it ended last. `individual` is whom it is about,
    empty where nobody is named.
    """

    behaviour: str
    start: float
    stop: float | None
    individual: str = ""
    modifiers: str = ""


@dataclass(frozen=True)
class Video:
    """A video that was scored: it runs from `start` to `stop`, in s of the observation.

    Several follow each other, or are views of the same time. `stop` is NaN where nobody says how
    long it is; `fps` is there where the file gives frames of the video.
    """

    name: str
    start: float = 0.0
    stop: float = math.nan
    fps: float | None = None


@dataclass(frozen=True)
class Events:
    """Bouts of one recording by one rater, in s or in frames (from 0).

    Outside its bouts a behaviour is absent, within `span` (start and stop of what was watched); all
    of the recording was watched where there is no span. `behaviours` and `individuals` are those
    the rater looked for, also where nothing happened. `videos` are those it was scored from, where
    the file names them; `notes` say how the file was understood; `is_unit_said` that it states
    the unit itself.
    """

    name: str
    events: tuple[Event, ...]
    unit: Literal["s", "frame"]
    rater: str = ""
    fps: float | None = None
    span: tuple[float, float] | None = None
    behaviours: tuple[str, ...] = ()
    individuals: tuple[str, ...] = ()
    source: Source = "human"
    videos: tuple[Video, ...] = ()
    notes: tuple[str, ...] = ()
    is_unit_said: bool = False


@dataclass(frozen=True)
class Frames:
    """Labels of one recording by one rater, frame by frame: 1, 0, NaN for not labelled.

    `values` has the dims (behaviour, time). `first` is the frame of the video they begin at, as far
    as the file says: `numbered` where it numbers its frames. `background` are those of `behaviours`
    that stand for frames without any of the others.
    """

    name: str
    behaviours: tuple[str, ...]
    values: Float32
    rater: str = ""
    fps: float | None = None
    individual: str = ""
    first: int = 0
    source: Source = "human"
    notes: tuple[str, ...] = ()
    numbered: bool = False
    background: tuple[str, ...] = ()


Scored: TypeAlias = Events | Frames


def names_of(scored: Scored) -> tuple[str, ...]:
    """Behaviours of a scored recording, in order of appearance."""
    if isinstance(scored, Frames):
        return scored.behaviours
    return tuple(dict.fromkeys((*scored.behaviours, *(e.behaviour for e in scored.events))))


def individuals_of(scored: Scored) -> tuple[str, ...]:
    """Names of the animals, in order of appearance; one empty name where nobody is named."""
    if isinstance(scored, Frames):
        return (scored.individual,)
    named = (*scored.individuals, *(event.individual for event in scored.events))
    return tuple(dict.fromkeys(named)) or ("",)


def one_hot(classes: Sequence[str], unknown: Sequence[str]) -> tuple[tuple[str, ...], Float32]:
    """Behaviours and their labels from one class per frame; nothing is known at `unknown`.

    Examples
    --------
    >>> one_hot(["rest", "", "run"], unknown=[""])
    (('rest', 'run'), array([[ 1., nan,  0.],
           [ 0., nan,  1.]], dtype=float32))
    """
    found = np.asarray(classes, dtype=object)
    names = tuple(dict.fromkeys(name for name in classes if name not in unknown))
    values = np.array([found == name for name in names], np.float32).reshape(-1, len(found))
    values[:, np.isin(found, list(unknown))] = np.nan
    return names, values
