"""Commands of the main job: demo, init, run, ingest, annotate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ethoflow.cli.app import app
from ethoflow.cli.options import (
    Columns,
    EmptyGroups,
    Fps,
    Individuals,
    Links,
    Pickles,
    Repeats,
    Roles,
    Scheduler,
    Units,
    columns_of,
    names_of,
    pairs_of,
    rate_of,
    thresholds_of,
)
from ethoflow.cli.screen import (
    PARTIAL,
    Screen,
    out,
    plain_errors,
    print_table,
)
from ethoflow.cli.shown import print_made, print_next, results_beside
from ethoflow.place import Place, local_path, place
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


@app.command()
def ingest(
    files: Annotated[list[str], typer.Argument(help="Tracking files or patterns.")],
    out_store: Annotated[
        str, typer.Option("--out", help="The Zarr store, a folder or a URL.")
    ] = "cohort.zarr",
    fps: Fps = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option(help="CSV, TSV or Excel with a row per recording or animal (repeat)."),
    ] = None,
    empty_groups: EmptyGroups = "error",
    resample_fps: Annotated[
        float | None, typer.Option(help="Bring all recordings to this frame rate.")
    ] = None,
    individuals: Individuals = None,
    skeleton: Roles = None,
    column: Columns = None,
    repeats: Repeats = "error",
    allow_pickle: Pickles = False,
    time_unit: Units = None,
    allow_links: Links = False,
    scheduler: Scheduler = None,
) -> None:
    """Read tracking files into a Zarr store; broken ones are reported and left out."""
    from ethoflow import pipeline
    from ethoflow.engine.schedule import use_scheduler
    from ethoflow.schema import position_units
    from ethoflow.stages import Job, find_stage
    from ethoflow.stages.tracks import TracksKeys

    with plain_errors():
        keys = TracksKeys.model_construct(  # what is wrong with a value, its reader says
            tracks=files,
            fps=rate_of(fps),
            metadata=metadata or [],
            empty_groups=empty_groups,
            skeleton=pairs_of(skeleton, "--skeleton"),
            resample_fps=resample_fps,
            individuals=names_of(individuals, "--individuals"),
            columns=columns_of(column),
            repeats=repeats,
            allow_pickle=allow_pickle,
            time_unit=time_unit,
            allow_links=allow_links,
        )
        path = place(out_store)
        job = Job(path, results_beside(path), Screen(), keep=True)
        with use_scheduler(scheduler):
            pipeline.run([(find_stage("tracks"), keys)], job)
        problems, in_px = job.left_out, position_units(job.open("tracks")) == "px"
        scale = " --arena 'circle X Y RADIUS px = 380 mm' (or --px-per-mm 3.2)" if in_px else ""
        out.print(f"\nwritten:\n{path}\nnext: ethoflow annotate {path}{scale}", markup=False)
    if problems:
        raise typer.Exit(PARTIAL)


@app.command()
def annotate(
    store: Annotated[str, typer.Argument(help="The Zarr store, a folder or a URL.")],
    px_per_mm: Annotated[
        str | None,
        typer.Option(help="Pixels per millimetre: 3.2, '32 px/cm', or a column of the metadata."),
    ] = None,
    arena: Annotated[
        str | None,
        typer.Option(help="'circle X Y RADIUS px = 380 mm' or 'polygon X,Y ... px = 380 mm'."),
    ] = None,
    project: Annotated[Path | None, typer.Option(help="Take settings from a project file.")] = None,
    rules: Annotated[str | None, typer.Option(help="Names of rules: moving,climbing.")] = None,
    rule_file: Annotated[
        list[Path] | None, typer.Option(help="A Python file of rules (repeat).")
    ] = None,
    settings_of: Annotated[
        list[str] | None,
        typer.Option("--set", help="A threshold: moving.min_speed='80 px/s' (repeat)."),
    ] = None,
    skeleton: Roles = None,
    scheduler: Scheduler = None,
) -> None:
    """Calibrate, clean and label the tracks of a store; tables lie in STORE_results beside it."""
    from ethoflow import pipeline
    from ethoflow.engine.schedule import use_scheduler
    from ethoflow.errors import DataError
    from ethoflow.project import keys_of
    from ethoflow.stages import Job, find_stage, leading_to
    from ethoflow.stages.rules import RulesKeys
    from ethoflow.store import list_groups, writing

    with plain_errors():
        path = place(store)
        list_groups(path)
        job = Job(path, results_beside(path), Screen())
        if not job.has("tracks"):
            raise DataError(f"{path} has no tracks to label: `ethoflow ingest` writes them there.")
        asked = _settings(px_per_mm, arena, project, rules, rule_file, settings_of, skeleton)
        job.keep = keys_of(asked, RulesKeys).rules is not None
        job.asked = any(item is not None for item in (px_per_mm, arena, project, skeleton))
        some = [*leading_to("rules"), find_stage("tables")]
        with writing(path), use_scheduler(scheduler):
            made = pipeline.run([(stage, asked.keys_for(stage)) for stage in some], job)
        print_made(path, job.results, made.files, made.tables)
        print_next(path, 0)


def _settings(
    px_per_mm: str | None,
    arena: str | None,
    project: Path | None,
    rules: str | None,
    rule_files: list[Path] | None,
    given: list[str] | None,
    skeleton: list[str] | None,
) -> Project:
    """A project as it would be with the options that were typed in it, checked."""
    from ethoflow.engine import drop_project_rules, load_project_rules
    from ethoflow.geometry.arena import parse_arena
    from ethoflow.project import bare_project, keys_of, load_project
    from ethoflow.stages.poses import PosesKeys
    from ethoflow.stages.rules import RulesKeys, check_rules

    drop_project_rules()
    base = bare_project() if project is None else load_project(project)
    own_keys, poses = keys_of(base, RulesKeys), keys_of(base, PosesKeys)
    files = [file.absolute() for file in rule_files or []]
    own = [rule.name for file in files for rule in load_project_rules(file) if _is_rule(rule)]
    named = names_of(rules, "--rules")
    names = [*(own_keys.rules or [] if named is None else named), *own]
    parameters = {rule: dict(values) for rule, values in own_keys.parameters.items()}
    for rule, name, value in thresholds_of(given):
        parameters.setdefault(rule, {})[name] = value
    if arena is not None:
        parse_arena(arena)
    asked = {
        "rules": list(dict.fromkeys(names)) or None,
        "rule_files": [*(str(base.path(file)) for file in own_keys.rule_files), *map(str, files)],
        "parameters": parameters,
        "skeleton": {**own_keys.skeleton, **pairs_of(skeleton, "--skeleton")},
        "arena": poses.arena if arena is None else arena,
        "px_per_mm": poses.px_per_mm if px_per_mm is None else px_per_mm,
    }
    base = base.model_copy(update={**asked, "folder": Path()})
    options = {
        "rules": "--rules",
        "rule_files": "--rule-file",
        "parameters": "--set",
        "skeleton": "--skeleton",
    }
    check_rules(
        keys_of(base, RulesKeys), base.path, lambda place: options.get(str(place[0]), str(place[0]))
    )
    return base


def _is_rule(declaration: Any) -> bool:
    return bool(declaration.kind == "behaviour")
