"""Novel object: which of two objects an animal explores more."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ethoflow.assays.places import Region, inside, labels_of
from ethoflow.assays.tables import MIN_VISIT, Animal, assay_table, index_of, windows_of
from ethoflow.engine.declare import Array
from ethoflow.schema import Data, as_dataset
from ethoflow.units import Quantity


def novel_object(
    poses: Data,
    *,
    novel: Region = "novel",
    familiar: Region = "familiar",
    bin: Quantity | None = None,
    min_visit: Quantity = MIN_VISIT,
) -> pd.DataFrame:
    """Exploration of both objects, and the discrimination index; a row per animal and bin.

    An object is explored while the nose is in its region, drawn about it (2 cm is usual), and the
    body's centre is not: an animal that sits on it does not explore. Unknown where either is not
    seen and the other does not settle it. Whether the nose points at the object is not looked at.

    Parameters
    ----------
    poses
        With regions, as `ef.mark_regions` gives them.
    novel, familiar
        The region of each object, or several.
    bin, min_visit
        As for `open_field`.

    Returns
    -------
    DataFrame
        observed, exploration_novel, exploration_familiar, exploration (both, s), visits_novel,
        visits_familiar, latency_novel, latency_cut, and discrimination_index: (novel - familiar) /
        (novel + familiar), from -1 to 1, missing where none was explored.

    Raises
    ------
    DataError
        There is no region of that name.

    Warns
    -----
    AssayNote
        The objects' regions overlap, and an animal was in both at once.

    References
    ----------
    Ennaceur and Delacour 1988, Behav. Brain Res. 31:47.
    """
    ds = as_dataset(poses, needs=["position"])
    sides = {"novel": novel, "familiar": familiar}
    nose, body = (inside(ds, sides, point=point) for point in ("nose", "centre"))
    explored = {}
    for name in sides:
        # Known as soon as one of the two rules it out.
        no = (nose[name] == 0) | (body[name] == 1)
        yes = (nose[name] == 1) & (body[name] == 0)
        label = yes.astype("float32").where(no | yes)
        explored[name] = label.assign_attrs(kind="label", units="1")
    labels = labels_of(ds, explored)
    apart = {name: name for name in sides}
    return assay_table(labels, _measure, windows_of(labels, bin), min_visit, apart)


def _measure(animal: Animal) -> Mapping[str, Array]:
    novel, familiar = animal.time("novel"), animal.time("familiar")
    return {
        "observed": animal.observed("novel"),
        "exploration_novel": novel,
        "exploration_familiar": familiar,
        "exploration": novel + familiar,
        "visits_novel": animal.entries("novel"),
        "visits_familiar": animal.entries("familiar"),
        "latency_novel": animal.latency("novel"),
        "latency_cut": animal.latency_cut("novel"),
        "discrimination_index": index_of(novel, familiar),
    }
