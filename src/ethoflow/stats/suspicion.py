"""What looks wrong in tracks: patterns that a real animal and a working tracker do not make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from ethoflow.cleaning.scores import MOST_LOST, describe_loss, score_of
from ethoflow.schema import Data, as_dataset
from ethoflow.stats.slips import find_slips
from ethoflow.stats.survey import Survey, each, survey

MANY_TRACKS = 8
"""Animals in one recording from which on they are probably pieces of fewer."""
RARE = 0.05
"""Share of frames under which an animal counts as rarely seen."""
EARLY = 0.2
"""Share of the recording that an animal may be away before its first or after its last frame."""
LONG_ENOUGH = 10
"""Frames from which on a point that does not move is strange."""
MOST_NAMES = 8
"""Points that one sentence names."""


def find_suspicious(data: Data) -> list[str]:
    """Sentences on what looks wrong in the tracks; none where nothing does.

    Looked for: points that are never seen, do not move, lie at exactly (0, 0), jump or mostly have
    a low confidence; a confidence that is none, or whose default threshold would take more than one
    point in twenty; animals that are rarely seen, come late or leave early; two animals at the same
    place all the time; more animals than live in one arena; scales and arenas that no animal fits,
    as `find_slips` says.

    Parameters
    ----------
    data
        Tracks.

    Examples
    --------
    >>> import numpy as np
    >>> from ethoflow import from_arrays
    >>> find_suspicious(from_arrays(np.ones((1, 1, 2, 50)), fps=25, bodyparts=["nose"]))
    ['nose: does not move at all.']
    """
    ds = as_dataset(data, needs=["position"])
    return suspect(ds, survey(ds))


def suspect(ds: xr.Dataset, surveys: Mapping[int, Survey], *, fps_known: bool = True) -> list[str]:
    """The sentences of `find_suspicious` from surveys made before."""
    several = ds.sizes.get("recording", 1) > 1
    sentences = [*_describe_cost(ds, surveys)]
    for row, (recording, found) in enumerate(each(surveys, ds)):
        if found is not None:
            where = f"{recording}: " if several else ""
            rate = float(ds.fps) if fps_known else None
            sentences += [f"{where}{text}" for text in _describe(ds, row, found, rate)]
    return [*sentences, *find_slips(ds, fps_known=fps_known)]


def cost_of(surveys: Mapping[int, Survey]) -> float:
    """Share of the seen points whose confidence is under the default threshold; NaN of none."""
    scored = sum(int(found.scored.sum()) for found in surveys.values())
    low = sum(int(found.low.sum()) for found in surveys.values())
    return low / scored if scored else float("nan")


def _describe_cost(ds: xr.Dataset, surveys: Mapping[int, Survey]) -> Iterator[str]:
    lost = cost_of(surveys)
    if lost > MOST_LOST:
        yield f"cleaning: {describe_loss(ds, score_of(ds).min_confidence, lost)}"


def _describe(ds: xr.Dataset, row: int, found: Survey, fps: float | None) -> Iterator[str]:
    slots = [str(name) for name in ds.individual.values]
    seated, rare = _seated(ds, row), _rare(ds, row, found)
    worst, best = found.scores
    if np.isfinite(worst) and (worst < 0 or best > score_of(ds).most):
        yield f"confidence runs from {worst:.3g} to {best:.3g}, not between 0 and 1."
    pieces = _tell_pieces(seated, rare)
    if pieces:
        yield pieces
    else:
        for i in rare:
            yield f"{slots[i]}: {_tell_where(found, i, fps)}."
    present = [i for i in seated if i not in rare]
    for i in present:
        if max(found.first[i], found.n_frames - 1 - found.last[i]) > EARLY * found.n_frames:
            yield f"{slots[i]}: {_tell_where(found, i, fps)}."
    yield from _describe_points(ds, present, found)
    for i in present:
        for j in present:
            if j > i and found.same[i, j] > 0.5 * found.present[i]:
                yield f"{slots[i]} and {slots[j]}: at the same place, to the digit."


def find_pieces(ds: xr.Dataset, surveys: Mapping[int, Survey]) -> Iterator[str]:
    """A sentence on each recording whose animals seem to be pieces of fewer animals' tracks."""
    for row, (recording, found) in enumerate(each(surveys, ds)):
        if found is not None:
            told = _tell_pieces(_seated(ds, row), _rare(ds, row, found))
            if told:
                yield f"{recording}: {told}"


def _seated(ds: xr.Dataset, row: int) -> list[int]:
    """Places of the animals that a recording has, in a cohort where others may have more."""
    animals = np.atleast_2d(ds.animal.values)[row] if "animal" in ds.coords else None
    return [i for i in range(ds.sizes["individual"]) if animals is None or animals[i] != ""]


def _rare(ds: xr.Dataset, row: int, found: Survey) -> list[int]:
    return [i for i in _seated(ds, row) if found.present[i] < RARE * found.n_frames]


def _tell_pieces(seated: list[int], rare: list[int]) -> str:
    if len(seated) < MANY_TRACKS or not rare:
        return ""
    return (
        f"{len(seated)} animals, {len(rare)} of them seen in less than {RARE:.0%} of the frames: "
        "where fewer lived together these are pieces of tracks; identities are not joined."
    )


def _tell_where(found: Survey, i: int, fps: float | None) -> str:
    """Where the frames of an animal lie, in s; in frames where no rate is known."""
    if not found.present[i]:
        return "never seen"
    share = found.present[i] / found.n_frames
    frames = (found.first[i], found.last[i] + 1, found.n_frames, found.absence[i])
    unit, scale = ("s", fps) if fps else ("frames", 1)
    first, last, whole, absence = (f"{float(n / scale):.6g} {unit}" for n in frames)
    return (
        f"seen in {share:.1%} of the frames, all between {first} and {last} of {whole}; "
        f"longest absence {absence}"
    )


def _describe_points(ds: xr.Dataset, present: list[int], found: Survey) -> Iterator[str]:
    """Faults of body parts, each once, with the points that have it."""
    faults: dict[str, list[str]] = {}
    low = score_of(ds).min_confidence
    for i in present:
        for b, part in enumerate(map(str, ds.bodypart.values)):
            name = part if len(present) == 1 else f"{part} of {ds.individual.values[i]}"
            for fault in _faults_of(found, i, b, low):
                faults.setdefault(fault, []).append(name)
    for fault, names in faults.items():
        yield f"{name_points(names)}: {fault}."


def name_points(names: list[str]) -> str:
    """The first points by name, and how many more there are."""
    more = len(names) - MOST_NAMES
    return f"{', '.join(names[:MOST_NAMES])}{f' and {more} more points' if more > 0 else ''}"


def _faults_of(found: Survey, i: int, b: int, low: float) -> Iterator[str]:
    seen = found.seen[i, b]
    if seen == 0:
        yield "never seen"
        return
    if seen > LONG_ENOUGH and found.still[i, b]:
        yield "does not move at all"
    if found.at_zero[i, b] > 0.01 * seen:
        yield "often at exactly (0, 0), where trackers put missing points"
    if found.low[i, b] > 0.5 * found.scored[i, b]:
        yield f"has a confidence under {low:g} most of the time"
    if found.jumps[i, b] > 0.01 * found.steps[i, b]:
        yield "jumps by more than the animal's length in over 1 % of its steps"
