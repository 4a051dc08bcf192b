"""Fear conditioning: how much of each tone an animal freezes."""

from __future__ import annotations

import warnings

import pandas as pd
import xarray as xr

from ethoflow.engine import find
from ethoflow.errors import DataError
from ethoflow.labels.annotation import annotate
from ethoflow.labels.budget import budget_in
from ethoflow.labels.events import EventNote, EventSource, place_events, read_events
from ethoflow.schema import Data, as_dataset, is_label
from ethoflow.units import Quantity


def fear_conditioning(
    data: Data,
    events: EventSource,
    *,
    freezing: str = "freezing",
    before: Quantity = 0.0,
    after: Quantity = 0.0,
    duration: Quantity | None = None,
) -> pd.DataFrame:
    """Freezing in every tone, before and after it; a row per animal, tone and window.

    Unknown frames count neither as freezing nor as moving: the share is of the time observed.

    Parameters
    ----------
    data
        Labels that have `freezing` among them, of rules or people; or poses, to which that rule is
        applied.
    events
        The tones: a table or a file with a start, and a stop or a duration, in s of the recording's
        own clock; see `ef.time_budget`.
    freezing
        The label, or the rule: `freezing` by default, which needs no scale.
    before, after, duration
        As for `ef.time_budget`.

    Returns
    -------
    DataFrame
        event, trial, window (before, during, after), start, stop, observed, time_freezing (s),
        percent_freezing, bouts_freezing (that begin in the window), latency_freezing and
        latency_cut.

    Raises
    ------
    DataError
        The events do not fit, or neither labels nor a rule are called so.

    Warns
    -----
    EventNote
        As `ef.time_budget` does.

    References
    ----------
    Fanselow 1980, Pavlov. J. Biol. Sci. 15:177; Blanchard and Blanchard 1969, J. Comp. Physiol.
    Psychol. 67:370.

    Examples
    --------
    >>> import ethoflow as ef
    >>> tones = pd.DataFrame({"start": [1.0, 5.0], "duration": [2.0, 2.0]})
    >>> table = fear_conditioning(ef.simulate.still_then_running(), tones)
    >>> table[["trial", "percent_freezing"]].values.tolist()
    [[1.0, 100.0], [2.0, 0.0]]
    """
    ds = as_dataset(data)
    labels = ds[[freezing]] if freezing in ds else _label(ds, freezing)
    dims = labels[freezing].dims
    if not is_label(labels[freezing]) or "individual" not in dims or "partner" in dims:
        raise DataError(f"{freezing!r} is no label of single animals: freezing is 1, 0 or unknown.")
    tones = read_events(events, float(labels.fps), duration)
    windows, notes = place_events(tones, labels, before=before, after=after)
    for note in notes:
        warnings.warn(note, EventNote, stacklevel=2)
    table = budget_in(labels, windows)
    table["share"] = 100 * table["share"]
    names = {
        "time": "time_freezing",
        "share": "percent_freezing",
        "n_bouts": "bouts_freezing",
        "latency_to_first": "latency_freezing",
    }
    gone = ["partner", "partner_animal", "behaviour", "n_cut", "mean_bout", "n_intervals"]
    return table.drop(columns=[*gone, "mean_interval"]).rename(columns=names)


def _label(ds: xr.Dataset, rule: str) -> xr.Dataset:
    find(rule, "behaviour")  # refuses what is neither a label nor a rule
    return annotate(ds, [rule])
