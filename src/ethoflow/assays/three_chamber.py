"""Three-chamber test: whether an animal keeps to a companion."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ethoflow.assays.places import Region, inside
from ethoflow.assays.tables import MIN_VISIT, Animal, assay_table, index_of, windows_of
from ethoflow.engine.declare import Array
from ethoflow.errors import one_or_many
from ethoflow.schema import Data
from ethoflow.units import Quantity


def three_chamber(
    poses: Data,
    *,
    social: Region = "social",
    empty: Region = "empty",
    point: str = "centre",
    bin: Quantity | None = None,
    min_visit: Quantity = MIN_VISIT,
) -> pd.DataFrame:
    """Time and entries of the side with a companion and of the other; a row per animal and bin.

    With chambers as regions and the body's centre it is the time in chambers; with zones about the
    cages and ``point="nose"`` that of sniffing at them. For social novelty `social` is the side of
    the stranger, `empty` that of the familiar one. Where zones overlap, time counts for both, and
    a warning says how much.

    Parameters
    ----------
    poses
        With regions, as `ef.mark_regions` gives them.
    social, empty
        The region of each side, or several.
    point
        The role of the body part that has to be there.
    bin, min_visit
        As for `open_field`.

    Returns
    -------
    DataFrame
        observed, time_social, time_empty, time_elsewhere (s), entries_social, entries_empty,
        latency_social, latency_cut, and preference: (social - empty) / (social + empty), from -1
        to 1, missing where the animal was on neither side.

    Raises
    ------
    DataError
        There is no region of that name.

    Warns
    -----
    AssayNote
        The sides overlap, and an animal was in both at once.

    References
    ----------
    Moy et al. 2004, Genes Brain Behav. 3:287; Nadler et al. 2004, Genes Brain Behav. 3:303.
    """
    sides = {"social": social, "empty": empty}
    either = [name for one in sides.values() for name in one_or_many(one)]
    labels = inside(poses, {**sides, "either": either}, point=point)
    apart = {name: name for name in sides}
    return assay_table(labels, _measure, windows_of(labels, bin), min_visit, apart)


def _measure(animal: Animal) -> Mapping[str, Array]:
    social, empty = animal.time("social"), animal.time("empty")
    return {
        "observed": animal.observed("social"),
        "time_social": social,
        "time_empty": empty,
        "time_elsewhere": animal.observed("either") - animal.time("either"),
        "entries_social": animal.entries("social"),
        "entries_empty": animal.entries("empty"),
        "latency_social": animal.latency("social"),
        "latency_cut": animal.latency_cut("social"),
        "preference": index_of(social, empty),
    }
