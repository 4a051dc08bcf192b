"""Time budgets: how much of the observed time each animal spent with each behaviour."""

from __future__ import annotations

import pandas as pd

from ethoflow.labels.rows import ROW, make_table
from ethoflow.labels.runs import follow_tracks
from ethoflow.schema import Data, as_dataset

OWN = ("observed", "time", "share", "n_bouts", "mean_bout")
COLUMNS = (*ROW, *OWN)


def time_budget(data: Data) -> pd.DataFrame:
    """Time spent with each behaviour, one row per animal (or pair) and behaviour.

    The animal is the statistical unit: test on these rows, never on frames. A behaviour that is the
    same seen from both animals of a pair (nose to nose) has one row for the pair, under the animal
    that comes first; one that has a direction (following) has a row each way. A variable with
    categories (``kind="category"``) has a row for each of them, also for those never shown.

    Parameters
    ----------
    data
        Labels, as `annotate` gives them.

    Returns
    -------
    DataFrame
        recording, individual, partner; a column for each further dim that labels have, such as
        region or rater; animal, partner_animal, behaviour, and category where there are any;
        observed: time in which the behaviour is known, s; time: time in which it is shown, s;
        share: time / observed (NaN when nothing was observed); n_bouts; mean_bout: mean length of
        the bouts, s. Metadata of the recording, the animal and the further dims follow; those of
        the partner begin with ``partner_``.

    Raises
    ------
    DataError
        There are no labels in `data`, or one has values that no label has; a dim is called like a
        column.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> budget = time_budget(annotate(simulate.still_then_running(), ["moving"]))
    >>> budget[["behaviour", "observed", "time", "share"]].values.tolist()
    [['moving', 8.0, 4.04, 0.505]]
    """
    ds = as_dataset(data)
    fps = float(ds.fps)
    tracks = follow_tracks(ds)
    records = []
    for track in tracks:
        lengths = (track.runs[:, 1] - track.runs[:, 0]) / fps
        observed, shown = track.n_observed / fps, float(lengths.sum())
        share = shown / observed if observed else float("nan")
        mean = float(lengths.mean()) if len(lengths) else float("nan")
        records.append((track, (observed, shown, share, len(lengths), mean)))
    return make_table(ds, tracks, records, OWN)
