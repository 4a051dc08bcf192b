"""What a computation is: a pure function of arrays, and what it reads, gives, and how far it looks.

Four kinds. A **feature** gives numbers or flags, a **behaviour** gives labels, a **step** gives new
positions, a **summary** gives one number per animal from the whole recording. The signature is the
graph: positional parameters are variables or other features, keyword-only ones are parameters.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.errors import WrongUse, did_you_mean, one_or_many
from ethoflow.schema import COORDINATES, DIMS, TABLE_COLUMNS, VARIABLES, Data
from ethoflow.units import Quantity, same_dimension

Array: TypeAlias = npt.NDArray[Any]
Kernel: TypeAlias = Callable[..., Array]
Kind: TypeAlias = Literal["feature", "behaviour", "step", "summary"]
Scope: TypeAlias = Literal["individual", "pair"]
Halo: TypeAlias = int | Callable[..., int]

VIEWS = ("partner_", "start_", "end_")
"""Prefixes of positional parameters: the other animal's variable, the two ends of a segment."""

BOUT_PARAMETERS: dict[str, Quantity] = {"min_bout": 0.25, "max_gap": 0.2}
BOUT_UNITS = {"min_bout": "s", "max_gap": "s"}


@dataclass(frozen=True)
class Input:
    """One positional parameter of a kernel: a variable, seen from the actor or from elsewhere."""

    variable: str
    view: str = ""

    @property
    def argument(self) -> str:
        """Name of the parameter in the kernel's signature."""
        return self.view + self.variable


@dataclass(frozen=True, eq=False)
class Declaration:
    """A kernel and its declaration; call it with a dataset.

    Calling gives a DataArray (a feature, behaviour or summary) or the dataset with new positions
    (a step). On a chunked dataset the result is lazy.
    """

    function: Kernel
    kind: Kind
    dims: tuple[str, ...]
    units: str
    scope: Scope = "individual"
    symmetric: bool = False
    label: bool = False
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    halo: Halo = 0
    parameter_units: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    replaces: str = ""
    reference: str = ""
    version: int = 1
    origin: str = ""
    names: Callable[[xr.Dataset, Mapping[str, Any]], dict[str, tuple[str, ...]]] | None = None

    def __post_init__(self) -> None:
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            object.__setattr__(self, name, getattr(self.function, name))
        object.__setattr__(self, "__wrapped__", self.function)
        object.__setattr__(self, "__signature__", self._signature())

    @property
    def name(self) -> str:
        """Name of the function, and of the variable it gives."""
        return self.function.__name__

    @property
    def output_dims(self) -> tuple[str, ...]:
        """Dims of the result, without `recording`."""
        pair = ("individual", "partner") if self.scope == "pair" else ("individual",)
        return pair + self.dims

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (self.function.__doc__ or "").strip().split("\n")[0]

    @property
    def needs_fps(self) -> bool:
        """Whether the kernel asks for the frame rate."""
        return "fps" in inspect.signature(self.function).parameters

    def _signature(self) -> inspect.Signature:
        keyword, positional = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_ONLY
        result = "xr.Dataset" if self.kind == "step" else "xr.DataArray"
        return inspect.Signature(
            [inspect.Parameter("dataset", positional, annotation="Data")]
            + [inspect.Parameter(n, keyword, default=v) for n, v in self.defaults.items()],
            return_annotation=result,
        )

    def __call__(self, dataset: Data, /, **parameters: Any) -> Any:
        """Result for `dataset`; see the class."""
        from ethoflow.engine.lazy import apply

        result: xr.DataArray | xr.Dataset = apply(self, dataset, parameters)
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        from ethoflow.engine.registry import refer

        return refer(self)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}: {self.summary}>"


def _declare(function: Kernel, kind: Kind, **settings: Any) -> Declaration:
    from ethoflow.engine.registry import register

    inputs, defaults = _read_signature(function)
    if kind == "behaviour":
        defaults = {**defaults, **BOUT_PARAMETERS, **settings.pop("bouts")}
        settings["parameter_units"] = {**BOUT_UNITS, **settings["parameter_units"]}
    roles = settings.pop("roles")
    settings["roles"] = _each(roles) if isinstance(roles, Mapping) else _same_roles(inputs, roles)
    declaration = Declaration(function, kind, inputs=inputs, defaults=defaults, **settings)
    _check(declaration)
    register(declaration)
    return declaration


