"""Bouts: which bouts of two sources meet, how far they overlap, and when they begin.

Bouts are runs of 1 over frames that both know: an unknown frame of either cuts a bout. How long a
cut bout really was nobody knows, so it is left out, and so are those that meet nothing but cut
ones. The ends of the recording cut both sources alike, and count as ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ethoflow.labels.comparison.frames import Array, Sums, known_to_both, ratio


@dataclass(frozen=True)
class Bouts:
    """Starts and stops (exclusive) of the bouts of one source, in order.

    `whole` are those that no unknown frame cuts; `begun` and `ended` those of which the start, and
    the stop, was seen.
    """

    start: Array
    stop: Array
    whole: Array
    begun: Array
    ended: Array


def find_runs(state: Array, known: Array) -> Bouts:
    """Runs of 1 of a state over the known frames.

    Examples
    --------
    >>> state = np.array([1, 0, 1, 1, 0, 1, 1])
    >>> runs = find_runs(state, np.array([1, 1, 1, 1, 1, 1, 0], bool))
    >>> runs.start.tolist(), runs.stop.tolist(), runs.whole.tolist(), runs.begun.tolist()
    ([0, 2, 5], [1, 4, 6], [True, True, False], [False, True, True])
    """
    beyond = 2
    inside = np.where(known, state, -1).astype(np.int8)
    padded = np.concatenate([[beyond], inside, [beyond]])
    steps = np.diff((padded == 1).astype(np.int8))
    start, stop = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    before, after = padded[start], padded[stop + 1]
    return Bouts(start, stop, (before != -1) & (after != -1), before == 0, after == 0)


@dataclass(frozen=True)
class Settled:
    """Bouts of one kind of matching: pairs of those that match, and those that have no match."""

    a: Array
    b: Array
    missed: Array
    false: Array


def pairs_that_overlap(a: Bouts, b: Bouts) -> tuple[Array, Array]:
    """Places of all pairs of bouts that share a frame, in order."""
    first = np.searchsorted(b.stop, a.start, side="right")
    last = np.searchsorted(b.start, a.stop, side="left")
    return _ranges(first, last)


def pairs_that_begin_together(a: Bouts, b: Bouts, tolerance: int) -> tuple[Array, Array]:
    """Places of all pairs of bouts that begin within some frames of each other."""
    first = np.searchsorted(b.start, a.start - tolerance, side="left")
    last = np.searchsorted(b.start, a.start + tolerance, side="right")
    return _ranges(first, last)


def _ranges(first: Array, last: Array) -> tuple[Array, Array]:
    counts = np.maximum(last - first, 0)
    rows = np.repeat(np.arange(len(first)), counts)
    places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, np.repeat(first, counts) + places


def settle(
    fits: tuple[Array, Array], meets: tuple[Array, Array], counted_a: Array, counted_b: Array
) -> Settled:
    """Match bouts one to one, as many as can be.

    Parameters
    ----------
    fits
        Pairs that may be matched, in order of a.
    meets
        Pairs that have to do with each other: a bout without a match that meets one that does not
        count is neither missed nor false.
    counted_a, counted_b
        Which bouts count.
    """
    i, j = (side[counted_a[fits[0]] & counted_b[fits[1]]] for side in fits)
    pairs = _match(i, j)
    alone_a, alone_b = counted_a.copy(), counted_b.copy()
    alone_a[pairs[0]], alone_b[pairs[1]] = False, False
    rows, columns = meets
    alone_a[rows[~counted_b[columns]]] = False
    alone_b[columns[~counted_a[rows]]] = False
    return Settled(*pairs, np.flatnonzero(alone_a), np.flatnonzero(alone_b))


def _match(i: Array, j: Array) -> tuple[Array, Array]:
    """The first free pairs in order: as runs of one source do not overlap, there are no more."""
    free = -1, -1
    found = []
    taken = set()
    for pair in zip(i.tolist(), j.tolist(), strict=True):
        if pair[0] != free[0] and pair[1] not in taken:
            found.append(pair)
            taken.add(pair[1])
            free = pair
    matched = np.array(found, np.intp).reshape(-1, 2)
    return matched[:, 0], matched[:, 1]


def sum_bouts(
    x: Array, y: Array, width: int, ious: tuple[float, ...], tolerance: int
) -> dict[str, Array]:
    """Sums of all that measures of bouts need, by the block in which a bout of a (or b) begins."""
    known = known_to_both(x, y)
    a, b = find_runs(x, known), find_runs(y, known)
    n_blocks = -(-len(x) // width)

    def summed(frames: Array, values: Array | None = None) -> Array:
        found: Array = np.bincount(frames // width, values, n_blocks).astype(np.float64)
        return found

    def tell(name: str, found: Settled) -> dict[str, Array]:
        return {
            f"{name}_hit": summed(a.start[found.a]),
            f"{name}_missed": summed(a.start[found.missed]),
            f"{name}_false": summed(b.start[found.false]),
        }

    meets = pairs_that_overlap(a, b)
    rows, columns = meets
    whole = a.whole[rows] & b.whole[columns]
    i, j = rows[whole], columns[whole]
    shared = np.minimum(a.stop[rows], b.stop[columns]) - np.maximum(a.start[rows], b.start[columns])
    length_a, length_b = a.stop - a.start, b.stop - b.start
    iou = shared / (length_a[rows] + length_b[columns] - shared)
    late = np.abs(b.start[j] - a.start[i]) + np.abs(b.stop[j] - a.stop[i])
    long = a.whole & (length_a > 1)
    switches = np.concatenate([[0], np.cumsum(np.diff(y) != 0)])
    broken = switches[a.stop[long] - 1] - switches[a.start[long]]
    sums = {
        "bouts_a": summed(a.start[a.whole]),
        "bouts_b": summed(b.start[b.whole]),
        "cut_a": summed(a.start[~a.whole]),
        "cut_b": summed(b.start[~b.whole]),
        **tell("banos", settle(meets, meets, a.whole, b.whole)),
        "pairs": summed(a.start[i]),
        "pairs_iou": summed(a.start[i], iou[whole]),
        "pairs_timing": summed(a.start[i], 1 / (1 + late)),
        "long": summed(a.start[long]),
        "long_unbroken": summed(a.start[long], 1 - broken / (length_a[long] - 1)),
        **_sum_met(a, b, meets, summed),
    }
    for level in ious:
        fits = rows[iou >= level], columns[iou >= level]
        found = settle(fits, meets, a.whole, b.whole)
        sums |= tell(f"iou_{level:g}", found)
        if level == ious[0]:
            for edge, seen_a, seen_b, at_a, at_b in (
                ("start", a.begun, b.begun, a.start, b.start),
                ("stop", a.ended, b.ended, a.stop, b.stop),
            ):
                seen = seen_a[found.a] & seen_b[found.b]
                p, q = found.a[seen], found.b[seen]
                sums |= {
                    f"{edge}_seen": summed(a.start[p]),
                    f"{edge}_lag": summed(a.start[p], at_b[q] - at_a[p]),
                }
    near = pairs_that_begin_together(a, b, tolerance)
    return sums | tell("onset", settle(near, near, a.begun, b.begun))


def _sum_met(a: Bouts, b: Bouts, meets: tuple[Array, Array], summed: object) -> dict[str, Array]:
    """Whole bouts that meet any of the other, however many each of these meets."""
    assert callable(summed)
    met_a, met_b = np.zeros(len(a.start), bool), np.zeros(len(b.start), bool)
    met_a[meets[0]], met_b[meets[1]] = True, True
    return {
        "met_hit": summed(a.start[a.whole & met_a]),
        "met_missed": summed(a.start[a.whole & ~met_a]),
        "met_false": summed(b.start[b.whole & ~met_b]),
    }


def precision(sums: Sums, kind: str) -> Array:
    """Share of the bouts of b that a has, too."""
    return ratio(sums[f"{kind}_hit"], sums[f"{kind}_hit"] + sums[f"{kind}_false"])


def recall(sums: Sums, kind: str) -> Array:
    """Share of the bouts of a that b has, too."""
    return ratio(sums[f"{kind}_hit"], sums[f"{kind}_hit"] + sums[f"{kind}_missed"])


def f1(sums: Sums, kind: str) -> Array:
    """Harmonic mean of precision and recall of bouts."""
    hit = 2 * sums[f"{kind}_hit"]
    return ratio(hit, hit + sums[f"{kind}_missed"] + sums[f"{kind}_false"])


BANOS = (
    "banos_precision",
    "banos_recall",
    "banos_f1",
    "banos_overlap",
    "banos_timing",
    "banos_continuity",
)


def banos(sums: Sums) -> dict[str, Array]:
    """The measures of BANOS of one recording, a taken as right.

    Detection by bouts that overlap, one to one (precision, recall, F1); overlap: intersection over
    union of all pairs that overlap; timing: 1 / (1 + frames between the starts + frames between
    the stops) of these; continuity: 1 - changes of b within a bout of a / (its frames - 1). Where
    a has no bout all are 1 if b has none either, else 0; where b alone has none, precision and F1
    are NaN.
    """
    given, found = sums["bouts_a"], sums["bouts_b"]
    detected = {"precision": precision(sums, "banos"), "recall": recall(sums, "banos")}
    p, r = detected["precision"], detected["recall"]
    values = {
        **detected,
        "f1": ratio(2 * p * r, p + r),
        "overlap": ratio(sums["pairs_iou"], sums["pairs"]),
        "timing": ratio(sums["pairs_timing"], sums["pairs"]),
        "continuity": ratio(sums["long_unbroken"], sums["long"]),
    }
    cut = sums["cut_a"] + sums["cut_b"] > 0
    without = np.where(found > 0, 0.0, 1.0)
    without = np.where(cut & ((found == 0) | (sums["cut_a"] > 0)), np.nan, without)
    return {f"banos_{n}": np.where(given == 0, without, value) for n, value in values.items()}


def why_bouts(sums: Sums, name: str) -> str:
    """Why a measure of bouts is not defined."""
    given, found = float(sums["bouts_a"]), float(sums["bouts_b"])
    cut = float(sums["cut_a"] + sums["cut_b"])
    if given == 0 and found == 0:
        return (
            "every bout touches frames that one of them does not know"
            if cut
            else "neither has a bout"
        )
    if given == 0 or found == 0:
        return f"{'a' if given == 0 else 'b'} has no bout"
    reasons = {
        "lag": "no two bouts match with their edges seen",
        "onset": "no start of a bout was seen",
        "continuity": "all bouts of a are one frame long",
        "banos_f1": "no bout of one meets a bout of the other",
        "banos_overlap": "no bout of one meets a bout of the other",
        "banos_timing": "no bout of one meets a bout of the other",
    }
    said = (reason for part, reason in reasons.items() if part in name)
    return next(
        said, "every bout touches, or meets one that touches, frames that one does not know"
    )
