"""Commands of the main job: demo, init, run, ingest, annotate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

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
    names_of,
    options_of,
    pairs_of,
    rate_of,
    thresholds_of,
)
from ethoflow.cli.screen import (
    PARTIAL,
    Screen,
    err,
    out,
    plain_errors,
    print_columns,
    print_table,
)
from ethoflow.place import Place, Url, local_path, place
from ethoflow.unchanged import STORE, Shown, project_digest, results_of, unchanged

if TYPE_CHECKING:
    from ethoflow.project import Project

Budget: TypeAlias = dict[str, list[Any]]

MOST_PICTURES = 8
"""Pictures that are listed by name."""
"""Columns of the time budget over all animals."""


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
    _print_written(folder / STORE, [folder / "tables" / name for name in last.tables])
    _print_results([folder / "pictures" / name for name in last.pictures], last.budget)
    _print_next(folder / STORE, 0, "look at the pictures, ")


def _run(
    file: Path, scheduler: str | None, begun: int | None = None, warned: Sequence[str] = ()
) -> int:
    """A run; leaves a note of it where the process has `begun` with it and nothing was `warned`."""
    from ethoflow.last_run import Watch
    from ethoflow.project import load_project
    from ethoflow.store import writing

    content = project_digest(file)
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

    files = [str(project.path(pattern)) for pattern in project.tracks]
    with use_scheduler(scheduler):
        problems = pipeline.ingest(
            files,
            path,
            screen,
            fps=project.fps,
            metadata=[str(project.path(name)) for name in project.metadata],
            empty_groups=project.empty_groups,
            skeleton=project.skeleton,
            resample_fps=project.resample_fps,
            options=project.options(),
            keep=False,
        )
    settings = pipeline.Settings(
        arena=project.arenas(),
        px_per_mm=project.px_per_mm,
        skeleton=project.skeleton,
        clean=project.clean.model_dump(),
        features=project.features,
        rules=project.rules,
        own_rules=project.own_rules(),
        parameters=project.parameters,
    )
    budget, tables = _annotate(path, settings, scheduler, screen, project.results, keep=False)
    pictures = pipeline.draw_pictures(
        path, project.results / "pictures", screen, most=project.pictures.recordings
    )
    _print_results(pictures, budget)
    _print_next(path, problems, "look at the pictures, ")
    of_tables, of_pictures = ([file.name for file in files] for files in (tables, pictures))
    return problems, Shown(screen.said, of_tables, of_pictures, budget)


def _print_written(path: Place, tables: Sequence[Path]) -> None:
    out.print(f"\nwritten:\n{path}", markup=False)
    for table in tables:
        out.print(str(table), markup=False)


def _print_results(pictures: Sequence[Path], budget: Budget | None) -> None:
    for picture in pictures[:MOST_PICTURES]:
        out.print(str(picture), markup=False)
    if len(pictures) > MOST_PICTURES:
        more = f"... and {len(pictures) - MOST_PICTURES} more in {pictures[0].parent}"
        out.print(more, markup=False)
    if budget is not None:
        _print_budget(budget)


def _annotate(
    path: Place,
    settings: Any,
    scheduler: str | None,
    screen: Screen,
    folder: Path,
    *,
    keep: bool,
    calibrated: bool = True,
) -> tuple[Budget | None, list[Path]]:
    """Poses, features, labels and tables of one store; gives the budget, if there are labels."""
    from ethoflow import pipeline
    from ethoflow.engine.schedule import use_scheduler

    with use_scheduler(scheduler):
        if calibrated or not pipeline.keep_poses(path, screen):
            pipeline.make_poses(path, settings, screen)
        skipped = pipeline.make_features(path, settings, screen)
        budget: Budget | None = None
        tables: list[Path] = []
        if pipeline.make_labels(path, settings, screen, keep=keep, skipped=skipped) is None:
            pipeline.remove_tables(folder / "tables")
        else:
            means, tables = pipeline.write_tables(path, folder / "tables", screen)
            budget = {str(name): means[name].tolist() for name in means}
    _print_written(path, tables)
    return budget, tables


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
    from ethoflow.engine.source import open_store
    from ethoflow.schema import as_dataset, position_units

    with plain_errors():
        options = options_of(individuals, column, repeats, allow_pickle, time_unit, allow_links)
        path = place(out_store)
        with use_scheduler(scheduler):
            problems = pipeline.ingest(
                files,
                path,
                Screen(),
                fps=rate_of(fps),
                metadata=metadata or [],
                empty_groups=empty_groups,  # type: ignore[arg-type]
                skeleton=pairs_of(skeleton, "--skeleton"),
                resample_fps=resample_fps,
                options=options,
            )
        in_px = position_units(as_dataset(open_store(path, "tracks"))) == "px"
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
    from ethoflow.store import list_groups, writing

    with plain_errors():
        path = place(store)
        list_groups(path)
        _check_tracks(path)
        settings = _settings(px_per_mm, arena, project, rules, rule_file, settings_of, skeleton)
        given = any(item is not None for item in (px_per_mm, arena, project, skeleton))
        folder = (Path() if isinstance(path, Url) else path.parent) / f"{path.stem}_results"
        with writing(path):
            budget, _ = _annotate(
                path, settings, scheduler, Screen(), folder,
                keep=settings.rules is not None, calibrated=given,
            )  # fmt: skip
        if budget is not None:
            _print_budget(budget)
        _print_next(path, 0)


def _check_tracks(path: Place) -> None:
    from ethoflow.errors import DataError
    from ethoflow.store import has_data

    if not has_data(path, "tracks"):
        raise DataError(f"{path} has no tracks to label: `ethoflow ingest` writes them there.")


def _is_rule(declaration: Any) -> bool:
    return bool(declaration.kind == "behaviour")


def _settings(
    px_per_mm: str | None,
    arena: str | None,
    project: Path | None,
    rules: str | None,
    rule_files: list[Path] | None,
    given: list[str] | None,
    skeleton: list[str] | None,
) -> Any:
    from ethoflow import pipeline
    from ethoflow.engine import drop_project_rules, load_project_rules
    from ethoflow.geometry.arena import parse_arena
    from ethoflow.project import Project, load_project
    from ethoflow.project_checks import check_rules, check_skeleton

    drop_project_rules()
    base = Project(tracks=["-"]) if project is None else load_project(project)
    files = [file.absolute() for file in rule_files or []]
    own = [rule.name for file in files for rule in load_project_rules(file) if _is_rule(rule)]
    named = names_of(rules, "--rules")
    names = [*(base.rules or [] if named is None else named), *own]
    parameters = {rule: dict(values) for rule, values in base.parameters.items()}
    for rule, name, value in thresholds_of(given):
        parameters.setdefault(rule, {})[name] = value
    asked = {
        "rules": list(dict.fromkeys(names)) or None,
        "rule_files": [*(str(base.path(file)) for file in base.rule_files), *map(str, files)],
        "parameters": parameters,
        "skeleton": {**base.skeleton, **pairs_of(skeleton, "--skeleton")},
    }
    base = base.model_copy(update={**asked, "folder": Path()})
    options = {"rules": "--rules", "rule_files": "--rule-file", "parameters": "--set"}
    check_rules(base, lambda place: options.get(str(place[0]), str(place[0])))
    check_skeleton(base, lambda place: "--skeleton")
    return pipeline.Settings(
        arena=base.arenas() if arena is None else parse_arena(arena),
        px_per_mm=base.px_per_mm if px_per_mm is None else px_per_mm,
        skeleton=base.skeleton,
        clean=base.clean.model_dump(),
        features=base.features,
        rules=base.rules,
        own_rules=base.own_rules(),
        parameters=base.parameters,
    )


def _print_budget(budget: Budget) -> None:
    """The mean share of each behaviour over animals (or pairs)."""
    out.print("\nTime budget (means over animals or pairs; share of observed time; bouts of all):")
    print_columns(budget)


def _print_next(path: Place, problems: int, pictures: str = "") -> None:
    if problems:
        err.print(f"[yellow]note:[/] {problems} files were left out: see above")
    out.print(
        f"\nnext: {pictures}open it with ef.open('{path}'), or `ethoflow info {path}`",
        markup=False,
    )
