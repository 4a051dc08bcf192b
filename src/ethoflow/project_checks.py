"""What a project asks for exists: rules, features, their parameters, roles of body parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from ethoflow.engine import declarations, drop_project_rules, find, load_project_rules
from ethoflow.errors import DataError, did_you_mean, no_such
from ethoflow.features import find_feature
from ethoflow.skeleton import ALIASES
from ethoflow.units import Quantity, UnitError, convert, same_dimension, to_frames, unit_of

if TYPE_CHECKING:
    from ethoflow.project import Project

Where: TypeAlias = Callable[[list[Any]], str]
"""What stands before a message about a key, given by its parts."""


class ProjectError(DataError):
    """A project that cannot be used: key, line, what was expected, what was found."""


def check_rules(project: Project, where: Where) -> None:
    """Rules and features exist, and parameters exist, are of a rule that is used, and fit its unit.

    Parameters
    ----------
    project
        Paths, names and parameters; its rule files are declared.
    where
        The line of a key, or the option that stands for it.

    Raises
    ------
    ProjectError
        Something does not; the message begins with where.
    """
    drop_project_rules()
    for number, file in enumerate(project.rule_files):
        with _placing(where, ["rule_files", number]):
            load_project_rules(project.path(file))
    for number, name in enumerate(project.rules or []):
        with _placing(where, ["rules", number]):
            find(name, "behaviour")
    for number, name in enumerate(project.features or []):
        with _placing(where, ["features", number]):
            find_feature(name)
    for name, given in project.parameters.items():
        with _placing(where, ["parameters", name]):
            rule = find(name, "behaviour")
            if project.rules is not None and name not in project.rules:
                used = ", ".join(project.rules) or "none"
                raise DataError(f"{name!r} is not among the rules, which are: {used}.")
        for key, value in given.items():
            with _placing(where, ["parameters", name, key], f"parameters.{name}.{key}: "):
                if key not in rule.defaults:
                    asked = did_you_mean(key, rule.defaults)
                    known = ", ".join(rule.defaults)
                    raise DataError(f"unknown parameter.{asked} {name} has: {known}")
                _check_parameter(value, rule.parameter_units.get(key))


@contextmanager
def _placing(where: Where, place: list[Any], key: str = "") -> Iterator[None]:
    """Say where the project file has what an error is about."""
    try:
        yield
    except (DataError, UnitError) as error:
        raise ProjectError(f"{where(place)}: {key}{error}") from error


def check_skeleton(project: Project, where: Where) -> None:
    """Roles are those that rules or features ask for: another would change nothing."""
    asked = {
        role
        for declaration in declarations().values()
        for roles in declaration.roles.values()
        for role in roles
    }
    known = [*ALIASES, *sorted(asked - set(ALIASES))]
    for role in project.skeleton:
        if role not in known:
            raise ProjectError(f"{where(['skeleton', role])}: {no_such('role', role, known)}")


def _check_parameter(value: Quantity, unit: str | None) -> None:
    if value is not None and not isinstance(value, str) and not math.isfinite(value):
        raise UnitError(f"must be a finite number, found {value!r}.")
    if unit == "s":
        to_frames(value, 1000.0, name="it")
    elif unit is not None:
        in_px = bool(unit_of(value)) and same_dimension(unit_of(value), unit.replace("mm", "px"))
        convert(value, unit.replace("mm", "px") if in_px else unit, name="it")
