"""From a function and what its author said of it to a checked declaration."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args

from ethoflow.engine.declare import (
    BOUT_PARAMETERS,
    BOUT_UNITS,
    COHORT,
    DTYPES,
    VIEWS,
    WHOLE,
    Declaration,
    Input,
    Kernel,
    Kind,
    Scope,
    SomeOf,
)
from ethoflow.errors import WrongUse, did_you_mean, one_or_many
from ethoflow.schema import COORDINATES, DIMS, TABLE_COLUMNS, VARIABLES
from ethoflow.units import same_dimension

D = TypeVar("D", bound=Declaration)

RESERVED = frozenset({*DIMS, *VARIABLES, *COORDINATES, *TABLE_COLUMNS})
"""Names of what every dataset and table has of its own."""


def make(form: type[D], function: Kernel, kind: Kind, **settings: Any) -> D:
    """The declaration of `function`, of the class `form`.

    Raises
    ------
    WrongUse
        What was said of it does not go together.
    """
    inputs, defaults = _read_signature(function, settings.pop("reads", None) or {})
    if kind == "behaviour":
        defaults = {**defaults, **BOUT_PARAMETERS, **settings.pop("bouts")}
        settings["parameter_units"] = {**BOUT_UNITS, **settings["parameter_units"]}
    roles = settings.pop("roles", ())
    settings["roles"] = _each(roles) if isinstance(roles, Mapping) else _same_roles(inputs, roles)
    declaration = form(function, kind, inputs=inputs, defaults=defaults, **settings)
    _check(declaration)
    return declaration


def _read_signature(
    function: Kernel, reads: Mapping[str, str]
) -> tuple[tuple[Input, ...], dict[str, Any]]:
    """Inputs and parameters of a kernel, from its signature."""
    inputs: list[Input] = []
    defaults: dict[str, Any] = {}
    forms = inspect.Parameter
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (forms.POSITIONAL_OR_KEYWORD, forms.VAR_POSITIONAL):
            inputs.append(_input(name, reads, many=parameter.kind is forms.VAR_POSITIONAL))
        elif parameter.kind is not forms.KEYWORD_ONLY:
            raise WrongUse(
                f"{function.__name__}: a kernel takes positional inputs and keyword-only "
                f"parameters, found {parameter}."
            )
        elif name != "fps":
            if parameter.default is inspect.Parameter.empty:
                raise WrongUse(f"{function.__name__}: the parameter {name} needs a default.")
            defaults[name] = parameter.default
    _check_named(function.__name__, "what is read for", reads, inputs)
    return tuple(inputs), defaults


def _input(name: str, reads: Mapping[str, str], *, many: bool) -> Input:
    view = next((prefix for prefix in VIEWS if name.startswith(prefix)), "")
    if name in reads:
        return Input(reads[name], view if view == "partner_" else "", called=name)
    return Input(name.removeprefix(view), view, many=many)


def _each(roles: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: _wanted(wanted) for name, wanted in roles.items()}


def _wanted(roles: tuple[str, ...]) -> tuple[str, ...]:
    return roles if isinstance(roles, SomeOf) else tuple(one_or_many(roles))


def _same_roles(inputs: tuple[Input, ...], roles: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The same roles for every input; those without body parts ignore them."""
    return {item.argument: _wanted(roles) for item in inputs} if roles else {}


def _check_named(name: str, what: str, named: Iterable[str], inputs: Iterable[Input]) -> None:
    arguments = {item.argument for item in inputs}
    if stray := set(named) - arguments:
        raise WrongUse(f"{name} declares {what} {', '.join(sorted(stray))}: no such input.")


def _check(declaration: Declaration) -> None:
    name = declaration.name
    _check_name(name)
    unknown = set(declaration.parameter_units) - set(declaration.defaults)
    if unknown:
        raise WrongUse(f"{name} declares a unit for {', '.join(sorted(unknown))}: no parameter.")
    if not declaration.inputs:
        raise WrongUse(f"{name} reads nothing: name a variable or a feature as its first argument")
    for what, named in (
        ("roles for", declaration.roles),
        ("as optional", declaration.optional),
        ("as raw", declaration.raw),
    ):
        _check_named(name, what, named, declaration.inputs)
    twice = {item.argument for item in declaration.inputs} & set(declaration.defaults)
    if twice:
        raise WrongUse(f"{name} has {', '.join(sorted(twice))} as an input and as a parameter.")
    for unit in declaration.parameter_units.values():
        same_dimension(unit, "1")  # raises where nobody can read it
    _check_scope(declaration)
    _check_halo(declaration)
    _check_outputs(declaration)


def _check_scope(declaration: Declaration) -> None:
    name, scope = declaration.name, declaration.scope
    if scope not in get_args(Scope):
        asked = did_you_mean(scope, get_args(Scope))
        raise WrongUse(f"{name}: scope must be 'individual', 'pair' or 'group'.{asked}")
    if scope != "pair" and any(item.view == "partner_" for item in declaration.inputs):
        raise WrongUse(f"{name} reads the partner: declare scope='pair'.")
    if scope != "pair" and declaration.symmetric:
        raise WrongUse(f"{name} is symmetric, which only a quantity of pairs can be.")


def _check_halo(declaration: Declaration) -> None:
    halo, name = declaration.halo, declaration.name
    if declaration.kind == "fit":
        halo = 0 if halo == COHORT else halo
    if not callable(halo) and halo != WHOLE and not _is_count(halo):
        raise WrongUse(
            f"{name}: halo must be frames, 0 or more, a function, or 'whole'; found {halo!r}."
        )
    tile = declaration.tile
    if not callable(tile) and not _is_count(tile):
        raise WrongUse(f"{name}: tile must be frames, 0 or more, or a function; found {tile!r}.")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_outputs(declaration: Declaration) -> None:
    name = declaration.name
    outputs = declaration.outputs
    names = [output.name for output in outputs]
    twice = {one for one in names if names.count(one) > 1}
    if twice:
        raise WrongUse(f"{name} gives {', '.join(sorted(twice))} twice.")
    for output in outputs:
        if output.gives not in DTYPES:
            asked = did_you_mean(output.gives, DTYPES)
            raise WrongUse(f"{name}: it gives one of {', '.join(DTYPES)}.{asked}")
        if "time" in output.dims[:-1] or "recording" in output.dims:
            raise WrongUse(
                f"{name}: time is the last dim and recording is added; found {output.dims}."
            )
        if (output.gives == "category") != bool(output.categories):
            raise WrongUse(f"{name}: categories, and only they, have names: categories=(...).")
        if declaration.kind not in ("step", "behaviour") and output.name != name:
            _check_name(output.name)


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
