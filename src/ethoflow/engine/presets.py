"""The presets of a declaration: feature, behaviour, step, summary, fit.

What they make is a function of a dataset: called, it resolves what it rests on and gives arrays
that are lazy where the dataset is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ethoflow.engine import registry
from ethoflow.engine.declare import (
    BOUT_PARAMETERS,
    COHORT,
    WHOLE,
    Categories,
    Declaration,
    FindMembers,
    Gives,
    Halo,
    Kernel,
    Kind,
    Output,
    Scope,
)
from ethoflow.engine.signature import make
from ethoflow.schema import Data
from ethoflow.units import Quantity


class Function(Declaration):
    """A declared function: call it with a dataset.

    Calling gives a DataArray (a feature, behaviour or summary), a dataset of several variables
    where it gives several, the dataset with new ones (a step), or a `Model` (a fit). On a chunked
    dataset the result is lazy.
    """

    def __call__(self, dataset: Data, /, **parameters: Any) -> Any:
        """Result for `dataset`; see the class."""
        # Dask is heavy: what is declared is read without it.
        if self.kind == "fit":
            from ethoflow.engine.fits import fit as learn

            return learn(self, dataset, parameters)
        from ethoflow.engine.lazy import apply

        return apply(self, dataset, parameters)

    def __reduce__(self) -> tuple[Any, ...]:
        return registry.refer(self)


def _declared(function: Kernel, kind: Kind, **settings: Any) -> Function:
    declaration = make(Function, function, kind, **settings)
    registry.register(declaration)
    return declaration


Over = Mapping[str, FindMembers]
Roles = tuple[str, ...] | Mapping[str, tuple[str, ...]]


def feature(
    *,
    dims: tuple[str, ...],
    units: str = "1",
    gives: Gives = "number",
    categories: Categories = (),
    further: tuple[Output, ...] = (),
    over: Over | None = None,
    scope: Scope = "individual",
    symmetric: bool = False,
    reads: Mapping[str, str] | None = None,
    roles: Roles = (),
    optional: tuple[str, ...] = (),
    raw: tuple[str, ...] = (),
    pointwise: tuple[str, ...] = (),
    halo: Halo = 0,
    tile: int | Callable[..., int] = 0,
    parameter_units: Mapping[str, str] | None = None,
    reference: str = "",
    version: int = 1,
    on_request: bool = False,
) -> Callable[[Kernel], Function]:
    """Declare a feature: numbers, flags or categories computed from positions or other features.

    The kernel gets one animal (``scope="individual"``), one ordered pair (``"pair"``, the other's
    variables as ``partner_...``) or all animals that a recording has (``"group"``, the dim
    `individual` first) of one recording, as NumPy arrays without the dim `recording`, time last.
    Where a required input is NaN at t, the result is NaN at t.

    Parameters
    ----------
    dims
        Dims of the result for one animal or pair: ``("bodypart", "time")``. With the scope
        ``"group"`` all dims, with or without `individual`.
    units
        Units of the result; the word ``position`` stands for those of the positions, the name of an
        input for those of what it reads.
    gives
        ``"number"``; ``"flag"`` or ``"label"``, for which the kernel gives booleans, stored as 1,
        0, unknown; ``"category"``: whole numbers that stand for names, negative ones for unknown.
    categories
        The names of a category's numbers, or a function of the parameters that gives them.
    further
        More variables that the kernel gives; it then returns a tuple.
    over
        For each derived dim of the result a function that finds its `Members`: of the dataset and
        the parameters, and of the nodes read where it has a third parameter `inputs`.
    scope
        Per animal, per ordered pair of animals, or for all animals at once.
    symmetric
        For pairs: the value is the same seen from both sides and computed once.
    reads
        Variables of inputs that are not called like them. Any input may be bound to another
        variable at the call, ``windowed(ds, values="speed")``; ``*values`` to several.
    roles
        Body parts the kernel gets, by role and in this order; a mapping gives them per input.
    optional
        Inputs that may be missing: what the result is then, the kernel itself says.
    raw
        Inputs that keep their dtype, such as frames of a video; others come as floats.
    pointwise
        Dims along which every member is computed for itself, ``("bodypart",)``: those that nobody
        asks for are then not computed.
    halo
        Frames the kernel looks to either side, or a function of its parameters (in frames);
        ``"whole"`` for all of the recording, one animal after the other.
    tile
        Frames at a time that the kernel is given, always the same ones of the recording, with the
        halo to either side: for kernels whose result depends on how many frames they are given.
    parameter_units
        Unit of each parameter that has one. A parameter in ``s`` reaches the kernel as whole
        frames, rounded half up.
    reference
        Where the definition comes from: DOI or equation.
    version
        Raise it when the numbers change: stored results become stale.
    on_request
        It is computed where it is asked for by name, not among all features that fit.

    Examples
    --------
    >>> @feature(dims=("bodypart", "time"), units="position", pointwise=("bodypart",))
    ... def height(position):
    ...     \"\"\"Second coordinate of a body part.\"\"\"
    ...     return position[..., 1, :]
    >>> height.kind, height.output_dims
    ('feature', ('individual', 'bodypart', 'time'))
    """

    def declare(function: Kernel) -> Function:
        return _declared(
            function,
            "feature",
            dims=dims,
            units=units,
            gives=gives,
            categories=categories,
            further=further,
            over=dict(over or {}),
            scope=scope,
            symmetric=symmetric,
            reads=reads,
            roles=roles,
            optional=optional,
            raw=raw,
            pointwise=pointwise,
            halo=halo,
            tile=tile,
            parameter_units=dict(parameter_units or {}),
            reference=reference,
            version=version,
            on_request=on_request,
        )

    return declare


def behaviour(
    *,
    dims: tuple[str, ...] = ("time",),
    scope: Scope = "individual",
    symmetric: bool = False,
    reads: Mapping[str, str] | None = None,
    roles: Roles = (),
    optional: tuple[str, ...] = (),
    units: Mapping[str, str] | None = None,
    halo: Halo = 0,
    min_bout: Quantity = BOUT_PARAMETERS["min_bout"],
    max_gap: Quantity = BOUT_PARAMETERS["max_gap"],
    majority: Quantity = BOUT_PARAMETERS["majority"],
    hysteresis: float = 0.0,
    max_hold: Quantity = BOUT_PARAMETERS["max_hold"],
    reference: str = "",
    version: int = 1,
    on_request: bool = False,
) -> Callable[[Kernel], Function]:
    """Declare a behaviour: a rule that says for every frame whether an animal (or pair) does it.

    The kernel gives booleans along time. The framework makes a frame unknown wherever a required
    input is NaN, and adds what belongs to every behaviour, in this order: `hysteresis`, `majority`,
    `max_gap` (gaps up to it are filled), `min_bout` (shorter bouts are dropped; a bout cut by
    unknown frames or by an end of the recording stays). Unknown frames stay unknown.

    Parameters
    ----------
    dims
        Dims of the result for one animal or pair, where it has more than time, such as ``("region",
        "time")``.
    scope
        ``"individual"``; ``"pair"``: actor and partner; ``"group"``: all animals of a recording,
        the dim `individual` first, with one result for all of them.
    symmetric
        For pairs: the same seen from both sides.
    reads
        Variables of inputs that are not called like them.
    roles
        Body parts the rule needs, by role; a mapping gives them per input. ``some_of("nose",
        "left_ear")`` gives those of them that there are.
    optional
        Inputs of which what is known decides: where they are NaN, the kernel itself says what
        follows. It may give `claim`, `any_of` and `all_of` instead of booleans.
    units
        Unit of each threshold. ``mm`` stands for the positions' unit: pixels where a threshold is
        given in pixels.
    halo
        Frames the kernel looks to either side, or a function of its parameters (in frames).
    min_bout
        Shortest bout, seconds, default 0.25 s.
    max_gap
        Longest gap that is filled, seconds, default 0.2 s.
    majority
        Window of a majority vote around every frame, seconds; 0, the default, for none. An even
        number of frames is taken as the next smaller odd one.
    hysteresis
        Share by which thresholds are wider once a bout has begun, default 0: with 0.5 a rule with
        ``max_speed=10`` begins below 10 and goes on below 15. Thresholds are the parameters called
        ``max_...`` and ``min_...``.
    max_hold
        Longest that a bout goes on by the wider thresholds alone, seconds, default 2 s.
    reference
        Where the definition comes from.
    version
        Raise it when the labels change: stored results become stale.
    on_request
        It is labelled where it is asked for by name, not among all rules that fit.

    Examples
    --------
    >>> @behaviour(roles=("nose",), units={"min_speed": "mm/s"})
    ... def sniffing_fast(speed, *, min_speed=100.0):
    ...     \"\"\"The nose is faster than `min_speed`.\"\"\"
    ...     return (speed > min_speed).all(axis=0)
    >>> sniffing_fast.defaults
    {'min_speed': 100.0, 'min_bout': 0.25, 'max_gap': 0.2, 'majority': 0.0, 'hysteresis': 0.0, \
'max_hold': 2.0}
    """

    def declare(function: Kernel) -> Function:
        return _declared(
            function,
            "behaviour",
            dims=dims,
            units="1",
            gives="label",
            reads=reads,
            scope=scope,
            symmetric=symmetric,
            roles=roles,
            optional=optional,
            halo=halo,
            parameter_units=dict(units or {}),
            bouts={
                "min_bout": min_bout,
                "max_gap": max_gap,
                "majority": majority,
                "hysteresis": hysteresis,
                "max_hold": max_hold,
            },
            reference=reference,
            version=version,
            on_request=on_request,
        )

    return declare


def step(
    *,
    gives: tuple[Output, ...] = (),
    units: str = "position",
    over: Over | None = None,
    scope: Scope = "individual",
    reads: Mapping[str, str] | None = None,
    roles: Roles = (),
    raw: tuple[str, ...] = (),
    pointwise: tuple[str, ...] = (),
    halo: Halo = 0,
    tile: int | Callable[..., int] = 0,
    parameter_units: Mapping[str, str] | None = None,
    reference: str = "",
    version: int = 1,
) -> Callable[[Kernel], Function]:
    """Declare a step: variables in, new ones in their place (cleaning, calibration, identities).

    What is missing in the result, the kernel itself says. Without `gives` it gives new positions,
    dims (bodypart, space, time) of one animal.

    Parameters
    ----------
    gives
        The variables it replaces or adds, in the order in which the kernel returns them.
    units
        Units of the new positions.
    over
        For each derived dim a function that finds its `Members`, as for `feature`.
    scope
        Per animal, or for all animals of a recording at once (identities).
    reads
        Variables of inputs that are not called like them.
    roles
        Body parts the kernel gets, as for `feature`.
    raw
        Inputs that keep their dtype.
    pointwise
        Dims along which every member is computed for itself.
    halo
        Frames the kernel looks to either side, a function of its parameters, or ``"whole"``.
    tile
        Frames at a time that the kernel is given, as for `feature`.
    parameter_units
        Unit of each parameter that has one. A parameter in ``s`` reaches the kernel as whole
        frames, rounded half up.
    reference
        Where the method comes from.
    version
        Raise it when the numbers change: stored results become stale.
    """

    def declare(function: Kernel) -> Function:
        first, *further = gives or (Output("position", POSITION, units),)
        return _declared(
            function,
            "step",
            dims=first.dims,
            units=first.units,
            gives=first.gives,
            categories=first.categories,
            replaces=first.name,
            further=tuple(further),
            over=dict(over or {}),
            scope=scope,
            reads=reads,
            roles=roles,
            raw=raw,
            pointwise=pointwise,
            halo=halo,
            tile=tile,
            parameter_units=dict(parameter_units or {}),
            reference=reference,
            version=version,
        )

    return declare


POSITION = ("bodypart", "space", "time")
"""Dims of the positions of one animal."""


def summary(
    *,
    dims: tuple[str, ...] = (),
    units: str = "1",
    scope: Scope = "individual",
    reads: Mapping[str, str] | None = None,
    roles: Roles = (),
    parameter_units: Mapping[str, str] | None = None,
    reference: str = "",
    version: int = 1,
) -> Callable[[Kernel], Function]:
    """Declare a summary: numbers per animal from the whole recording.

    The kernel gets its inputs along all of the recording, time last, and gives one number, or an
    array of `dims`. What is missing in the result, the kernel itself says.

    Parameters
    ----------
    dims
        Dims of the result for one animal; none by default.
    units
        Units of the result.
    scope, reads, roles, parameter_units, reference, version
        As for `feature`.
    """

    def declare(function: Kernel) -> Function:
        return _declared(
            function,
            "summary",
            dims=dims,
            units=units,
            scope=scope,
            reads=reads,
            roles=roles,
            halo=WHOLE,
            parameter_units=dict(parameter_units or {}),
            reference=reference,
            version=version,
        )

    return declare


def fit(
    *,
    merge: Callable[[Any, Any], Any],
    finish: Callable[..., Mapping[str, Any]],
    scope: Scope = "individual",
    reads: Mapping[str, str] | None = None,
    roles: Roles = (),
    raw: tuple[str, ...] = (),
    tile: int | Callable[..., int] = 2**12,
    parameter_units: Mapping[str, str] | None = None,
    reference: str = "",
    version: int = 1,
) -> Callable[[Kernel], Function]:
    """Declare a fit: something learnt from all recordings, a `Model` of arrays.

    The kernel gets a stretch of one animal (or pair, or all animals) of one recording and gives
    something small, such as sums. The stretches are the same whatever the chunks, and are merged
    in an order that depends on nothing but the recordings, so the model does not either.

    Parameters
    ----------
    merge
        What two small results are together; it must not change them.
    finish
        The arrays of the model, by name, from all of them together; it may take any of the
        parameters.
    scope, reads, roles, raw
        As for `feature`.
    tile
        Frames of a stretch.
    parameter_units, reference, version
        As for `feature`.
    """

    def declare(function: Kernel) -> Function:
        return _declared(
            function,
            "fit",
            dims=(),
            units="1",
            scope=scope,
            reads=reads,
            roles=roles,
            raw=raw,
            halo=COHORT,
            tile=tile,
            merge=merge,
            finish=finish,
            parameter_units=dict(parameter_units or {}),
            reference=reference,
            version=version,
        )

    return declare
