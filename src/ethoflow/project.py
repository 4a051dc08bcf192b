"""One YAML file from tracker files to results: what it may say, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ethoflow.engine import load_project_rules
from ethoflow.errors import DataError, did_you_mean
from ethoflow.geometry.arena import Arena, parse_arena
from ethoflow.geometry.scale import column_key, is_quantity
from ethoflow.io.metadata_rows import read_rows
from ethoflow.io.options import EmptyGroups, Options, Repeats, TimeUnit
from ethoflow.place import Place, Url, local_path, place
from ethoflow.project_checks import ProjectError, check_rules, check_skeleton
from ethoflow.unchanged import STORE
from ethoflow.units import Quantity, convert, same_dimension, to_frames, unit_of
from ethoflow.yaml_text import line_of, read_yaml


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


def _check_arena(value: str) -> str:
    parse_arena(value)
    return value


def _check_out(value: str) -> str:
    place(value)
    return value


Duration = Annotated[float | str | None, AfterValidator(_check_duration)]
Length = Annotated[float | str | None, AfterValidator(_check_length)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
ArenaText = Annotated[str, AfterValidator(_check_arena)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cleaning(_Strict):
    """Parameters of `ef.clean`."""

    min_confidence: float | Literal["auto"] | None = "auto"
    max_jump: Length = "auto"
    max_gap: Duration = "200 ms"
    window: Duration = "200 ms"


class Pictures(_Strict):
    """Which pictures are drawn."""

    recordings: int = Field(default=12, ge=0, description="how many recordings are drawn")


_LISTS = ("tracks", "metadata", "features", "rules", "rule_files", "individuals")
"""Keys that hold a list, of which one may be given alone."""


class Project(_Strict):
    """Everything `ethoflow run` needs to know."""

    tracks: list[str] = Field(min_length=1)
    fps: Rate | Literal["video"] | None = None
    resample_fps: Rate | None = None
    metadata: list[str] = Field(default_factory=list)
    empty_groups: EmptyGroups = "error"
    individuals: list[str] | None = None
    columns: dict[str, str | list[str]] | None = None
    repeats: Repeats = "error"
    allow_pickle: bool = False
    time_unit: TimeUnit | None = None
    allow_links: bool = False
    skeleton: dict[str, str | list[str]] = Field(default_factory=dict)
    arena: ArenaText | dict[str, ArenaText] | None = None
    px_per_mm: float | str | dict[str, float | str] | None = None
    clean: Cleaning = Cleaning()
    features: list[str] | None = None
    rules: list[str] | None = None
    rule_files: list[str] = Field(default_factory=list)
    parameters: dict[str, dict[str, float | str]] = Field(default_factory=dict)
    pictures: Pictures = Pictures()
    out: Annotated[str, AfterValidator(_check_out)] = "results"
    folder: Path = Field(default=Path("."), exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        lists = {k: [values[k]] for k in _LISTS if isinstance(values.get(k), str)}
        values = {**values, **lists}
        if isinstance(values.get("roles"), dict) and isinstance(values.get("skeleton", {}), dict):
            roles = {**values.get("skeleton", {}), **values["roles"]}
            values = {k: v for k, v in values.items() if k != "roles"} | {"skeleton": roles}
        return values

    def arenas(self) -> Arena | dict[str, Arena] | None:
        """The arena, or one for each recording."""
        if isinstance(self.arena, dict):
            return {name: parse_arena(text) for name, text in self.arena.items()}
        return None if self.arena is None else parse_arena(self.arena)

    def options(self) -> Options:
        """How the tracking files are read."""
        return Options.of(
            self.individuals,
            self.columns,
            self.repeats,
            self.allow_pickle,
            self.time_unit,
            self.allow_links,
        )

    def path(self, name: str) -> Path:
        """A path of the file, seen from where the file lies."""
        return self.folder / name

    def own_rules(self) -> list[str]:
        """Names of the rules that its files declare."""
        found = [rule for file in self.rule_files for rule in load_project_rules(self.path(file))]
        return [rule.name for rule in found if rule.kind == "behaviour"]

    @property
    def results(self) -> Path:
        """Folder of tables and pictures; beside the project file where the store is elsewhere."""
        out = place(self.out)
        return self.path("results") if isinstance(out, Url) else self.folder / out

    @property
    def store(self) -> Place:
        """Where the store lies."""
        out = place(self.out)
        return (out if isinstance(out, Url) else self.results) / STORE


def load_project(path: str | Path) -> Project:
    """The checked project of a YAML file.

    Raises
    ------
    ProjectError
        The file is missing, is not YAML, or a key, value or unit is wrong: every fault with its
        line.
    """
    try:
        path = local_path(path, "project files")
        values, tree = read_yaml(path, "project file", "`ethoflow init` writes one to begin with.")
    except DataError as error:
        raise ProjectError(str(error)) from error
    try:
        project = Project.model_validate({**values, "folder": path.parent})
    except ValidationError as error:
        faults = "\n".join(f"  {fault}" for fault in _explain(error.errors(), tree))
        raise ProjectError(f"{path}:\n{faults}") from error

    def where(place: Sequence[Any]) -> str:
        """The line of a key, also by the other name of `skeleton`."""
        key = "roles" if place[0] == "skeleton" and "roles" in values else place[0]
        return f"{path}: line {line_of(tree, [key, *place[1:]])}"

    check_rules(project, where)
    check_skeleton(project, where)
    _check_scale(project, path, tree)
    return project


def _explain(faults: Sequence[Any], tree: yaml.Node) -> list[str]:
    """What is wrong with each key in a line: where, what was expected and found."""
    explained: dict[str, str] = {}
    for fault in faults:
        place = [part for part in fault["loc"] if not _is_type(part)]
        key, line = ".".join(str(part) for part in place), line_of(tree, place)
        known = _known_keys(place)
        if fault["type"] == "extra_forbidden":
            asked = did_you_mean(place[-1], known)
            told = f"line {line}: unknown key {key!r}; expected one of: {', '.join(known)}.{asked}"
        elif fault["type"] == "missing":
            told = f"the key {key!r} is missing: {_EXPECTED.get(key, 'it is required')}"
        else:
            message = str(fault["msg"]).removeprefix("Value error, ")
            message = _EXPECTED.get(key, message) if _is_general(fault) else message
            told = f"line {line}: {key}: {message.rstrip('.')} (found {_brief(fault['input'])})"
        # Every branch of a key that may be several things has a fault: the first says most.
        explained.setdefault(key, told)
    return list(explained.values())


def _is_general(fault: Any) -> bool:
    """Whether the message is pydantic's own, which knows nothing of the field."""
    return not str(fault["msg"]).startswith("Value error, ")


