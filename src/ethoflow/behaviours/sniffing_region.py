"""Sniffing an object or a region: the nose is at it, and the body beside it."""

from __future__ import annotations

from ethoflow.engine import behaviour
from ethoflow.engine.declare import Array


@behaviour(
    dims=("region", "time"),
    roles={"region_distance": ("nose", "centre")},
    units={"max_distance": "mm"},
    on_request=True,
    reference="Leger et al. 2013, doi:10.1038/nprot.2013.155",
)
def sniffing_region(region_distance: Array, *, max_distance: float = 20.0) -> Array:
    """The nose is in a region or within `max_distance` of it, while the body centre is outside.

    For every named region. An animal that sits on an object does not explore it.

    Parameters
    ----------
    region_distance
        Of nose and centre, dims (bodypart, region, time): positive inside.
    max_distance
        mm, default 20 mm.

    Examples
    --------
    >>> import ethoflow as ef
    >>> ds = ef.simulate.still_then_running()
    >>> ds = ef.mark_regions(ds, {"cube": ef.circle(60, 0, 10), "far": ef.circle(0, 900, 9)},
    ...     units="mm")
    >>> sniffing_region(ds)[0, :, 0].values
    array([1., 0.], dtype=float32)
    """
    nose, centre = region_distance
    sniffs: Array = (nose > -max_distance) & (centre < 0)
    return sniffs
