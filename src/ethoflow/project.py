"""One YAML file from tracker files to results: what it may say, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    ValidationError,
    model_validator,
)

from ethoflow.engine import drop_project_rules, find, load_project_rules
from ethoflow.errors import DataError, UnknownName, did_you_mean
from ethoflow.geometry.arena import Arena, parse_arena
from ethoflow.geometry.scale import column_key, is_quantity
from ethoflow.io.metadata_rows import read_rows
from ethoflow.io.options import EmptyGroups, Options, Repeats, TimeUnit
from ethoflow.units import Quantity, UnitError, convert, same_dimension, to_frames, unit_of


class ProjectError(DataError):
    """A project file that cannot be used: key, line, what was expected, what was found."""


def _check_duration(value: Quantity | None) -> Quantity | None:
    if value is not None:
        to_frames(value, 1000.0, name="it")
    return value


def _check_length(value: Quantity | None) -> Quantity | None:
    if value is not None and value != "auto":
        unit = "px" if unit_of(value) and same_dimension(unit_of(value), "px") else "mm"
        convert(value, unit, name="it")
    return value


def _check_arena(value: str) -> str:
    parse_arena(value)
    return value


Duration = Annotated[float | str | None, AfterValidator(_check_duration)]
Length = Annotated[float | str | None, AfterValidator(_check_length)]
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


class Project(_Strict):
    """Everything `ethoflow run` needs to know."""

    tracks: list[str] = Field(min_length=1)
    fps: PositiveFloat | Literal["video"] | None = None
    resample_fps: PositiveFloat | None = None
    metadata: list[str] = Field(default_factory=list)
    empty_groups: EmptyGroups = "error"
    individuals: list[str] | None = None
    columns: dict[str, str | list[str]] | None = None
    repeats: Repeats = "error"
    allow_pickle: bool = False
    time_unit: TimeUnit | None = None
    skeleton: dict[str, str | list[str]] = Field(default_factory=dict)
    arena: ArenaText | dict[str, ArenaText] | None = None
    px_per_mm: float | str | dict[str, float | str] | None = None
    clean: Cleaning = Cleaning()
    features: list[str] | None = None
    rules: list[str] | None = None
    rule_files: list[str] = Field(default_factory=list)
    parameters: dict[str, dict[str, float | str]] = Field(default_factory=dict)
    pictures: Pictures = Pictures()
    out: str = "results"
    folder: Path = Field(default=Path("."), exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        lists = {k: [values[k]] for k in ("tracks", "metadata") if isinstance(values.get(k), str)}
        values = {**values, **lists}
        if isinstance(values.get("roles"), dict):
            roles = {**(values.get("skeleton") or {}), **values["roles"]}
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
            self.individuals, self.columns, self.repeats, self.allow_pickle, self.time_unit
        )

    def path(self, name: str) -> Path:
        """A path of the file, seen from where the file lies."""
        return self.folder / name

    @property
    def results(self) -> Path:
        """Folder of the results."""
        return self.path(self.out)


def load_project(path: str | Path) -> Project:
    """The checked project of a YAML file.

    Raises
    ------
    ProjectError
        The file is missing, is not YAML, or a key, value or unit is wrong: every fault with its
        line.
    """
    path = Path(path)
    if not path.is_file():
        raise ProjectError(f"no project file at {path}. `ethoflow init` writes one to begin with.")
    text = path.read_text(encoding="utf-8-sig")
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProjectError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise ProjectError(f"{path} must hold keys and values, such as 'tracks: tracks/*.csv'.")
    values = {str(key): value for key, value in values.items() if value is not None}
    try:
        project = Project.model_validate({**values, "folder": path.parent})
    except ValidationError as error:
        faults = [_explain(fault, tree) for fault in error.errors()]
        raise ProjectError(f"{path}:\n" + "\n".join(f"  {fault}" for fault in faults)) from error
    _check_rules(project, path, tree)
    _check_scale(project, path, tree)
    return project


def _explain(fault: Any, tree: yaml.Node | None) -> str:
    """One fault in a line: where, which key, what was expected and found."""
    place = [part for part in fault["loc"] if not _is_type(part, tree, fault["loc"])]
    key = ".".join(str(part) for part in place)
    line = _line(tree, place)
    if fault["type"] == "extra_forbidden":
        known = _known_keys(place)
        return f"line {line}: unknown key {key!r}; expected one of: {', '.join(known)}"
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "missing":
        return f"the key {key!r} is missing: {_EXPECTED.get(key, 'it is required')}"
    return f"line {line}: {key}: {message} (found {fault['input']!r})"


_EXPECTED = {"tracks": "name the tracking files, such as 'tracks: tracks/*.csv'"}


def _known_keys(place: list[Any]) -> list[str]:
    model: Any = (
        {"clean": Cleaning, "pictures": Pictures}.get(str(place[0])) if len(place) > 1 else None
    )
    return [name for name in (model or Project).model_fields if name != "folder"]


def _is_type(part: Any, tree: yaml.Node | None, loc: tuple[Any, ...]) -> bool:
    """Whether a part of pydantic's location names a branch of a union, not a key."""
    if isinstance(part, int):
        return False
    return any(mark in str(part) for mark in ("[", "(")) or part in ("str", "float", "int")


def _line(tree: yaml.Node | None, place: list[Any]) -> int:
    """Line of a key (or of the nearest key above it), counted from one."""
    node, line = tree, 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value)
        ):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _check_rules(project: Project, path: Path, tree: yaml.Node | None) -> None:
    """Rules exist, and their parameters exist and have the right unit."""
    drop_project_rules()
    for number, file in enumerate(project.rule_files):
        try:
            load_project_rules(project.path(file))
        except DataError as error:
            raise ProjectError(
                f"{path}: line {_line(tree, ['rule_files', number])}: {error}"
            ) from error
    for number, name in enumerate(project.rules or []):
        _find(name, "behaviour", path, _line(tree, ["rules", number]))
    for name, given in project.parameters.items():
        rule = _find(name, "behaviour", path, _line(tree, ["parameters", name]))
        for key, value in given.items():
            line = _line(tree, ["parameters", name, key])
            where = f"{path}: line {line}: parameters.{name}.{key}"
            if key not in rule.defaults:
                known = ", ".join(rule.defaults)
                asked = did_you_mean(key, rule.defaults)
                raise ProjectError(f"{where}: unknown parameter.{asked} {name} has: {known}")
            try:
                _check_parameter(value, rule.parameter_units.get(key))
            except UnitError as error:
                raise ProjectError(f"{where}: {error}") from error


def _check_scale(project: Project, path: Path, tree: yaml.Node | None) -> None:
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
            f"{path}: line {_line(tree, ['px_per_mm'])}: px_per_mm: {name!r} is neither a scale "
            "such as 3.2 or '32 px/cm' nor a column of the metadata: "
            f"{', '.join(map(repr, columns)) or 'there are none'}."
        )


def _find(name: str, kind: str, path: Path, line: int) -> Any:
    try:
        return find(name, kind)
    except UnknownName as error:
        raise ProjectError(f"{path}: line {line}: {error}") from error


def _check_parameter(value: Quantity, unit: str | None) -> None:
    if unit == "s":
        to_frames(value, 1000.0, name="it")
    elif unit is not None:
        in_px = bool(unit_of(value)) and same_dimension(unit_of(value), unit.replace("mm", "px"))
        convert(value, unit.replace("mm", "px") if in_px else unit, name="it")
