"""Scales, frame rates and arenas that no animal fits: how long, how fast, how far it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.engine.gather import gather_blocks
from ethoflow.errors import listed
from ethoflow.geometry.homography import project
from ethoflow.geometry.pictures import fit_size, other_size
from ethoflow.schema import Data, as_dataset, position_units
from ethoflow.skeleton import place_roles

SPAN = (20.0, 300.0)
"""Nose to tail base of a mouse or rat, mm: from a pup to a large rat."""
USUAL_SPAN = (45.0, 230.0)
"""The same of most, where a corrected scale has to lead."""
FASTEST = 6000.0
"""Speed in mm/s that an animal in a laboratory does not have for one twentieth of the time."""
LASTING, STEP, ALIKE = 2.0, 6, 0.5
"""Seconds after which the way that a rodent goes, over so many frames, correlates with the way that
it went by no more than so much: in 14 recordings of mice by 0.34 at most, and in 8 of them by more
than 0.5 where fps is given as a tenth of what it is."""
PAIRS = 200
"""Pairs of moments without which nothing is said of that."""
SMALL, OUTSIDE = 0.1, 0.5
"""Share of the arena's width that animals cross at least; of points outside, it is elsewhere."""
FRAMES = 20_000
"""Frames at the beginning of each recording that are looked at."""
SAMPLES = 500
"""Frames of a block, evenly spaced, that stand for it."""
ENOUGH = 50
"""Samples without which nothing is said."""
MOST_NAMES = 3
"""Recordings that one sentence names."""


def find_slips(data: Data, *, fps_known: bool = True) -> list[str]:
    """Sentences on scales, frame rates and arenas that no animal fits, with the likely slip.

    Mostly none. Looked for: rodents (known by an ear) shorter or longer than any, animals faster
    than any, rodents that go on as they went for longer than any (a frame rate that is too low),
    and arenas that the animals of no recording cross or that they are outside of. One sentence has
    all recordings with the same fault.

    Parameters
    ----------
    data
        Poses.
    fps_known
        Whether `fps` is of the recording; nothing is said of it where it is not.

    Examples
    --------
    >>> from ethoflow import calibrate, simulate
    >>> find_slips(simulate.still_then_running())
    []
    """
    ds = as_dataset(data, needs=["position"])
    in_mm = position_units(ds) == "mm"
    if not in_mm and "arena" not in ds.data_vars and not _are_rodents(ds):
        return []
    recordings = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else [""]
    names = [str(name) for name in recordings]
    rows: dict[int, list[Mapping[str, Array]]] = {}
    first = ds.isel(time=slice(FRAMES)) if ds.sizes["time"] > FRAMES else ds
    lag = max(round(LASTING * float(ds.fps)), STEP)
    for row, _, part in gather_blocks(first, ["position"], partial(_sample, lag=lag)):
        rows.setdefault(row, []).append(part)
    faults: dict[str, tuple[str, list[str]]] = {}
    for row, parts in sorted(rows.items()):
        place, after = (np.concatenate([p[k] for p in parts], axis=-1) for k in ("place", "after"))
        if in_mm:
            for kind, fault in _of_scale(ds, row, place, after):
                faults.setdefault(kind, (fault, []))[1].append(names[row])
        moves = np.concatenate([p["moves"] for p in parts], axis=-1)
        for fault in _of_rate(ds, moves) if fps_known else ():
            faults.setdefault(fault, (fault, []))[1].append(names[row])
    for fault, crossed in _of_arenas(ds, rows):
        faults[fault] = fault, [names[row] for row in crossed]
    return [f"{_where(found, names)}{fault}" for fault, found in faults.values()]


def _where(found: Sequence[str], names: Sequence[str]) -> str:
    if len(names) == 1:
        return ""
    return f"{listed(found, MOST_NAMES)}: "


def _sample(values: Mapping[str, Array], *, lag: int) -> dict[str, Array]:
    """Positions at some frames of a block, and at the frames after them.

    `moves`: how the middle of the animal moves over some frames, and `lag` frames later, dims
    (moment, individual, space, frame).
    """
    position = values["position"]
    last = max(position.shape[-1] - 1, 0)
    at = _spaced(last)
    seen = ~np.isnan(position)
    with np.errstate(invalid="ignore"):
        middle = np.where(seen, position, 0).sum(axis=1, dtype=np.float64) / seen.sum(axis=1)
    now = _spaced(last - lag - STEP + 1)
    moves = [middle[..., when + STEP] - middle[..., when] for when in (now, now + lag)]
    return {"place": position[..., at], "after": position[..., at + 1], "moves": np.stack(moves)}


def _spaced(last: int) -> Array:
    """Frames before `last`, evenly spaced."""
    return np.unique(np.linspace(0, last - 1, max(min(SAMPLES, last), 0)).astype(int))


def _are_rodents(ds: xr.Dataset) -> bool:
    nose, tail_base, *ears = _rodent_roles(ds)
    return nose is not None and tail_base is not None and any(ear is not None for ear in ears)


def _rodent_roles(ds: xr.Dataset) -> list[int | None]:
    roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
    return place_roles(roles, ["nose", "tail_base", "left_ear", "right_ear"])


