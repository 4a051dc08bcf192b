"""How well a surrogate tells a label in recordings that it did not see, and what chance gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from ethoflow.engine.declare import Array
from ethoflow.errors import DataError, WrongUse
from ethoflow.explain.rows import Rows
from ethoflow.learn import samples
from ethoflow.learn.folds import By, Fold, choose_by, split
from ethoflow.learn.models import Plan
from ethoflow.learn.training import out_of_fold

LEAST_AUC = 0.7
LEAST_SKILL = 0.25
"""Of the way from chance to a perfect F1: a surrogate below either explains nothing."""


def as_tracks(rows: Rows) -> list[samples.Track]:
    """Tracks as classifiers are trained on, of the rows alone."""
    found = []
    for place, track in enumerate(rows.tracks):
        own = rows.track == place
        states = {name: state[own] for name, state in rows.states.items()}
        known = np.ones(int(own.sum()), bool)
        found.append(samples.Track(track.seat, track.place, rows.x[:, own], known, states))
    return found


def make_folds(rows: Rows, by: By | None, folds: int, embargo: int) -> tuple[By, list[Fold]]:
    """Rows that are trained on, and that are tested: recordings apart, or blocks of one.

    Raises
    ------
    DataError
        There is one recording only, and it is too short for blocks with an embargo.
    """
    seats = [track.seat for track in rows.tracks]
    held_out = choose_by(seats, by, folds)
    if held_out != "block":
        every = [np.ones(len(track.frames), bool) for track in rows.tracks]
        return held_out, split(seats, every, held_out, folds, 0)
    whole = split(seats, [track.usable for track in rows.tracks], "block", folds, embargo)
    found = [
        Fold(
            tuple(m[t.frames] for m, t in zip(fold.train, rows.tracks, strict=True)),
            tuple(m[t.frames] for m, t in zip(fold.test, rows.tracks, strict=True)),
        )
        for fold in whole
    ]
    if not all(any(mask.any() for mask in fold.train) for fold in found):
        raise DataError(
            f"one recording that is too short to test a surrogate on: with {embargo} frames left "
            f"out beside each of {folds} blocks nothing is left to learn from. Give more "
            "recordings, fewer folds or shorter windows."
        )
    return held_out, found


def held_out(rows: Rows, behaviour: str, folds: list[Fold], plan: Plan) -> Array:
    """Probability of every row by trees that had not seen it; NaN where none tested it."""
    found = out_of_fold(as_tracks(rows), [behaviour], folds, plan)[behaviour]
    out = np.full(len(rows.weight), np.nan)
    for place, one in enumerate(found):
        out[rows.track == place] = one
    return out


def score(rows: Rows, behaviour: str, probability: Array) -> dict[str, Any]:
    """F1, AUC and accuracy with their chance level, every row counting as the frames it stands for.

    As many frames are taken for the behaviour as have it, so F1 says which share of them is right.
    """
    from sklearn.metrics import roc_auc_score

    state = rows.states[behaviour]
    used = (state >= 0) & ~np.isnan(probability)
    y, p, w = state[used] == 1, probability[used], rows.weight[used]
    share = float(w[y].sum() / w.sum())
    tested = bool(y.any() and not y.all())
    auc = float(roc_auc_score(y, p, sample_weight=w)) if tested else np.nan
    order = np.argsort(-p, kind="stable")
    within = np.cumsum(w[order])
    edge = p[order][min(int(np.searchsorted(within, share * w.sum())), len(p) - 1)]
    # Of rows that are equally probable each counts in part, so that the number is the same.
    over, level = p > edge, p == edge
    part = (share * w.sum() - w[over].sum()) / max(w[level].sum(), 1e-300)
    called = np.where(over, 1.0, np.where(level, min(max(part, 0.0), 1.0), 0.0))
    right = float((w * called)[y].sum())
    f1 = 2 * right / float((w * called).sum() + w[y].sum()) if y.any() else np.nan
    wrong = float((w * called)[~y].sum() + (w * (1 - called))[y].sum())
    chance = 2 * share / (1 + share)  # of one who always says yes
    skill = (f1 - chance) / (1 - chance) if share < 1 else np.nan
    shown = len(set(rows.recordings()[state == 1]))
    return {
        "behaviour": behaviour,
        "explains": bool(tested and auc >= LEAST_AUC and skill >= LEAST_SKILL),
        "f1": f1, "f1_chance": chance, "auc": auc, "auc_chance": 0.5,
        "accuracy": 1 - wrong / float(w.sum()), "accuracy_chance": max(share, 1 - share),
        "share": share, "frames": round(float(w[y].sum())), "rows": int(y.sum()),
        "rows_of_others": int((~y).sum()), "recordings": shown, "lost": rows.lost[behaviour],
    }  # fmt: skip


def check_settings(settings: dict[str, Any], most: int) -> dict[str, Any]:
    """Settings of the trees, no deeper than can be explained.

    Raises
    ------
    WrongUse
        They are deeper.
    """
    depth = settings.get("max_depth", 6)
    if not isinstance(depth, int) or not 1 <= depth <= most:
        raise WrongUse(f"max_depth is 1 to {most}, found {depth!r}: deeper trees are not explained")
    return {"max_depth": depth, **settings}
