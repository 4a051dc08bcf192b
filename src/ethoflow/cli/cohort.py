"""Commands of the main job: demo, init, run, ingest, annotate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ethoflow.cli.app import app
from ethoflow.cli.options import Scheduler
from ethoflow.cli.screen import PARTIAL, Screen, out, plain_errors, print_table
from ethoflow.cli.shown import print_made, print_next
from ethoflow.cli.stage_index import RowCommand
from ethoflow.place import Place, local_path
from ethoflow.unchanged import STORE, Shown, content_digest, results_of, unchanged

if TYPE_CHECKING:
    from ethoflow.project import Project


@app.command()
def demo(
    out_folder: Annotated[Path, typer.Option("--out", help="Folder for files and results.")] = Path(
        "ethoflow-demo"
    ),
    scheduler: Scheduler = None,
) -> None:
    """A simulated cohort of mice, from tracker files to results, in a minute."""
    from ethoflow import demonstration
    from ethoflow.disk import writing_to

    with plain_errors():
        with writing_to(local_path(out_folder, "projects")):
            project = demonstration.make_files(out_folder, Screen())
        _run(project, scheduler)
        agreement = demonstration.compare_with_truth(out_folder)
        out.print("\nAgreement with what the simulated mice were told to do:")
        print_table(agreement)
        out.print(f"\nThe project file is {project}: change it, then `ethoflow run {project}`.")


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(help="Folder with tracking files; made if it is not there.")
    ] = Path("."),
    fps: Annotated[float | None, typer.Option(help="Frames per second of the videos.")] = None,
) -> None:
    """Write a project file to begin with."""
    from ethoflow import template

    with plain_errors():
        path, notes = template.write_project(folder, fps)
        for note in notes:
            out.print(note, markup=False)
        out.print(
            f"wrote {path}\nnext: look through it (tracks, fps, arena), then `ethoflow run {path}`",
            markup=False,
        )


@app.command()
def run(
    context: typer.Context,
    project: Annotated[Path, typer.Argument(help="The project file.")],
    scheduler: Scheduler = None,
) -> None:
    """The whole way of one project file; goes on where it was stopped."""
    begun: int | None = context.obj
    last = None if begun is None else unchanged(project)
    if last is not None:
        _show_again(project, last)
        return
    with plain_errors() as warned:
        problems = _run(project, scheduler, begun, warned)
    if problems:
        raise typer.Exit(PARTIAL)


def _show_again(file: Path, last: Shown) -> None:
    """The report of the last run, which is that of this one."""
    folder = results_of(file)
    assert folder is not None
    Screen().say_again(last.said)
    out.print("nothing to do: nothing has changed since the last run")
    print_made(folder / STORE, folder, last.files, last.tables)
    print_next(folder / STORE, 0, "look at the pictures, ")


def _run(
    file: Path, scheduler: str | None, begun: int | None = None, warned: Sequence[str] = ()
) -> int:
    """A run; leaves a note of it where the process has `begun` with it and nothing was `warned`."""
    from ethoflow.last_run import Watch
    from ethoflow.project import load_project
    from ethoflow.store import writing

    content = content_digest(file)
    project, screen = load_project(file), Screen()
    path = project.store
    project.results.mkdir(parents=True, exist_ok=True)
    with writing(path):
        watch = None if begun is None else Watch(file, project, content, begun)
        problems, shown = _run_project(project, path, scheduler, screen)
        if watch is not None and isinstance(path, Path) and not problems and not warned:
            watch.save(path, shown)
    return problems


def _run_project(
    project: Project, path: Place, scheduler: str | None, screen: Screen
) -> tuple[int, Shown]:
    from ethoflow import pipeline
    from ethoflow.engine.schedule import use_scheduler
    from ethoflow.stages import Job, stages

    job = Job(path, project.results, screen, folder=project.folder)
    with use_scheduler(scheduler):
        made = pipeline.run([(stage, project.keys_for(stage)) for stage in stages()], job)
    print_made(path, project.results, made.files, made.tables)
    print_next(path, job.left_out, "look at the pictures, ")
    return job.left_out, Shown(screen.said, made.files, made.tables)


@app.command(cls=RowCommand)
def ingest() -> None:
    """Read tracking files into a Zarr store; broken ones are reported and left out."""


@app.command(cls=RowCommand)
def annotate() -> None:
    """Calibrate, clean and label the tracks of a store; tables lie in STORE_results beside it."""
