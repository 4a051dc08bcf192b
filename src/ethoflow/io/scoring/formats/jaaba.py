"""JAABA scores (``.mat``): bouts of one behaviour that a classifier found, by animal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ethoflow.io.content import Content
from ethoflow.io.matlab import read_matlab
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.scored import Event, Events, Scored
from ethoflow.schema import DataError


def _matches(file: Content) -> bool:
    return "allScores" in file.variables


@label_reader("JAABA scores", matches=_matches, extra="matlab")
def read_jaaba(path: Path) -> list[Scored]:
    """Bouts of one behaviour, in frames, after the postprocessing JAABA applied.

    The behaviour is named after the file (``scores_NAME.mat``), the recording after its folder, as
    JAABA lays them. JAABA counts frames from 1, and the stop of a bout is not part of it; here they
    count from 0. Animals are known by their number; each was scored while it was tracked.
    """
    scores = read_matlab(path, nested=True)["allScores"]
    behaviour = re.sub(r"^.*?scores_?", "", recording_name(path)) or recording_name(path)
    starts, stops = _by_animal(scores["t0s"]), _by_animal(scores["t1s"])
    firsts, lasts = np.atleast_1d(scores["tStart"]), np.atleast_1d(scores["tEnd"])
    if not len(starts) == len(stops) == len(firsts) == len(lasts):
        raise DataError("its animals have different numbers of starts, stops and spans.")
    names = [str(i) for i in range(len(starts))] if len(starts) > 1 else [""]
    return [
        Events(
            name=path.resolve().parent.name,
            events=tuple(
                Event(behaviour, float(a) - 1, float(b) - 1, name)
                for a, b in zip(starts[i], stops[i], strict=True)
            ),
            unit="frame",
            span=(float(firsts[i]) - 1, float(lasts[i])),
            behaviours=(behaviour,),
            individuals=(name,),
            source="classifier",
        )
        for i, name in enumerate(names)
    ]


def _by_animal(found: Any) -> list[Any]:
    """Bouts of each animal; one animal's come without the list around them."""
    if isinstance(found, np.ndarray) and found.dtype != object:
        return [np.atleast_1d(found)]
    return [np.atleast_1d(item) for item in np.atleast_1d(found)]