_EXPECTED = {
    "tracks": "name the tracking files, such as 'tracks: tracks/*.csv'",
    "fps": "must be frames per second, a number above 0 such as 29.97, or 'video'",
    "resample_fps": "must be frames per second, a number above 0",
    "clean.min_confidence": "must be a number, auto, or null to keep all points",
    "arena": "must be a text such as 'circle 320 240 200 px = 380 mm', or one for each recording",
    "px_per_mm": "must be a number, a text such as '32 px/cm', or one for each recording",
    "skeleton": "must be roles and body parts, such as {centre: Spine_2}",
    "parameters": "must be parameters by rule, such as {moving: {min_speed: 50 mm/s}}",
}
"""What a key needs, where the general message would say it in terms of types."""


def _brief(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= MOST_SHOWN else f"{shown[:MOST_SHOWN]}..."


MOST_SHOWN = 200
"""Letters of a wrong value that a message repeats."""


def _known_keys(place: list[Any]) -> list[str]:
    model: Any = (
        {"clean": Cleaning, "pictures": Pictures}.get(str(place[0])) if len(place) > 1 else None
    )
    return [name for name in (model or Project).model_fields if name != "folder"]


def _is_type(part: Any) -> bool:
    """Whether a part of pydantic's location names a branch of a union, not a key."""
    if isinstance(part, int):
        return False
    return any(mark in str(part) for mark in "[(-") or part in ("str", "float", "int", "literal")


def _check_scale(project: Project, path: Path, tree: yaml.Node) -> None:
    """A scale that is a name is that of a column of the metadata."""
    name = project.px_per_mm
    if not isinstance(name, str) or is_quantity(name):
        return
    try:
        tables = [read_rows(project.path(table))[1] for table in project.metadata]
    except DataError:
        return  # said when the table is needed
    columns = [column for table in tables for column in table]
    if column_key(name) not in map(column_key, columns):
        raise ProjectError(
            f"{path}: line {line_of(tree, ['px_per_mm'])}: px_per_mm: {name!r} is neither a scale "
            "such as 3.2 or '32 px/cm' nor a column of the metadata: "
            f"{', '.join(map(repr, columns)) or 'there are none'}."
        )
