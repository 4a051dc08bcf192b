"""Open field: how much an animal keeps to the wall."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ethoflow.assays.places import Region, inside
from ethoflow.assays.tables import MIN_VISIT, Animal, assay_table, share, windows_of
from ethoflow.engine.declare import Array
from ethoflow.schema import Data
from ethoflow.units import Quantity


def open_field(
    poses: Data,
    *,
    centre: Region = "centre",
    bin: Quantity | None = None,
    min_visit: Quantity = MIN_VISIT,
) -> pd.DataFrame:
    """Time, entries and latency of the centre, and thigmotaxis; a row per animal and bin.

    The periphery is all that is not the centre. Of the body's centre; unknown where it is not seen.
    Entries are visits of the centre whose frame before was seen outside it.

    Parameters
    ----------
    poses
        With regions, as `ef.mark_regions` gives them.
    centre
        The region of the centre, or several.
    bin, min_visit
        Length of a bin, all of the recording by default; visits and absences shorter than this are
        none for entries and latencies, and count as time all the same.

    Returns
    -------
    DataFrame
        observed, time_centre, time_periphery (s), share_centre, thigmotaxis (share of the observed
        time in the periphery), entries_centre, latency_centre (s) and latency_cut: the latency may
        be shorter, as frames before it are unknown.

    Raises
    ------
    DataError
        There is no region of that name.

    References
    ----------
    Hall 1934, J. Comp. Psychol. 18:385; Simon, Dupuis and Costentin 1994, Behav. Brain Res. 61:59.

    Examples
    --------
    >>> import ethoflow as ef
    >>> poses = ef.simulate.still_then_running()
    >>> poses = ef.mark_regions(poses, {"centre": ef.circle(0, 0, 1e6)}, units="mm")
    >>> open_field(poses)[["observed", "time_centre", "thigmotaxis"]].values.tolist()
    [[8.0, 8.0, 0.0]]
    """
    labels = inside(poses, {"centre": centre})
    return assay_table(labels, _measure, windows_of(labels, bin), min_visit)


def _measure(animal: Animal) -> Mapping[str, Array]:
    observed, centre = animal.observed("centre"), animal.time("centre")
    return {
        "observed": observed,
        "time_centre": centre,
        "time_periphery": observed - centre,
        "share_centre": share(centre, observed),
        "thigmotaxis": share(observed - centre, observed),
        "entries_centre": animal.entries("centre"),
        "latency_centre": animal.latency("centre"),
        "latency_cut": animal.latency_cut("centre"),
    }
