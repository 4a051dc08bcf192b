"""What a computation is, as data: a pure function of arrays, and answers to four questions.

What it reads: the positional parameters of its signature are variables or other functions, the
keyword-only ones parameters. What it gives: variables with dims, units and a kind. For whom: one
animal, an ordered pair, or all animals of a recording. How far it looks in time.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ethoflow.units import Quantity

Array: TypeAlias = npt.NDArray[Any]
Kernel: TypeAlias = Callable[..., Any]
Kind: TypeAlias = Literal["feature", "behaviour", "step", "summary", "fit"]
Scope: TypeAlias = Literal["individual", "pair", "group"]
Gives: TypeAlias = Literal["number", "flag", "label", "category"]

WHOLE: Final = "whole"
"""Looks at a whole recording at once, one animal after the other."""

COHORT: Final = "cohort"
"""Looks at all recordings: what it gives is a `Model`."""

Halo: TypeAlias = int | Callable[..., int] | Literal["whole", "cohort"]

VIEWS = ("partner_", "start_", "middle_", "end_")
"""Prefixes of positional parameters: the other animal's variable, the points of a segment or joint.
"""

BOUT_PARAMETERS: dict[str, Quantity] = {
    "min_bout": 0.25,
    "max_gap": 0.2,
    "majority": 0.0,
    "hysteresis": 0.0,
    "max_hold": 2.0,
}
"""Parameters that every behaviour has, applied to what its function says frame by frame."""
BOUT_UNITS = {"min_bout": "s", "max_gap": "s", "majority": "s", "max_hold": "s"}


class SomeOf(tuple[str, ...]):
    """Roles of which an input gets those that a skeleton has, one at least."""

    __slots__ = ()


def some_of(*roles: str) -> SomeOf:
    """The body parts in these roles that there are, for rules that any of them can decide.

    Examples
    --------
    >>> some_of("left_ear", "right_ear")
    ('left_ear', 'right_ear')
    """
    return SomeOf(roles)


@dataclass(frozen=True)
class Input:
    """One positional parameter of a kernel: a variable, seen from the actor or from elsewhere.

    One that is `many` stands for as many variables as are named at the call.
    """

    variable: str
    view: str = ""
    many: bool = False
    called: str = ""

    @property
    def argument(self) -> str:
        """Name of the parameter in the kernel's signature."""
        return self.called or self.view + self.variable


@dataclass(frozen=True)
class Members:
    """The members of a derived dim: their names, and the places that each input takes for them.

    Parameters
    ----------
    names
        One for each member.
    places
        By argument of the kernel: for each member, a place along the dim `along` of that input,
        which then has the derived dim instead.
    along
        The dim of the inputs the members are made of.
    """

    names: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    along: str = "bodypart"


@dataclass(frozen=True)
class Taken:
    """Places that an input takes along a dim; it has the dim `becomes` instead, if it has one."""

    dim: str
    places: tuple[int, ...]
    becomes: str = ""


FindMembers: TypeAlias = Callable[..., Members]
Categories: TypeAlias = tuple[str, ...] | Callable[[Mapping[str, Any]], tuple[str, ...]]


@dataclass(frozen=True)
class Output:
    """One variable that a kernel gives.

    Parameters
    ----------
    name
        Of the variable.
    dims
        Its dims, without `recording` and without what the scope adds.
    units
        Its units; the word ``position`` stands for those of the positions, the name of an input for
        those of what it reads.
    gives
        ``"number"``; ``"flag"`` and ``"label"``: 1, 0, unknown; ``"category"``: a whole number that
        stands for a name, unknown where it is below 0.
    categories
        Names of the numbers of a category, or a function of the parameters that gives them.
    """

    name: str
    dims: tuple[str, ...]
    units: str = "1"
    gives: Gives = "number"
    categories: Categories = ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type in which blocks hold it."""
        return np.dtype(DTYPES[self.gives])


DTYPES: Mapping[str, str] = {
    "number": "float32",
    "flag": "int8",
    "label": "int8",
    "category": "int16",
}


@dataclass(frozen=True, eq=False)
class Declaration:
    """A kernel and the answers of its declaration. It is data: nothing here computes.

    The fields `dims`, `units`, `gives` and `categories` are those of the first variable it gives,
    which has the name of the function, or `replaces`; the others are `further`.
    """

    function: Kernel
    kind: Kind
    dims: tuple[str, ...]
    units: str
    scope: Scope = "individual"
    symmetric: bool = False
    gives: Gives = "number"
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    halo: Halo = 0
    parameter_units: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    replaces: str = ""
    reference: str = ""
    version: int = 1
    over: Mapping[str, FindMembers] = field(default_factory=dict)
    pointwise: tuple[str, ...] = ()
    further: tuple[Output, ...] = ()
    categories: Categories = ()
    raw: tuple[str, ...] = ()
    tile: int | Callable[..., int] = 0
    merge: Callable[[Any, Any], Any] | None = None
    finish: Callable[..., Any] | None = None
    on_request: bool = False

    def __post_init__(self) -> None:
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            object.__setattr__(self, name, getattr(self.function, name))
        object.__setattr__(self, "__wrapped__", self.function)
        object.__setattr__(self, "__signature__", self._signature())

    @property
    def name(self) -> str:
        """Name of the function, and of the first variable it gives."""
        return self.function.__name__

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        """The variables it gives."""
        name = self.replaces or self.name
        return (Output(name, self.dims, self.units, self.gives, self.categories), *self.further)

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        """Inputs and the variables they stand for, where these differ."""
        return tuple((item.called, item.variable) for item in self.inputs if item.called)

    @property
    def also(self) -> tuple[tuple[Any, ...], ...]:
        """What it gives beside the first variable, as plain values."""
        return tuple((o.name, o.dims, o.units, o.gives, o.categories) for o in self.further)

    @property
    def label(self) -> bool:
        """Whether the first variable is 1, 0 or unknown."""
        return self.gives in ("label", "flag")

    @property
    def output_dims(self) -> tuple[str, ...]:
        """Dims of the first variable, without `recording`."""
        return self.lead + self.dims

    @property
    def lead(self) -> tuple[str, ...]:
        """Dims that the scope adds."""
        return LEADS[self.scope]

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (self.function.__doc__ or "").strip().split("\n")[0]

    @cached_property
    def needs_fps(self) -> bool:
        """Whether the kernel asks for the frame rate."""
        return "fps" in inspect.signature(self.function).parameters

    @property
    def is_stage(self) -> bool:
        """Whether it is computed apart, before the blocks of what rests on it."""
        return self.halo == WHOLE

    def _signature(self) -> inspect.Signature:
        keyword, positional = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_ONLY
        several = self.kind == "step" or self.further
        result = "Model" if self.kind == "fit" else "xr.Dataset" if several else "xr.DataArray"
        return inspect.Signature(
            [inspect.Parameter("dataset", positional, annotation="Data")]
            + [inspect.Parameter(n, keyword, default=v) for n, v in self.defaults.items()],
            return_annotation=result,
        )

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}: {self.summary}>"


LEADS: Mapping[str, tuple[str, ...]] = {
    "individual": ("individual",),
    "pair": ("individual", "partner"),
    "group": (),
}
"""Dims that each scope adds to those of the kernel's result."""


def missing_like(shape: tuple[int, ...]) -> Array:
    """An array of `shape` in which nothing is known."""
    return np.full(shape, np.nan, np.float32)
