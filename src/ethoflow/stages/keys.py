"""Keys of a project file: what their values may be, and what a message about them says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

from ethoflow.engine import Declaration, drop_project_rules, load_project_rules
from ethoflow.errors import DataError, did_you_mean
from ethoflow.units import Quantity, UnitError, convert, same_dimension, to_frames, unit_of

Where: TypeAlias = Callable[[list[Any]], str]
"""What stands before a message about a key, given by its parts: its line, or its option."""
Locate: TypeAlias = Callable[[str], Path]
"""The path of a file that a key names."""


class ProjectError(DataError):
    """A project that cannot be used: key, line, what was expected, what was found."""


@contextmanager
def placing(where: Where, place: list[Any], key: str = "") -> Iterator[None]:
    """Say where the project file has what an error is about."""
    try:
        yield
    except (DataError, UnitError) as error:
        raise ProjectError(f"{where(place)}: {key}{error}") from error


class Keys(BaseModel):
    """Keys of the project file that belong together; another key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Needs:
    """Mark of a key: what it needs, where the general message would say it in terms of types."""

    text: str


@dataclass(frozen=True)
class Files:
    """Mark of a key that names files, seen from where the project file lies.

    With `kept` the store keeps the text of the files that its groups were made with.
    """

    kept: bool = False


@dataclass(frozen=True)
class Flag:
    """Mark of a key: what its option is called, beside the name that follows from the key.

    `form` is how a value is typed where names stand within names. With `lists` a value of a mapping
    that has commas is a list. With `bare` values may come without names, as a list in a project.
    """

    name: str
    form: str = ""
    lists: bool = False
    bare: bool = False


def _check_duration(value: Quantity | None) -> Quantity | None:
    if value is not None:
        to_frames(value, 1000.0, name="it")
    return value


def _check_length(value: Quantity | None) -> Quantity | None:
    if value is not None and value != "auto":
        unit = "px" if unit_of(value) and same_dimension(unit_of(value), "px") else "mm"
        if not 0 < convert(value, unit, name="it") < math.inf:
            raise ValueError(f"it must be a length above 0, found {value!r}.")
    return value


def _check_speed(value: Quantity | None) -> Quantity | None:
    if value is not None and value != "auto":
        unit = "px/s" if unit_of(value) and same_dimension(unit_of(value), "px/s") else "mm/s"
        if not 0 < convert(value, unit, name="it") < math.inf:
            raise ValueError(f"it must be a speed above 0, found {value!r}.")
    return value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Duration = Annotated[float | str | None, AfterValidator(_check_duration)]
