"""Options of the command line made from keys of the project file, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ethoflow.cli.options import number_of, pairs_of
from ethoflow.errors import DataError
from ethoflow.stages import Files, Flag

Place: TypeAlias = tuple[str, ...]
"""Where a key stands among those of a stage."""

NUMBERS = {int, float}
TEXTS = {str, *NUMBERS}
"""Kinds of values that one text stands for."""


@dataclass(frozen=True)
class Option:
    """The option of one key: where the key stands among those of the stage, and what it is."""

    flags: tuple[str, ...]
    place: Place
    field: FieldInfo

    @property
    def flag(self) -> str:
        """Its name in messages."""
        return self.flags[0]

    @property
    def mark(self) -> Flag | None:
        """What the key says of its option."""
        return next((one for one in self.field.metadata if isinstance(one, Flag)), None)

    @property
    def kinds(self) -> set[Any]:
        """What its value may be."""
        return _kinds(self.field.annotation)

    def as_parameter(self) -> Any:
        """How it is typed: a flag, a text, or texts one after another."""
        said = (self.field.description or "").rstrip(".")
        help = said[:1].upper() + said[1:]
        if bool in self.kinds:
            flags = f"{self.flag}/--no-{self.flag[2:]}"
            return Annotated[bool | None, typer.Option(flags, help=f"{help}.")]
        if not self.kinds & TEXTS:
            return Annotated[list[str] | None, typer.Option(*self.flags, help=f"{help} (repeat).")]
        default = self.field.get_default(call_default_factory=True)
        shown = default not in (None, "") and not self.field.is_required()
        usual = f" ({default} by default)" if shown else ""
        return Annotated[str | None, typer.Option(*self.flags, help=f"{help}{usual}.")]

    def value_of(self, typed: Any) -> Any:
        """What was typed, as the project file would have it."""
        if isinstance(typed, str):
            return _scalar(typed, self.kinds)
        if isinstance(typed, bool) or any(isinstance(mark, Files) for mark in self.field.metadata):
            return typed
        if dict not in self.kinds:
            names = [name.strip() for one in typed for name in one.split(",") if name.strip()]
            if not names:
                raise DataError(
                    f"{self.flag} names nothing: give names with commas between, or leave it out."
                )
            return names
        if self.mark is not None and self.mark.bare and not any("=" in one for one in typed):
            return typed
        return self._mapping(typed)

    def _mapping(self, typed: list[str]) -> dict[str, Any]:
        """Values typed as name=value, or name.name=value where there are names within names."""
        within = _values_of(self.field.annotation)
        deep = dict in _kinds(within)
        kinds = _kinds(_values_of(within)) if deep else _kinds(within)
        found: dict[str, Any] = {}
        for name, value in pairs_of(typed, self.flag).items():
            above, dot, last = name.partition(".") if deep else ("", "", name)
            if self.mark is not None and self.mark.form and not (above and last):
                raise DataError(f"cannot read {self.flag} {name!r}: write it as {self.mark.form}.")
            inside = found.setdefault(above, {}) if dot else found
            several = self.mark is not None and self.mark.lists and "," in value
            inside[last or above] = value.split(",") if several else _scalar(value, kinds)
        return found


def options_of(keys: type[BaseModel]) -> dict[str, Option]:
    """The options of a stage's keys, by a name of their own; keys within others have theirs too."""
    found = dict(_places(keys))
    last = [place[-1] for place in found]
    options: dict[str, Option] = {}
    for place, field in found.items():
        named = place[-1:] if last.count(place[-1]) == 1 else place
        marks = [mark.name for mark in field.metadata if isinstance(mark, Flag)]
        flags = (*marks, f"--{'-'.join(named).replace('_', '-')}")
        options[f"key_{'_'.join(place)}"] = Option(flags, place, field)
    return options


def _places(keys: type[BaseModel], above: Place = ()) -> Iterator[tuple[Place, FieldInfo]]:
    for name, field in keys.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _places(kind, (*above, name))
        else:
            yield (*above, name), field


def _scalar(typed: str, kinds: set[Any]) -> float | str | None:
    if typed == "null" and NoneType in kinds:
        return None
    return number_of(typed) if kinds & NUMBERS else typed


def _kinds(annotation: Any) -> set[Any]:
    """What a value may be: a union taken apart, without what is in lists and mappings."""
    return {get_origin(one) or one for one in _parts(annotation)}


def _values_of(annotation: Any) -> Any:
    """What the values of a mapping are."""
    mapping = next(one for one in _parts(annotation) if get_origin(one) is dict)
    return get_args(mapping)[1]


def _parts(annotation: Any) -> Iterator[Any]:
    """The parts of a union, each without its marks."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif origin is Literal:
        yield from (type(choice) for choice in get_args(annotation))
    elif origin in (list, dict) or not get_args(annotation):
        yield annotation
    else:
        for one in get_args(annotation):
            yield from _parts(one)
