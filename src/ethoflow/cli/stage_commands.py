"""The command of a stage, made from its declaration: its help, and an option for each key."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ValidationError

from ethoflow.cli.options import Scheduler
from ethoflow.cli.screen import PARTIAL, Screen, plain_errors
from ethoflow.cli.shown import print_made, print_next, results_beside
from ethoflow.cli.stage_options import options_of
from ethoflow.errors import DataError
from ethoflow.place import Place, place
from ethoflow.stages import Files, Job, Keys, ProjectError, Stage, explain, maker_of, stages


def commands_of_stages() -> dict[str, Any]:
    """A command for every stage that works on a store, by name, in the order in which they run."""
    return {one.command: _command(one) for one in stages() if one.reads}


def _command(stage: Stage) -> Any:
    own = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None, add_completion=False)
    own.command(stage.command, help=_help(stage))(_function(stage))
    return typer.main.get_command(own)


def _help(stage: Stage) -> str:
    reads = ", ".join([*stage.reads, *stage.uses])
    return f"{stage.summary}\n\nReads {reads}; writes {', '.join(stage.writes)}."


def _function(stage: Stage) -> Callable[..., None]:
    """What the command does, with the options it has as its signature."""
    options = options_of(stage.keys)

    def command(path: str, project: Path | None, scheduler: str | None, **typed: Any) -> None:
        given = {name: value for name, value in typed.items() if value not in (None, [])}
        with plain_errors():
            left_out = run_alone(stage, place(path), project, given, scheduler)
        if left_out:
            raise typer.Exit(PARTIAL)

    parameters = [
        _parameter(
            "path", Annotated[str, typer.Argument(help="The Zarr store, a folder or a URL.")]
        ),
        *(_parameter(name, one.as_parameter(), None) for name, one in options.items()),
        _parameter(
            "project",
            Annotated[Path | None, typer.Option(help="Take settings from a project file.")],
            None,
        ),
        _parameter("scheduler", Scheduler, None),
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> Any:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


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


def _with_options(
    stage: Stage, keys: Keys, given: Mapping[str, Any], locate: Callable[[str], Path]
) -> Keys:
    """The keys of a stage, those that were typed in place of the project's; all checked.

    Names of files are then seen from here, wherever the project file lies.
    """
    values: dict[str, Any] = {}
    for name, field in stage.keys.model_fields.items():
        value = getattr(keys, name)
        if any(isinstance(mark, Files) for mark in field.metadata) and value:
            names = [value] if isinstance(value, str) else value
            located = [str(locate(one).absolute()) for one in names]
            value = located[0] if isinstance(value, str) else located
        values[name] = value.model_dump() if isinstance(value, BaseModel) else value
    options = options_of(stage.keys)
    for name, typed in given.items():
        place, inside = options[name].place, values
        for part in place[:-1]:
            inside = inside[part]
        inside[place[-1]] = options[name].value_of(typed)

    def where(place: Sequence[Any]) -> str:
        """The option of a key, or of the key it is in."""
        fitting = (
            one.flag for one in options.values() if one.place == tuple(place[: len(one.place)])
        )
        return next(fitting, str(place[0]))

    try:
        found = stage.keys.model_validate(values)
    except ValidationError as error:
        faults = explain(stage.keys, stage.names, error.errors(), where)
        raise ProjectError("\n".join(faults)) from error
    if stage.check is not None:
        stage.check(found, Path, where)
    return found
