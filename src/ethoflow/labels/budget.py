"""Time budgets: how much of the observed time each animal spent with each behaviour."""

from __future__ import annotations

import pandas as pd

from ethoflow.labels.bouts import follow_tracks, join_metadata, name_track
from ethoflow.schema import Data, as_dataset

COLUMNS = (
    "recording", "individual", "partner", "animal", "partner_animal", "behaviour",
    "observed", "time", "share", "n_bouts", "mean_bout",
)  # fmt: skip


def time_budget(data: Data) -> pd.DataFrame:
    """Time spent with each behaviour, one row per animal (or pair) and behaviour.

    The animal is the statistical unit: test on these rows, never on frames. A behaviour that is the
    same seen from both animals of a pair (nose to nose) has one row for the pair, under the animal
    that comes first; one that has a direction (following) has a row each way.

    Parameters
    ----------
    data
        Labels, as `annotate` gives them.

    Returns
    -------
    DataFrame
        recording, individual, partner, animal, partner_animal, behaviour; observed: time in which
        the behaviour is known, s; time: time in which it is shown, s; share: time / observed (NaN
        when nothing was observed); n_bouts; mean_bout: mean length of the bouts, s. Metadata of the
        recording and the animal follow; those of the partner begin with ``partner_``.

    Raises
    ------
    DataError
        There are no labels in `data`.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> budget = time_budget(annotate(simulate.still_then_running(), ["moving"]))
    >>> budget[["behaviour", "observed", "time", "share"]].values.tolist()
    [['moving', 8.0, 4.04, 0.505]]
    """
    ds = as_dataset(data)
    fps = float(ds.fps)
    records = []
    for track in follow_tracks(ds):
        lengths = (track.runs[:, 1] - track.runs[:, 0]) / fps
        observed = track.n_observed / fps
        shown = float(lengths.sum())
        records.append({
            **name_track(ds, track),
            "observed": observed,
            "time": shown,
            "share": shown / observed if observed else float("nan"),
            "n_bouts": len(lengths),
            "mean_bout": float(lengths.mean()) if len(lengths) else float("nan"),
        })  # fmt: skip
    return join_metadata(pd.DataFrame(records, columns=list(COLUMNS)), ds)
