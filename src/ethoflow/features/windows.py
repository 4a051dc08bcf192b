"""Statistics of any feature in windows of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ethoflow.engine import Declaration, Function, Members
from ethoflow.engine.signature import make
from ethoflow.errors import DataError, WrongUse
from ethoflow.features.given import add_array
from ethoflow.features.settings import note_settings
from ethoflow.features.window_kernel import reach
from ethoflow.features.window_kernel import windowed as of_windows
from ethoflow.features.window_statistics import Statistic, check_statistics, read_statistic
from ethoflow.schema import Data, as_dataset
from ethoflow.units import Quantity

if TYPE_CHECKING:
    from ethoflow.engine.calls import Call, Node
    from ethoflow.engine.resolve import Request

TURNS = ("turning",)
"""Features in rad of which whole turns count: they do not go round."""

UNSIGNED = ("joint_angle", "relative_heading", "facing_angle")
"""Features in rad from 0 to pi, which have no side: their mean lies between them."""

MIXED = "mixed"
"""Units of an array whose parts have units of their own, in its coordinate `unit`."""

BROUGHT = ("window", "statistic")


def goes_round(units: str, name: str) -> bool:
    """Whether a quantity is an angle, of which -pi and pi are one.

    Examples
    --------
    >>> goes_round("rad", "heading"), goes_round("rad", "turning"), goes_round("rad/s", "w")
    (True, False, False)
    """
    return units == "rad" and name not in TURNS


def parts_to_average(array: xr.DataArray) -> list[xr.DataArray]:
    """What means are taken of: a direction's cosine and sine, anything else itself.

    The mean of the numbers -3.1 and 3.1 is 0, the opposite of where both point; means of cosines
    and sines can be averaged and compared at every level.

    Examples
    --------
    >>> from ethoflow import features, simulate
    >>> ds = simulate.still_then_running()
    >>> [one.name for one in parts_to_average(features.heading(ds))]
    ['cos heading', 'sin heading']
    >>> [one.name for one in parts_to_average(features.speed(ds))]
    ['speed']
    """
    name = str(array.name)
    if not goes_round(str(array.attrs.get("units", "1")), name) or name in UNSIGNED:
        return [array]
    return [
        array.copy(data=part(array.values.astype(np.float64)))
        .rename(f"{word} {name}")
        .assign_attrs(units="1")
        for word, part in (("cos", np.cos), ("sin", np.sin))
    ]


def windowed(
    data: Data,
    values: str | xr.DataArray,
    *,
    window: Quantity | Sequence[Quantity] = "1 s",
    statistic: str | Sequence[str] = ("mean", "sd"),
    min_seen: float = 0.5,
    circular: bool | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> xr.DataArray:
    """Statistics of a feature in windows around each frame, of several lengths at once.

    A window is its own frame and half its length to either side. What is missing in it, and what
    lies beyond the ends of the recording, counts as not seen; where fewer than `min_seen` of its
    frames are seen the result is missing. Angles (units ``rad``) have circular statistics.

    The dims `window` and `statistic` are added before `time`; the coordinate `unit` says the unit
    of each statistic. The result is lazy where the data are.

    Parameters
    ----------
    data
        Poses, or a dataset that has the feature.
    values
        Name of a feature or of a variable; or an array of one number or more per frame.
    window
        Lengths: s, or strings with a unit (``"500 ms"``).
    statistic
        ``"mean"``, ``"sd"`` (of all frames, not of a sample), ``"min"``, ``"max"``, ``"median"``,
        ``"quantile 0.9"`` (linear between values), ``"slope"`` (of the line of least squares, per
        second), ``"power 2-5 Hz"`` (variance in that band, of complete windows; the bands of a
        window add up to its variance), ``"autocorrelation 0.2 s"`` (correlation with what comes so
        much later, within the window). Angles have ``"mean"`` (direction of the mean vector),
        ``"sd"`` (circular, sqrt(-2 ln R)), ``"concentration"`` (R, the length of the mean vector)
        and ``"slope"`` (by the shorter way from frame to frame; missing across a gap).
    min_seen
        Share of a window's frames that have to be seen.
    circular
        Whether -pi and pi are one; by default for units of rad, but for `turning`.
    parameters
        Of the feature and what it rests on, by name.

    Raises
    ------
    DataError
        A window has no such statistic; the feature does not fit the data.

    References
    ----------
    Circular statistics: Mardia & Jupp (2000), Directional Statistics.

    Examples
    --------
    >>> from ethoflow import simulate
    >>> ds = simulate.still_then_running()
    >>> found = windowed(ds, "speed", window=["0.2 s", "1 s"], statistic=["mean", "slope"])
    >>> found.dims
    ('individual', 'bodypart', 'window', 'statistic', 'time')
    >>> found.unit.values.tolist()
    ['mm/s', 'mm/s2']
    """
    from ethoflow.engine.lazy import compute_calls  # Dask is heavy
    from ethoflow.engine.resolve import Request

    ds = as_dataset(data)
    ds, name = (ds, values) if isinstance(values, str) else add_array(ds, values)
    request = Request(ds, parameters or {})
    call = window_call(
        request, name, window=window, statistic=statistic, min_seen=min_seen, circular=circular
    )
    request.check_settings([name], what="features")
    found = compute_calls(ds, {call.name: call})[call.name]
    found = describe_windows(found, call).rename(f"windowed_{name}")
    return found.assign_attrs(note_settings(ds, call))


def window_call(
    request: Request,
    name: str,
    *,
    window: Quantity | Sequence[Quantity],
    statistic: str | Sequence[str],
    min_seen: float = 0.5,
    circular: bool | None = None,
) -> Call:
    """The call that computes windows of the variable `name`.

    Raises
    ------
    DataError
        It has no such statistic.
    """
    if not isinstance(min_seen, int | float) or not 0 < min_seen <= 1:
        raise DataError(f"windowed(min_seen) must be a share above 0, up to 1; found {min_seen!r}.")
    windows = [window] if isinstance(window, str | int | float) else list(window)
    names = [statistic] if isinstance(statistic, str) else list(statistic)
    if not windows or not names:
        raise DataError("windowed needs at least one window, and one statistic.")
    statistics = [read_statistic(text) for text in names]
    node = request.find(_declare(("time",), "individual", ""), name)
    angles = goes_round(node.units, node.name) if circular is None else circular
    _check_node(node)
    check_statistics(statistics, windows, float(request.ds.fps), circular=angles)
    given = {
        "values": name,
        "window": tuple(windows),
        "statistic": tuple(one.name for one in statistics),
        "min_seen": float(min_seen),
        "circular": angles,
    }
    return request.call(_declaration_for(node, statistics), given)


def units_of(statistics: Sequence[str], of: str) -> list[str]:
    """Units of statistics of values in the unit `of`."""
    return [read_statistic(name).units(of) for name in statistics]


def describe_windows(found: xr.DataArray, call: Call) -> xr.DataArray:
    """The array of a call with the unit of each statistic, and what it is of."""
    units = units_of(call.members["statistic"], call.inputs[0].units)
    return found.assign_coords(unit=("statistic", np.array(units, dtype=object)))


def _check_node(node: Node) -> None:
    if "time" not in node.dims:
        raise WrongUse(f"windowed: {node.name} is a number of a whole recording, and has no time.")
    if node.gives == "category":
        raise WrongUse(
            f"windowed: {node.name} has categories, whose numbers have no mean: make a flag of "
            "each, as in (x == 0).where(x.notnull())."
        )
    both = [dim for dim in BROUGHT if dim in node.dims]
    if both:
        raise WrongUse(f"windowed: {node.name} has the dim {both[0]} already.")


def _declaration_for(node: Node, statistics: Sequence[Statistic]) -> Declaration:
    """The declaration of windows over what has the dims and the units of a node."""
    scope = "individual" if "individual" in node.dims else "group"
    inner = tuple(dim for dim in node.dims if dim not in ("individual", "time"))
    units = {one.units(node.units) for one in statistics}
    return _declare((*inner, *BROUGHT, "time"), scope, units.pop() if len(units) == 1 else MIXED)


def _declare(dims: tuple[str, ...], scope: str, units: str) -> Declaration:
    return make(
        Function,
        of_windows,
        "feature",
        dims=dims,
        units=units,
        scope=scope,
        over={"window": find_windows, "statistic": find_statistics} if len(dims) > 1 else {},
        pointwise=tuple(dim for dim in dims[:-1] if dim not in (*BROUGHT, "partner")),
        optional=("values",),
        halo=reach,
    )


def find_windows(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """The windows by their lengths."""
    return Members(tuple(name_window(one) for one in parameters["window"]))


def find_statistics(ds: xr.Dataset, parameters: Mapping[str, Any]) -> Members:
    """The statistics by name."""
    return Members(tuple(parameters["statistic"]))


def name_window(window: Quantity) -> str:
    """A length as it is written.

    Examples
    --------
    >>> name_window(0.5), name_window("500 ms")
    ('0.5 s', '500 ms')
    """
    return " ".join(window.split()) if isinstance(window, str) else f"{window:g} s"