def _read_signature(function: Kernel) -> tuple[tuple[Input, ...], dict[str, Any]]:
    """Inputs and parameters of a kernel, from its signature."""
    inputs, defaults = [], {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
            view = next((prefix for prefix in VIEWS if name.startswith(prefix)), "")
            inputs.append(Input(name.removeprefix(view), view))
        elif parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise WrongUse(
                f"{function.__name__}: a kernel takes positional inputs and keyword-only "
                f"parameters, found {parameter}."
            )
        elif name != "fps":
            if parameter.default is inspect.Parameter.empty:
                raise WrongUse(f"{function.__name__}: the parameter {name} needs a default.")
            defaults[name] = parameter.default
    return tuple(inputs), defaults


def _each(roles: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(one_or_many(wanted)) for name, wanted in roles.items()}


def _same_roles(inputs: tuple[Input, ...], roles: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The same roles for every input; those without body parts ignore them."""
    return {item.argument: tuple(one_or_many(roles)) for item in inputs} if roles else {}


RESERVED = frozenset({*DIMS, *VARIABLES, *COORDINATES, *TABLE_COLUMNS})
"""Names of what every dataset and table has of its own."""


def _check(declaration: Declaration) -> None:
    name = declaration.name
    _check_name(name)
    unknown = set(declaration.parameter_units) - set(declaration.defaults)
    if unknown:
        raise WrongUse(f"{name} declares a unit for {', '.join(sorted(unknown))}: no parameter.")
    if not declaration.inputs:
        raise WrongUse(f"{name} reads nothing: name a variable or a feature as its first argument")
    arguments = {item.argument for item in declaration.inputs}
    for what, named in (("roles for", declaration.roles), ("as optional", declaration.optional)):
        if stray := set(named) - arguments:
            raise WrongUse(f"{name} declares {what} {', '.join(sorted(stray))}: no such input.")
    if declaration.scope not in get_args(Scope):
        asked = did_you_mean(declaration.scope, get_args(Scope))
        raise WrongUse(f"{name}: scope must be 'individual' or 'pair'.{asked}")
    halo = declaration.halo
    if not callable(halo) and (not isinstance(halo, int) or isinstance(halo, bool) or halo < 0):
        raise WrongUse(f"{name}: halo must be frames, 0 or more, or a function; found {halo!r}.")
    for unit in declaration.parameter_units.values():
        same_dimension(unit, "1")  # raises where nobody can read it
    if declaration.scope == "individual" and any(
        item.view == "partner_" for item in declaration.inputs
    ):
        raise WrongUse(f"{name} reads the partner: declare scope='pair'.")


def _check_name(name: str) -> None:
    """Refuse names that datasets, tables or other declarations would take for something else."""
    if name in RESERVED:
        raise WrongUse(
            f"a function cannot be called {name!r}: datasets and tables have something of that "
            f"name. Give it another, such as my_{name}."
        )
    view = next((view for view in VIEWS if name.startswith(view)), "")
    if view or not name.isidentifier():
        found = f"begins with {view!r}, which asks for another view" if view else "is no name"
        raise WrongUse(f"a function cannot be called {name!r}: it {found}. Give it another name.")


def feature(
    *,
    dims: tuple[str, ...],
    units: str = "1",
    scope: Scope = "individual",
    symmetric: bool = False,
    label: bool = False,
    roles: tuple[str, ...] | Mapping[str, tuple[str, ...]] = (),
    optional: tuple[str, ...] = (),
    halo: Halo = 0,
    parameter_units: Mapping[str, str] | None = None,
    reference: str = "",
    version: int = 1,
) -> Callable[[Kernel], Declaration]:
    """Declare a feature: numbers (or flags) computed from positions or other features.

    The kernel gets one animal (``scope="individual"``) or one ordered pair (``"pair"``, the other's
    variables as ``partner_...``) of one recording, as NumPy arrays without the dims `recording` and
    `individual`, time last. Where a required input is NaN at t, the result is NaN at t.

    Parameters
    ----------
    dims
        Dims of the result for one animal or pair: ``("bodypart", "time")``.
    units
        Units of the result; the word ``position`` stands for those of the positions.
    scope
        Per animal, or per ordered pair of animals.
    symmetric
        For pairs: the value is the same seen from both sides and computed once.
    label
        The kernel gives booleans: stored as 1, 0, unknown.
    roles
        Body parts the kernel gets, by role and in this order; a mapping gives them per input.
    optional
        Inputs that may be missing: what the result is then, the kernel itself says.
    halo
        Frames the kernel looks to either side, or a function of its parameters (in frames).
    parameter_units
        Unit of each parameter that has one. A parameter in ``s`` reaches the kernel as whole
        frames, rounded half up.
    reference
        Where the definition comes from: DOI or equation.
    version
        Raise it when the numbers change: stored results become stale.

    Examples
    --------
    >>> @feature(dims=("bodypart", "time"), units="position")
    ... def height(position):
    ...     \"\"\"Second coordinate of a body part.\"\"\"
    ...     return position[..., 1, :]
    >>> height.kind, height.output_dims
    ('feature', ('individual', 'bodypart', 'time'))
    """

    def declare(function: Kernel) -> Declaration:
        return _declare(
            function,
            "feature",
            dims=dims,
            units=units,
            scope=scope,
            symmetric=symmetric,
            label=label,
            roles=roles,
            optional=optional,
            halo=halo,
            parameter_units=dict(parameter_units or {}),
            reference=reference,
            version=version,
        )

    return declare


def behaviour(
    *,
    scope: Scope = "individual",
    symmetric: bool = False,
    roles: tuple[str, ...] | Mapping[str, tuple[str, ...]] = (),
    units: Mapping[str, str] | None = None,
    halo: Halo = 0,
    min_bout: Quantity = BOUT_PARAMETERS["min_bout"],
    max_gap: Quantity = BOUT_PARAMETERS["max_gap"],
    reference: str = "",
    version: int = 1,
) -> Callable[[Kernel], Declaration]:
    """Declare a behaviour: a rule that says for every frame whether an animal (or pair) does it.

    The kernel gives booleans along time. The framework adds `min_bout` and `max_gap` (gaps up to
    `max_gap` are filled, then bouts shorter than `min_bout` dropped; a bout cut by unknown frames
    or by an end of the recording stays), and unknown wherever a required input is NaN.

    Parameters
    ----------
    scope
        ``"individual"``, or ``"pair"``: actor and partner.
    symmetric
        For pairs: the same seen from both sides.
    roles
        Body parts the rule needs, by role; a mapping gives them per input.
    units
        Unit of each threshold. ``mm`` stands for the positions' unit: pixels where a threshold is
        given in pixels.
    halo
        Frames the kernel looks to either side, or a function of its parameters (in frames).
    min_bout
        Shortest bout, seconds, default 0.25 s.
    max_gap
        Longest gap that is filled, seconds, default 0.2 s.
    reference
        Where the definition comes from.
    version
        Raise it when the labels change: stored results become stale.

    Examples
    --------
    >>> @behaviour(roles=("nose",), units={"min_speed": "mm/s"})
    ... def sniffing_fast(speed, *, min_speed=100.0):
    ...     \"\"\"The nose is faster than `min_speed`.\"\"\"
    ...     return (speed > min_speed).all(axis=0)
    >>> sniffing_fast.defaults
    {'min_speed': 100.0, 'min_bout': 0.25, 'max_gap': 0.2}
    """

    def declare(function: Kernel) -> Declaration:
        return _declare(
            function,
            "behaviour",
            dims=("time",),
            units="1",
            label=True,
            scope=scope,
            symmetric=symmetric,
            roles=roles,
            halo=halo,
            parameter_units=dict(units or {}),
            bouts={"min_bout": min_bout, "max_gap": max_gap},
            reference=reference,
            version=version,
        )

    return declare


def step(
    *,
    units: str = "position",
    halo: Halo = 0,
    parameter_units: Mapping[str, str] | None = None,
    reference: str = "",
    version: int = 1,
) -> Callable[[Kernel], Declaration]:
    """Declare a step: positions in, new positions out (cleaning, calibration).

    The kernel's first input is ``position``, dims (bodypart, space, time) of one animal; it gives
    the same dims. Calling the step gives the dataset with `position` replaced.

    Parameters
    ----------
    units
        Units of the new positions, when they change.
    halo, parameter_units, reference, version
        As for a feature.
    """

    def declare(function: Kernel) -> Declaration:
        return _declare(
            function,
            "step",
            dims=("bodypart", "space", "time"),
            units=units,
            roles=(),
            halo=halo,
            parameter_units=dict(parameter_units or {}),
            replaces="position",
            reference=reference,
            version=version,
        )

    return declare


def summary(
    *, units: str = "1", reference: str = "", version: int = 1
) -> Callable[[Kernel], Declaration]:
    """Declare a summary: one number per animal from the whole recording, a stage of its own.

    The kernel gets features of one animal along the whole recording, dims (time,), and gives one
    number. Its inputs are computed block by block, so a summary never sees positions.
    """

    def declare(function: Kernel) -> Declaration:
        return _declare(
            function,
            "summary",
            dims=(),
            units=units,
            roles=(),
            parameter_units={},
            reference=reference,
            version=version,
        )

    return declare


def missing_like(shape: tuple[int, ...]) -> Array:
    """An array of `shape` in which nothing is known."""
    return np.full(shape, np.nan, np.float32)