Length = Annotated[float | str | None, AfterValidator(_check_length)]
Speed = Annotated[float | str | None, AfterValidator(_check_speed)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Names = Annotated[list[str], BeforeValidator(_as_list)]
"""A list, of which one may be given alone."""


class SkeletonKeys(Keys):
    """Roles of body parts: tracks and poses are made with them."""

    skeleton: Annotated[
        dict[str, str | list[str]],
        Needs("must be roles and body parts, such as {centre: Spine_2}"),
    ] = Field(default_factory=dict, description="A role by hand: centre=Spine_2 or centre=ear+hip")

    @model_validator(mode="before")
    @classmethod
    def _roles_are_a_skeleton(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("roles"), dict):
            skeleton = values.get("skeleton", {})
            if isinstance(skeleton, dict):
                others = {k: v for k, v in values.items() if k != "roles"}
                return {**others, "skeleton": {**skeleton, **values["roles"]}}
        return values


class FunctionKeys(Keys):
    """Files of a user's own functions, and parameters: of rules and of features."""

    rule_files: Annotated[Names, Files(kept=True), Flag("--rule-file")] = Field(
        default_factory=list, description="A Python file of rules."
    )
    parameters: Annotated[
        dict[str, dict[str, float | str]],
        Needs("must be parameters by rule, such as {moving: {min_speed: 50 mm/s}}"),
        Flag("--set", form="rule.parameter=value, such as moving.min_speed='50 mm/s'"),
    ] = Field(default_factory=dict, description="A threshold: moving.min_speed='80 px/s'.")

    def declare(self, locate: Locate, where: Where) -> list[Declaration]:
        """Declare what the files have, and forget what those of other projects had.

        Raises
        ------
        ProjectError
            A file cannot be run; the message begins with where.
        """
        drop_project_rules()
        found: list[Declaration] = []
        for number, file in enumerate(self.rule_files):
            with placing(where, ["rule_files", number]):
                found += load_project_rules(locate(file))
        return found


class MetadataKeys(Keys):
    """Tables about the recordings: names of groups, and columns with scales."""

    metadata: Annotated[Names, Files()] = Field(
        default_factory=list, description="CSV, TSV or Excel with a row per recording or animal"
    )


def explain(
    model: type[BaseModel], names: Sequence[str], faults: Sequence[Any], where: Where
) -> list[str]:
    """What is wrong with each key in a line: where, what was expected and found.

    Parameters
    ----------
    model
        The keys that were checked.
    names
        Those of them that are told as the ones there are.
    faults
        As pydantic gives them.
    where
        The line or option of a key.
    """
    explained: dict[str, str] = {}
    for fault in faults:
        place = [part for part in fault["loc"] if not _is_type(part)]
        # Every branch of a key that may be several things has a fault: the first says most.
        explained.setdefault(".".join(map(str, place)), _explain(model, names, fault, place, where))
    return list(explained.values())


def _explain(
    model: type[BaseModel], names: Sequence[str], fault: Any, place: list[Any], where: Where
) -> str:
    key, field = ".".join(map(str, place)), _field(model, place)
    if fault["type"] == "extra_forbidden":
        above = _field(model, place[:-1])
        known = list(names) if above is None else list(_model_of(above).model_fields)
        asked = did_you_mean(place[-1], known)
        return f"{where(place)}: unknown key {key!r}; expected one of: {', '.join(known)}.{asked}"
    if fault["type"] == "missing":
        return f"the key {key!r} is missing: {_needs(field) or 'it is required'}"
    message = str(fault["msg"])
    if fault["type"] == "model_type" and field is not None:
        message = f"must hold keys, of: {', '.join(_model_of(field).model_fields)}"
    elif message.startswith(_OWN):
        message = message.removeprefix(_OWN).rstrip(".")
    else:  # pydantic's own, which knows nothing of the key
        message = (_needs(field) or message).rstrip(".")
    return f"{where(place)}: {key}: {message} (found {_brief(fault['input'])})"


_OWN = "Value error, "
"""Before a message that one of our own checks gave."""


def _needs(field: FieldInfo | None) -> str:
    """What a key needs, in the words of its declaration."""
    marks = [] if field is None else field.metadata
    return next((mark.text for mark in marks if isinstance(mark, Needs)), "")


def _field(model: type[BaseModel], place: Sequence[Any]) -> FieldInfo | None:
    """The declared key at a place; None at the top, and for what is within a value."""
    field: FieldInfo | None = None
    by_name = False
    for part in place:
        if by_name:  # the name under which keys of one kind stand
            by_name = False
            continue
        if field is not None:
            model = _model_of(field)
        field = model.model_fields.get(str(part))
        if field is None:
            return None
        by_name = get_origin(field.annotation) is dict and _model_of(field) is not Keys
    return field


def _model_of(field: FieldInfo) -> type[BaseModel]:
    """The keys within a key; none where it holds a value."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return Keys


def _brief(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= MOST_SHOWN else f"{shown[:MOST_SHOWN]}..."


MOST_SHOWN = 200
"""Letters of a wrong value that a message repeats."""


def _is_type(part: Any) -> bool:
    """Whether a part of pydantic's location names a branch of a union, not a key."""
    if isinstance(part, int):
        return False
    return any(mark in str(part) for mark in "[(-") or part in ("str", "float", "int", "literal")
