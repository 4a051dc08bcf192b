"""Bouts: from labels per frame to a table of when each behaviour started and stopped."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ethoflow.labels.rows import ROW, make_table
from ethoflow.labels.runs import follow_tracks
from ethoflow.origin import number_at, on_clock, origins
from ethoflow.schema import Data, as_dataset, first_frame

OWN = ("start", "stop", "duration", "start_frame", "stop_frame", "cut")
COLUMNS = (*ROW, *OWN)


def find_bouts(data: Data) -> pd.DataFrame:
    """Every bout of every behaviour, one row each.

    A behaviour that is the same seen from both animals of a pair (nose to nose) has one row for the
    pair, under the animal that comes first. Of a variable with categories (``kind="category"``)
    every run of one category is a bout.

    Parameters
    ----------
    data
        Labels, as `annotate` gives them.

    Returns
    -------
    DataFrame
        recording, individual (empty for what all animals do together), partner (empty for
        behaviours of one animal); a column for each further dim that labels have, such as region or
        rater; animal, partner_animal, behaviour, and category where there are any; start and stop
        (the end of the last frame) in s of the recording's own clock (``start - origin`` is the
        time in `data`), and duration; start_frame and stop_frame (exclusive), counted on that
        clock; cut: the bout touches an unknown frame or an end of the recording, so its true length
        is not known. Metadata of the recording, the animal and the further dims follow; those of
        the partner begin with ``partner_``.

    Raises
    ------
    DataError
        There are no labels in `data`, or one has values that no label has; a dim is called like a
        column.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> bouts = find_bouts(annotate(simulate.still_then_running(), ["moving"]))
    >>> bouts[["behaviour", "start", "stop", "cut"]].values.tolist()
    [['moving', 3.96, 8.0, True]]
    """
    ds = as_dataset(data)
    fps, first, begins = float(ds.fps), first_frame(ds), origins(ds).tolist()
    tracks = follow_tracks(ds)
    records = []
    for track in tracks:
        origin = begins[track.recording]
        number = number_at(origin, fps) + first
        times = on_clock(origin, first + np.asarray(track.runs), fps).tolist()
        for (start, stop), (begins_at, ends_at), cut in zip(
            track.runs.tolist(), times, track.cut.tolist(), strict=True
        ):
            values = (begins_at, ends_at, (stop - start) / fps, number + start, number + stop, cut)
            records.append((track, values))
    return make_table(ds, tracks, records, OWN)
