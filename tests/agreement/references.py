"""Measures of agreement written out frame by frame and bout by bout, for tests to hold against."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np

NAN = float("nan")


def runs(sequence):
    """First and last frame of every run of 1."""
    found, begun = [], None
    for i, value in enumerate([*sequence, 0]):
        if value == 1 and begun is None:
            begun = i
        if value != 1 and begun is not None:
            found.append((begun, i - 1))
            begun = None
    return found


def meets(one, other):
    return bool(set(range(one[0], one[1] + 1)) & set(range(other[0], other[1] + 1)))


def iou(one, other):
    a, b = (set(range(first, last + 1)) for first, last in (one, other))
    return len(a & b) / len(a | b)


def most_pairs(ours, theirs, fits):
    """The most pairs that can be made one to one, tried out one by one."""
    if not ours:
        return 0
    first, rest = ours[0], ours[1:]
    best = most_pairs(rest, theirs, fits)
    for i, other in enumerate(theirs):
        if fits(first, other):
            best = max(best, 1 + most_pairs(rest, theirs[:i] + theirs[i + 1 :], fits))
    return best


def mean(values):
    known = [v for v in values if v == v]
    return sum(known) / len(known) if known else NAN


def share(top, bottom):
    return top / bottom if bottom else NAN


def detection(right, found, fits):
    """Precision, recall and F1 of bouts that fit one to one."""
    n = most_pairs(right, found, fits)
    return share(n, len(found)), share(n, len(right)), share(2 * n, len(right) + len(found))


def banos(right, found):
    """The measures of BANOS as Chindemi et al. define them and their package gives them."""
    ours, theirs = runs(right), runs(found)
    names = ("precision", "recall", "f1", "overlap", "timing", "continuity")
    if not ours:
        return dict.fromkeys(names, 0.0 if theirs else 1.0)
    precision, recall, f1 = detection(ours, theirs, meets)
    if not theirs or precision + recall == 0:
        f1 = NAN
    together = [(one, other) for one in ours for other in theirs if meets(one, other)]
    late = [abs(q[0] - p[0]) + abs(q[1] - p[1]) for p, q in together]
    whole = []
    for first, last in ours:
        if last > first:
            within = found[first : last + 1]
            changes = sum(bool(x != y) for x, y in pairwise(within))
            whole.append(1 - changes / (last - first))
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "overlap": mean([iou(p, q) for p, q in together]),
        "timing": mean([1 / (1 + n) for n in late]),
        "continuity": mean(whole),
    }


def kappa(x, y):
    """Cohen's kappa of any classes, as 1 - observed / expected disagreement."""
    classes = sorted(set(x) | set(y))
    observed = np.mean([p != q for p, q in zip(x, y, strict=True)])
    expected = 1 - sum(np.mean(np.equal(x, c)) * np.mean(np.equal(y, c)) for c in classes)
    return NAN if expected == 0 else 1 - observed / expected


def rand(x, y):
    """Adjusted Rand index by going through all pairs of frames."""
    pairs = list(permutations(range(len(x)), 2))
    both = sum(x[i] == x[j] and y[i] == y[j] for i, j in pairs)
    one, other = (sum(z[i] == z[j] for i, j in pairs) for z in (x, y))
    chance = one * other / len(pairs)
    top, bottom = both - chance, (one + other) / 2 - chance
    return NAN if bottom == 0 else top / bottom


def icc(a, b):
    """ICC(A,1) from the two-way analysis of variance of subjects by raters."""
    table = np.stack([a, b], axis=1)
    n, k = table.shape
    grand = table.mean()
    rows = k * ((table.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns = n * ((table.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + grand
    error = (rest**2).sum() / ((n - 1) * (k - 1))
    return (rows - error) / (rows + (k - 1) * error + k / n * (columns - error))
