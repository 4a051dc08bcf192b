"""One YAML file from tracker files to results: what it may say, and what is wrong with it.

Its keys are those of the stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, ValidationError, create_model

from ethoflow.errors import DataError
from ethoflow.place import Place, Url, local_path, place
from ethoflow.stages import Keys, ProjectError, Stage, explain, stages
from ethoflow.stages.keys import Where
from ethoflow.unchanged import STORE
from ethoflow.yaml_text import line_of, read_yaml

__all__ = ["Project", "ProjectError", "bare_project", "keys_of", "load_project", "project_model"]

OwnKeys = TypeVar("OwnKeys", bound=Keys)


def _check_out(value: str) -> str:
    place(value)
    return value


class Project(Keys):
    """What every project file may say; `project_model` adds the keys of the stages."""

    out: Annotated[str, AfterValidator(_check_out)] = "results"
    folder: Path = Field(default=Path("."), exclude=True)

    def path(self, name: str) -> Path:
        """A path of the file, seen from where the file lies."""
        return self.folder / name

    def keys_for(self, stage: Stage) -> Keys:
        """The keys of a stage."""
        if stage.top:
            return self
        found = getattr(self, stage.name) if stage.names else stage.keys()
        assert isinstance(found, Keys)
        return found

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


def project_model() -> type[Project]:
    """Everything a project file may say.

    Examples
    --------
    >>> project_model()(tracks="tracks/*.csv").pictures.recordings
    12
    """
    return model_of(tuple(stages()))


@cache
def model_of(some: tuple[Stage, ...]) -> type[Project]:
    """What a project file may say of some stages."""
    # Of several bases pydantic takes the keys of the last one first.
    tops: dict[Any, None] = dict.fromkeys(one.keys for one in reversed(some) if one.top)
    within: dict[str, Any] = {
        one.name: (one.keys, one.keys()) for one in some if not one.top and one.names
    }
    made: type[Project] = create_model("Project", __base__=(*tops, Project), **within)
    return made


def _names(some: Iterable[Stage]) -> list[str]:
    """Keys at the top of the file, in the order of the stages."""
    return list(dict.fromkeys([*(name for one in some for name in one.names), "out"]))


def bare_project() -> Project:
    """A project that says nothing but what is so by default, and has no tracks."""
    return project_model().model_validate({"tracks": "-"})


def keys_of(project: Project, kind: type[OwnKeys]) -> OwnKeys:
    """A project as the keys of one stage, where these stand at the top of the file."""
    assert isinstance(project, kind)
    return project


def load_project(path: str | Path) -> Project:
    """The checked project of a YAML file.

    Raises
    ------
    ProjectError
        The file is missing, is not YAML, or a key, value or unit is wrong: every fault with its
        line.
    """
    model = project_model()
    try:
        path = local_path(path, "project files")
        values, tree = read_yaml(path, "project file", "`ethoflow init` writes one to begin with.")
    except DataError as error:
        raise ProjectError(str(error)) from error

    def line(place: Sequence[Any]) -> str:
        return f"line {line_of(tree, place)}"

    def where(place: Sequence[Any]) -> str:
        """The line of a key, also by the other name of `skeleton`."""
        key = "roles" if place[0] == "skeleton" and "roles" in values else place[0]
        return f"{path}: {line([key, *place[1:]])}"

    try:
        project = model.model_validate({**values, "folder": path.parent})
    except ValidationError as error:
        found = explain(model, _names(stages()), error.errors(), line)
        faults = "\n".join(f"  {fault}" for fault in found)
        raise ProjectError(f"{path}:\n{faults}") from error
    for stage in stages():
        if stage.check is not None:
            stage.check(project.keys_for(stage), project.path, _within(stage, where))
    return project


def _within(stage: Stage, where: Where) -> Where:
    """The same for the keys of a stage, wherever they stand."""
    return where if stage.top else lambda place: where([stage.name, *place])
