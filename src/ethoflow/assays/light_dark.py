"""Light-dark box: how much an animal ventures into the light."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ethoflow.assays.places import Region, inside
from ethoflow.assays.tables import MIN_VISIT, Animal, assay_table, share, windows_of
from ethoflow.engine.declare import Array
from ethoflow.schema import Data
from ethoflow.units import Quantity


def light_dark(
    poses: Data,
    *,
    light: Region = "light",
    dark: Region = "dark",
    bin: Quantity | None = None,
    min_visit: Quantity = MIN_VISIT,
) -> pd.DataFrame:
    """Time and entries of both compartments, transitions, latencies; a row per animal and bin.

    Of the body's centre. An animal that is not seen is nowhere: a dark compartment under a lid
    through which the camera does not see has no time, and what is observed says so.

    Parameters
    ----------
    poses
        With regions, as `ef.mark_regions` gives them.
    light, dark
        The region of each compartment, or several.
    bin, min_visit
        As for `open_field`.

    Returns
    -------
    DataFrame
        observed, time_light, time_dark (s), share_light (of the time in either), entries_light,
        entries_dark, transitions (both together), latency_light, latency_light_cut, latency_dark
        and latency_dark_cut.

    Raises
    ------
    DataError
        There is no region of that name.

    Warns
    -----
    AssayNote
        The compartments overlap, and an animal was in both at once.

    References
    ----------
    Crawley and Goodwin 1980, Pharmacol. Biochem. Behav. 13:167.
    """
    labels = inside(poses, {"light": light, "dark": dark})
    apart = {"light": "light", "dark": "dark"}
    return assay_table(labels, _measure, windows_of(labels, bin), min_visit, apart)


def _measure(animal: Animal) -> Mapping[str, Array]:
    light, dark = animal.time("light"), animal.time("dark")
    return {
        "observed": animal.observed("light"),
        "time_light": light,
        "time_dark": dark,
        "share_light": share(light, light + dark),
        "entries_light": animal.entries("light"),
        "entries_dark": animal.entries("dark"),
        "transitions": animal.entries("light") + animal.entries("dark"),
        "latency_light": animal.latency("light"),
        "latency_light_cut": animal.latency_cut("light"),
        "latency_dark": animal.latency("dark"),
        "latency_dark_cut": animal.latency_cut("dark"),
    }
