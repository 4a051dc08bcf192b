"""How scores grow with what is labelled: whether more labels would help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ethoflow.learn.deciding import score_f1
from ethoflow.learn.folds import Fold, split
from ethoflow.learn.preparing import prepare
from ethoflow.learn.training import decide, labelled, out_of_fold
from ethoflow.schema import Data

SHARES = (0.1, 0.25, 0.5, 1.0)


def learning_curve(
    data: Data,
    labels: Data,
    behaviours: str | Sequence[str] | None = None,
    *,
    shares: Sequence[float] = SHARES,
    **options: Any,
) -> pd.DataFrame:
    """F1 on held-out frames by how much was trained on.

    In every fold the first share of the training frames of each track is trained on, as if
    labelling had stopped there; threshold and filters are chosen among these frames, where the
    model has seen them. A row for each behaviour and share: `frames` on average, and `f1`.

    Parameters
    ----------
    data, labels, behaviours
        As for `fit`.
    shares
        Of the training frames.
    options
        Those of `fit`.

    Raises
    ------
    DataError
        As for `fit`.
    """
    learnt = prepare(data, labels, behaviours, **options)
    tracks, plan = learnt.tracks, learnt.plan
    seats, rows = [track.seat for track in tracks], []
    for name in learnt.met.behaviours:
        usable = labelled(tracks, name)
        folds = split(seats, usable, plan.by, plan.folds, plan.embargo)
        for share in shares:
            some = [Fold(tuple(_first(mask, share) for mask in f.train), f.test) for f in folds]
            found = out_of_fold(tracks, name, some, plan)
            states = [np.full(len(one), -1, np.int8) for one in found]
            for fold in some:
                seen = out_of_fold(tracks, name, [Fold(fold.train, fold.train)], plan)
                decision = decide(seen, tracks, name, fold.train)
                for out, one, test in zip(states, found, fold.test, strict=True):
                    out[test] = decision.states(np.where(test, one, np.nan))[test]
            truth = [track.states[name] for track in tracks]
            frames = np.mean([sum(int(m.sum()) for m in f.train) for f in some])
            rows.append(
                {"behaviour": name, "share": share, "frames": round(float(frames)),
                 "f1": score_f1(states, truth)}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _first(mask: np.ndarray[Any, Any], share: float) -> np.ndarray[Any, Any]:
    """The first frames of a mask, up to a share of them."""
    found = np.zeros_like(mask)
    places = np.flatnonzero(mask)
    found[places[: int(np.ceil(share * len(places)))]] = True
    return found
