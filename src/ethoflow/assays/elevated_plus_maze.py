"""Elevated plus maze: how much an animal ventures onto the open arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ethoflow.assays.places import inside
from ethoflow.assays.tables import MIN_VISIT, Animal, assay_table, share, windows_of
from ethoflow.engine.declare import Array
from ethoflow.errors import DataError
from ethoflow.schema import Data, as_dataset
from ethoflow.units import Quantity

OPEN, CLOSED, ARMS, DIPPING = "open", "closed", "arms", "dipping"


def elevated_plus_maze(
    poses: Data,
    *,
    open_arms: Sequence[str] = ("open_1", "open_2"),
    closed_arms: Sequence[str] = ("closed_1", "closed_2"),
    platform: str | None = None,
    bin: Quantity | None = None,
    min_visit: Quantity = MIN_VISIT,
) -> pd.DataFrame:
    """Time and entries of open and closed arms; a row per animal and bin.

    Of the body's centre, where all four paws are usual: a centre in the arm is what tracks can say.
    An entry is a visit of an arm whose frame before was seen outside it. With the `platform` in the
    middle named, head dips are counted as a proxy: the nose is beyond the outlines of all arms and
    the platform while the centre is on an open arm or the platform. From above this is a head held
    over the edge, not how far down it goes. Stretched attendance needs the length of the body and
    is not here.

    Parameters
    ----------
    poses
        With regions, as `ef.mark_regions` gives them.
    open_arms, closed_arms
        The region of each arm.
    platform
        The region in the middle; without it there are no head dips.
    bin, min_visit
        As for `open_field`; `min_visit` is the shortest head dip, too.

    Returns
    -------
    DataFrame
        observed, time_open, time_closed, time_middle (in no arm, s), share_open (of the observed
        time), share_open_of_arms (of the time in arms), entries_open, entries_closed,
        share_entries_open, latency_open, latency_cut; with a platform head_dips and time_dipping.

    Raises
    ------
    DataError
        There is no region of that name, or an arm is named twice.

    Warns
    -----
    AssayNote
        Arms overlap, and an animal was in both at once.

    References
    ----------
    Pellow et al. 1985, J. Neurosci. Methods 14:149; Walf and Frye 2007, Nat. Protoc. 2:322.
    """
    arms = {OPEN: list(open_arms), CLOSED: list(closed_arms)}
    every = [*arms[OPEN], *arms[CLOSED]]
    if len(set(every)) < len(every):
        raise DataError(f"an arm is named twice: {', '.join(every)}. Each is open or closed.")
    ds = as_dataset(poses, needs=["position"])
    named = {f"{kind}_{i}": arm for kind, own in arms.items() for i, arm in enumerate(own)}
    labels = inside(ds, {**arms, ARMS: every, **named})
    if platform is not None:
        maze = [*every, platform]
        nose = inside(ds, {"maze": maze}, point="nose").maze
        body = inside(ds, {"ledge": [*arms[OPEN], platform]}).ledge
        no, yes = (nose == 1) | (body == 0), (nose == 0) & (body == 1)
        dipping = yes.astype("float32").where(no | yes).assign_attrs(kind="label", units="1")
        labels = labels.assign({DIPPING: dipping})

    def measure(animal: Animal) -> Mapping[str, Array]:
        return _measure(animal, [*named], dips=platform is not None)

    apart = dict(zip(named, every, strict=True))
    return assay_table(labels, measure, windows_of(labels, bin), min_visit, apart)


def _measure(animal: Animal, arms: Sequence[str], *, dips: bool) -> dict[str, Array]:
    observed = animal.observed(OPEN)
    time_open, time_closed = animal.time(OPEN), animal.time(CLOSED)
    entries = {
        kind: np.sum([animal.entries(arm) for arm in arms if arm.startswith(kind)], axis=0)
        for kind in (OPEN, CLOSED)
    }
    found = {
        "observed": observed,
        "time_open": time_open,
        "time_closed": time_closed,
        "time_middle": observed - animal.time(ARMS),
        "share_open": share(time_open, observed),
        "share_open_of_arms": share(time_open, time_open + time_closed),
        "entries_open": entries[OPEN],
        "entries_closed": entries[CLOSED],
        "share_entries_open": share(entries[OPEN], entries[OPEN] + entries[CLOSED]),
        "latency_open": animal.latency(OPEN),
        "latency_cut": animal.latency_cut(OPEN),
    }
    if dips:
        found |= {"head_dips": animal.entries(DIPPING), "time_dipping": animal.time(DIPPING)}
    return found
