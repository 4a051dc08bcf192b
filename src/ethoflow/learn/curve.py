"""How scores grow with what is labelled: whether more labels would help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import pandas as pd

from ethoflow.errors import DataError
from ethoflow.learn.choices import Choices, Settings
from ethoflow.learn.folds import Fold, split
from ethoflow.learn.models import learnt_together
from ethoflow.learn.preparing import Prepared, prepare
from ethoflow.learn.samples import labelled
from ethoflow.learn.scoring import score
from ethoflow.learn.training import HeldOut, hold_out
from ethoflow.schema import Data

SHARES = (0.1, 0.25, 0.5, 1.0)


def learning_curve(
    data: Data,
    labels: Data,
    behaviours: str | Sequence[str] | None = None,
    *,
    shares: Sequence[float] = SHARES,
    **settings: Unpack[Settings],
) -> pd.DataFrame:
    """F1 on held-out frames by how much was trained on.

    In every fold the first share of the training frames of each track is trained on, as if
    labelling had stopped there; calibration, threshold and filters are chosen by folds within these
    frames, and are the plain ones (0.5, no filters) where there are too few for that. A row for
    each behaviour and share: `frames` on average and their `minutes` (of every animal that was
    labelled), and `f1` with the interval from `low` to `high`, as in the scores of `fit`: missing
    where neither people nor classifier find any. At a share of 1 it is the score of `fit`.

    Parameters
    ----------
    data, labels, behaviours
        As for `fit`.
    shares
        Of the training frames, above 0 and up to 1.
    **settings
        The keywords of `fit`.

    Raises
    ------
    DataError
        As for `fit`; a share is not above 0 and up to 1, or there are no folds.
    """
    choices = Choices.read(settings)
    _check(shares, choices.folds)
    learnt = prepare(data, labels, behaviours, choices)
    tracks, plan, rows = learnt.tracks, learnt.plan, []
    seats = [track.seat for track in tracks]
    for names in learnt_together(plan.model, learnt.met.behaviours):
        whole = split(seats, labelled(tracks, names), plan.by, plan.folds, plan.embargo)
        for share in shares:
            some = [Fold(tuple(_first(mask, share) for mask in f.train), f.test) for f in whole]
            found = hold_out(tracks, names, some, plan)[0]
            rows += [
                {"behaviour": name, "share": share, **_row(learnt, name, some, found[name])}
                for name in names
            ]
    return pd.DataFrame(rows)


def _row(learnt: Prepared, name: str, folds: Sequence[Fold], found: HeldOut) -> dict[str, float]:
    """How much was trained on, and F1 with its interval."""
    frames = float(np.mean([sum(int(mask.sum()) for mask in fold.train) for fold in folds]))
    table = score(learnt.met, learnt.tracks, {name: found})
    f1 = table[table.measure == "f1"].iloc[0]
    return {
        "frames": round(frames),
        "minutes": frames / learnt.plan.fps / 60,
        "f1": float(f1.value),
        "low": float(f1.low),
        "high": float(f1.high),
    }


def _check(shares: Sequence[float], folds: int) -> None:
    wrong = [share for share in shares if not 0 < share <= 1]
    if wrong or not len(shares):
        found = wrong[0] if wrong else "none"
        raise DataError(f"shares are numbers above 0 and up to 1, found {found}.")
    if not folds:
        raise DataError("a learning curve is of held-out frames: folds is a number of 2 or more.")


def _first(mask: np.ndarray[Any, Any], share: float) -> np.ndarray[Any, Any]:
    """The first frames of a mask, up to a share of them."""
    found = np.zeros_like(mask)
    places = np.flatnonzero(mask)
    found[places[: int(np.ceil(share * len(places)))]] = True
    return found
