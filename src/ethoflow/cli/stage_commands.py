"""The command of a stage, made from its declaration: its help, and an option for each key."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from ethoflow.cli.options import Scheduler
from ethoflow.cli.screen import PARTIAL, Screen, plain_errors
from ethoflow.cli.shown import print_made, print_next, results_beside
from ethoflow.cli.stage_options import Option, options_of
from ethoflow.errors import DataError
from ethoflow.place import Place, place
from ethoflow.stages import Files, Job, Keys, ProjectError, Stage, explain, maker_of, stages
from ethoflow.stages.keys import Locate, Where

OwnKeys = TypeVar("OwnKeys", bound=Keys)


def parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> Any:
    """A parameter of a command, by its name."""
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


def commands_of_stages() -> dict[str, Any]:
    """A command for every stage that works on a store, by name, in the order in which they run."""
    return {one.command: _command(one) for one in stages() if one.reads}


STORE = parameter("path", Annotated[str, typer.Argument(help="The Zarr store, a folder or a URL.")])

FROM_PROJECT = parameter(
    "project", Annotated[Path | None, typer.Option(help="Take settings from a project file.")], None
)


def make_command(
    name: str,
    help: str,
    function: Callable[..., None],
    first: Sequence[inspect.Parameter],
    options: Mapping[str, Option],
    last: Sequence[inspect.Parameter],
) -> Any:
    """A command that calls `function` with what was typed, by the names of parameters and options.

    It has the option ``--scheduler``, too.
    """
    parameters = [
        *first,
        *(parameter(name, one.as_parameter(), None) for name, one in options.items()),
        *last,
        parameter("scheduler", Scheduler, None),
    ]

    def command(**typed: Any) -> None:
        function(**typed)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    own = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None, add_completion=False)
    own.command(name, help=help)(command)
    return typer.main.get_command(own)


def _command(stage: Stage) -> Any:
    def command(path: str, project: Path | None, scheduler: str | None, **typed: Any) -> None:
        given = {name: value for name, value in typed.items() if value not in (None, [])}
        with plain_errors():
            left_out = run_alone(stage, place(path), project, given, scheduler)
        if left_out:
            raise typer.Exit(PARTIAL)

    options = options_of(stage.keys)
    return make_command(stage.command, _help(stage), command, [STORE], options, [FROM_PROJECT])


def _help(stage: Stage) -> str:
    reads = ", ".join([*stage.reads, *stage.uses])
    return f"{stage.summary}\n\nReads {reads}; writes {', '.join(stage.writes)}."


def run_alone(
    stage: Stage,
    path: Place,
    project: Path | None,
    given: Mapping[str, Any],
    scheduler: str | None,
) -> int:
    """Run one stage on what a store holds; gives how many files could not be used.

    Raises
    ------
    DataError
        The store lacks what the stage reads; the message names the command that makes it.
    """
    from ethoflow import pipeline
    from ethoflow.engine.schedule import use_scheduler
    from ethoflow.project import bare_project, load_project
    from ethoflow.store import list_groups, writing

    list_groups(path)
    base = bare_project() if project is None else load_project(project)
    results = results_beside(path) if project is None else base.results
    keys = _with_options(stage, base.keys_for(stage), given, base.path)
    job = Job(path, results, Screen(), keep=bool(given), asked=project is not None or bool(given))
    check_reads(stage, job)
    with writing(path), use_scheduler(scheduler):
        outcome = pipeline.run([(stage, keys)], job)
    print_made(path, results, outcome.files, outcome.tables)
    print_next(path, job.left_out)
    return job.left_out


def check_reads(stage: Stage, job: Job) -> None:
    """Refuse to run a stage without what it reads."""
    for name in stage.reads:
        if not job.has(name):
            maker, where = maker_of(name), job.results if name.endswith("/") else job.store
            way = f": `ethoflow {maker.command}` writes them there" if maker is not None else ""
            raise DataError(f"{where} has no {name} for {stage.name}{way}.")


def _with_options(stage: Stage, keys: Keys, given: Mapping[str, Any], locate: Locate) -> Keys:
    """The keys of a stage, those that were typed in place of the project's; all checked."""
    options, values = options_of(stage.keys), locate_files(stage.keys, keys, locate)
    for name, typed in given.items():
        place, inside = options[name].place, values
        for part in place[:-1]:
            inside = inside[part]
        inside[place[-1]] = options[name].value_of(typed)
    found = check_values(stage.keys, stage.names, values, options)
    if stage.check is not None:
        stage.check(found, Path, naming(options))
    return found


def locate_files(model: type[Keys], keys: Keys, locate: Locate) -> dict[str, Any]:
    """Values of keys; names of files are then seen from here, wherever the project file lies."""
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        value = getattr(keys, name)
        if any(isinstance(mark, Files) for mark in field.metadata) and value:
            names = [value] if isinstance(value, str) else value
            located = [str(locate(one).absolute()) for one in names]
            value = located[0] if isinstance(value, str) else located
        values[name] = value.model_dump() if isinstance(value, BaseModel) else value
    return values


def naming(options: Mapping[str, Option]) -> Where:
    """The option of a key, or of the key it is in."""

    def where(place: Sequence[Any]) -> str:
        fitting = (
            one.flag for one in options.values() if one.place == tuple(place[: len(one.place)])
        )
        return next(fitting, str(place[0]))

    return where


def check_values(
    model: type[OwnKeys],
    names: Sequence[str],
    values: Mapping[str, Any],
    options: Mapping[str, Option],
) -> OwnKeys:
    """Keys of these values.

    Raises
    ------
    ProjectError
        Some are wrong; the message names their options.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = explain(model, names, error.errors(), naming(options))
        raise ProjectError("\n".join(faults)) from error