def _of_rate(ds: xr.Dataset, moves: Array) -> Iterator[str]:
    """A sentence where animals go on as they went for longer than any."""
    now, later = moves.transpose(0, 1, 3, 2).reshape(2, -1, moves.shape[2])
    known = ~np.isnan(now + later).any(axis=-1)
    now, later = now[known], later[known]
    if not _are_rodents(ds) or len(now) < PAIRS:
        return
    size = float(np.sqrt(np.square(now).sum() * np.square(later).sum()))
    if size > 0 and float((now * later).sum()) > ALIKE * size:
        yield (
            f"the animals still go as fast and in the same direction {LASTING:g} s later, as "
            f"rodents do on a long straight track alone: is {float(ds.fps):g} the frame rate of "
            "the videos, or one that is too low?"
        )


def _of_scale(ds: xr.Dataset, row: int, place: Array, after: Array) -> Iterator[tuple[str, str]]:
    """Kinds of faults of a scale, and the sentences on them."""
    nose, tail_base, *ears = _rodent_roles(ds)
    scale = _scale_of(ds, row)
    if nose is not None and tail_base is not None and any(ear is not None for ear in ears):
        spans = _length(place[:, nose] - place[:, tail_base])
        known = spans[~np.isnan(spans)]
        span = float(np.median(known)) if known.size >= ENOUGH else np.nan
        if span < SPAN[0] or span > SPAN[1]:
            slip = _likely(span, scale)
            yield (
                slip,
                f"the animals are {_shown(span)} mm long from nose to tail base, which no mouse or "
                f"rat is.{slip}",
            )
            return
    steps = _length(after - place) * np.float32(ds.fps)
    often = np.argmax((~np.isnan(steps)).sum(axis=(0, 2)))  # the point that is seen most
    known = steps[:, often][~np.isnan(steps[:, often])]
    fast = float(np.quantile(known, 0.95)) if known.size >= ENOUGH else 0.0
    if fast > FASTEST:
        yield (
            "fast",
            f"the animals are faster than {_shown(fast / 1000)} m/s for one twentieth of the time: "
            "look at the scale (px per mm, not mm per px; mm, not cm), the frame rate, and jumps.",
        )


def _shown(number: float) -> str:
    """A number with two significant digits, without an exponent where it is large.

    Examples
    --------
    >>> _shown(852.4), _shown(8.524)
    ('850', '8.5')
    """
    return f"{float(f'{number:.2g}'):g}"


def _length(vectors: Array) -> Array:
    """Lengths of vectors along the second axis from the end."""
    length: Array = np.sqrt(np.square(vectors).sum(axis=-2))
    return length


def _scale_of(ds: xr.Dataset, row: int) -> float:
    if "px_per_mm" not in ds.data_vars:
        return float("nan")
    return float(np.atleast_1d(ds.px_per_mm.values)[row])


def _likely(span: float, scale: float) -> str:
    """The slips that would explain a length: corrected, it is a usual one."""
    turned = f"{scale:.4g} may be mm per px: the scale in px/mm is {1 / scale:.4g}"
    slips = {
        **({turned: span * scale**2} if scale > 0 else {}),
        "a length may have been given in mm that is in cm (or a scale in px/mm that is in px/cm)": (
            span * 10
        ),
        "a length may have been given in cm that is in mm": span / 10,
    }
    found = [s for s, right in slips.items() if USUAL_SPAN[0] <= right <= USUAL_SPAN[1]]
    return f" Likely slip: {'; or '.join(found)}." if found else " Look at the scale."


def _of_arenas(
    ds: xr.Dataset, rows: Mapping[int, Sequence[Mapping[str, Array]]]
) -> Iterator[tuple[str, list[int]]]:
    """Faults of arenas, with the rows that have them: of one that is outside, of all too large."""
    if "arena" not in ds.data_vars:
        return
    corners = ds.arena.values.reshape(-1, *ds.arena.shape[-2:])
    small, outside, looked = [], [], 0
    scaled: dict[str, list[int]] = {}
    for row, parts in sorted(rows.items()):
        place = np.concatenate([part["place"] for part in parts], axis=-1)[:, :, :2]
        known = place.transpose(0, 1, 3, 2).reshape(-1, 2)
        known = known[~np.isnan(known).any(axis=1)]
        arena = corners[row][~np.isnan(corners[row]).any(axis=1)][:, :2]
        if len(known) < ENOUGH or len(arena) < 3:
            continue
        looked += 1
        low, high = arena.min(axis=0), arena.max(axis=0)
        times = fit_size(*_in_picture(ds, row, known, arena))
        if times is not None:
            scaled.setdefault(_shown(times), []).append(row)
        elif ((known < low) | (known > high)).any(axis=1).mean() > OUTSIDE:
            outside.append(row)
        elif (np.ptp(known, axis=0) < SMALL * (high - low)).all():
            small.append(row)
    what = "is it in the pixels of these videos, and its size in their unit?"
    for shown, found in scaled.items():
        yield other_size(shown), found
    if outside:
        yield f"most points lie outside of the arena: {what}", outside
    if small and len(small) == looked:
        yield f"the animals never leave a tenth of the arena: {what}", small


def _in_picture(ds: xr.Dataset, row: int, *points: Array) -> list[Array]:
    """Points as the camera sees them, up to one factor: of a floor seen askew, back in px."""
    if "homography" not in ds:
        return list(points)
    back = np.linalg.inv(np.reshape(ds.homography.values, (-1, 3, 3))[row])
    return [project(of_one.astype(np.float64), back) for of_one in points]
