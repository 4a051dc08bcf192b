"""The command line: demo, init, run, ingest, annotate, labels, export, formats, info."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

app = typer.Typer(
    help="Animal behaviour as a dataflow: from tracking files to labels, tables and pictures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

PARTIAL = 3
"""Exit code when the work is done but some files were left out."""


class Screen:
    """Says what the steps find, and shows how far long ones are."""

    def say(self, text: str) -> None:
        """A finding."""
        out.print(escape(text))

    def warn(self, text: str) -> None:
        """Something left out."""
        err.print(f"[yellow]note:[/] {escape(text)}")

    @contextmanager
    def track(self, task: str) -> Iterator[Callable[[int, int], None]]:
        """A progress bar with an estimate of what is left."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Bar(*columns, console=err, transient=True) as bar:
            shown = bar.add_task(task, total=None)
            yield lambda done, total: bar.update(shown, completed=done, total=total)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Our own errors as a sentence and exit code 1; anything else is a bug and keeps its trace."""
    from ethoflow.schema import DataError
    from ethoflow.units import UnitError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_note  # type: ignore[assignment]
            yield
    except (DataError, UnitError, FileNotFoundError) as error:
        err.print(f"[red]error:[/] {escape(str(error))}")
        raise typer.Exit(1) from error
    except KeyError as error:
        err.print(f"[red]error:[/] {escape(str(error.args[0]))}")
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        err.print("stopped; what is finished is kept: the same command goes on from here")
        raise typer.Exit(130) from None


def _show_note(message: Warning | str, category: type[Warning], *where: Any) -> None:
    """What the package warns of is a note; what others warn of stays a warning."""
    if category.__module__.startswith("ethoflow"):
        err.print(f"[yellow]note:[/] {escape(str(message))}")
    else:
        err.print(escape(warnings.formatwarning(message, category, *where[:2])))


Scheduler = Annotated[
    str | None,
    typer.Option(help="threads, processes, or the address of a Dask scheduler; fits itself."),
]
Roles = Annotated[
    list[str] | None, typer.Option("--skeleton", help="A role by hand: centre=Spine_2 (repeat).")
]


def _pairs(items: list[str] | None, what: str) -> dict[str, str]:
    from ethoflow.schema import DataError

    pairs = {}
    for item in items or []:
        key, sign, value = item.partition("=")
        if not sign or not key or not value:
            raise DataError(f"cannot read {what} {item!r}: write it as name=value.")
        pairs[key.strip()] = value.strip()
    return pairs


@app.command()
def demo(
    out_folder: Annotated[Path, typer.Option("--out", help="Folder for files and results.")] = Path(
        "ethoflow-demo"
    ),
    scheduler: Scheduler = None,
) -> None:
    """A simulated cohort of mice, from tracker files to results, in a minute."""
    from ethoflow import demonstration

    with plain_errors():
        project = demonstration.make_files(out_folder, Screen())
        _run(project, scheduler)
        agreement = demonstration.compare_with_truth(out_folder)
        out.print("\nAgreement with what the simulated mice were told to do:")
        _print_table(agreement)
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
        path = template.write_project(folder, fps)
        out.print(
            f"wrote {path}\nnext: look through it (tracks, fps, arena), then `ethoflow run {path}`",
            markup=False,
        )


@app.command()
def run(
    project: Annotated[Path, typer.Argument(help="The project file.")],
    scheduler: Scheduler = None,
) -> None:
    """The whole way of one project file; goes on where it was stopped."""
    with plain_errors():
        problems = _run(project, scheduler)
    if problems:
        raise typer.Exit(PARTIAL)


def _run(file: Path, scheduler: str | None) -> int:
    from ethoflow import pipeline
    from ethoflow.engine.schedule import use_scheduler
    from ethoflow.project import load_project

    project, screen = load_project(file), Screen()
    path = project.results / "cohort.zarr"
    project.results.mkdir(parents=True, exist_ok=True)
    files = [str(project.path(pattern)) for pattern in project.tracks]
    with use_scheduler(scheduler, pipeline.estimate_frames(files)):
        problems = pipeline.ingest(
            files,
            path,
            screen,
            fps=project.fps,
            metadata=None if project.metadata is None else str(project.path(project.metadata)),
            skeleton=project.skeleton,
            resample_fps=project.resample_fps,
            options=project.options(),
        )
    settings = pipeline.Settings(
        arena=project.arenas(),
        px_per_mm=project.px_per_mm,
        skeleton=project.skeleton,
        clean=project.clean.model_dump(),
        features=project.features,
        rules=project.rules,
        parameters=project.parameters,
    )
    budget = _annotate(path, settings, scheduler, screen, project.results)
    pictures = pipeline.draw_pictures(
        path, project.results / "pictures", screen, most=project.pictures.recordings
    )
    for picture in pictures:
        out.print(str(picture), markup=False)
    if budget is not None:
        _print_budget(budget)
    _print_next(path, problems, "look at the pictures, ")
    return problems


def _annotate(
    path: Path,
    settings: Any,
    scheduler: str | None,
    screen: Screen,
    folder: Path,
    *,
    calibrated: bool = True,
) -> Any:
    """Poses, features, labels and tables of one store; gives the budget when there are labels."""
    from ethoflow import pipeline
    from ethoflow.engine.schedule import use_scheduler
    from ethoflow.engine.source import open_store

    tracks = open_store(path, "tracks")
    frames = int(tracks.n_frames.sum()) * tracks.sizes["individual"]
    with use_scheduler(scheduler, frames):
        if calibrated or not pipeline.keep_poses(path, screen):
            pipeline.make_poses(path, settings, screen)
        pipeline.make_features(path, settings, screen)
        labels = pipeline.make_labels(path, settings, screen)
        out.print(f"\nwritten:\n{path}", markup=False)
        if labels is None:
            pipeline.remove_tables(folder / "tables")
            return None
        budget, tables = pipeline.write_tables(labels, folder / "tables")
    for table in tables:
        out.print(str(table), markup=False)
    return budget


Fps = Annotated[
    str | None, typer.Option(help="Frames per second, or 'video': that of the videos beside.")
]
Individuals = Annotated[
    str | None, typer.Option(help="Animals by name, or by prefix of their body parts: B,W.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="A column of a plain table: x=pos_x or nose=nx,ny (repeat)."),
]
Repeats = Annotated[str, typer.Option(help="Row that counts where a frame is twice: first, last.")]
Pickles = Annotated[
    bool, typer.Option("--allow-pickle", help="Open Python pickles, which can run any code.")
]


def _options(
    individuals: str | None, columns: list[str] | None, repeats: str, allow_pickle: bool
) -> Any:
    from ethoflow.io.options import Options

    mapped = {
        key: value.split(",") if "," in value else value
        for key, value in _pairs(columns, "--column").items()
    }
    names = individuals.split(",") if individuals else None
    return Options.of(names, mapped or None, repeats, allow_pickle)  # type: ignore[arg-type]


def _rate(fps: str | None) -> Any:
    from ethoflow.schema import DataError

    if fps is None or fps == "video":
        return fps
    value = _fraction(fps)
    if isinstance(value, str):
        raise DataError(f"--fps must be a number of frames per second or 'video', found {fps!r}.")
    return value


@app.command()
def ingest(
    files: Annotated[list[str], typer.Argument(help="Tracking files or patterns.")],
    out_store: Annotated[Path, typer.Option("--out", help="The Zarr store.")] = Path("cohort.zarr"),
    fps: Fps = None,
    metadata: Annotated[
        str | None, typer.Option(help="CSV, TSV or Excel with a row per recording.")
    ] = None,
    resample_fps: Annotated[
        float | None, typer.Option(help="Bring all recordings to this frame rate.")
    ] = None,
    individuals: Individuals = None,
    skeleton: Roles = None,
    column: Columns = None,
    repeats: Repeats = "error",
    allow_pickle: Pickles = False,
    scheduler: Scheduler = None,
) -> None:
    """Read tracking files into a Zarr store; broken ones are reported and left out."""
    from ethoflow import pipeline
    from ethoflow.engine.schedule import use_scheduler
    from ethoflow.engine.source import open_store
    from ethoflow.schema import as_dataset, position_units

    with plain_errors():
        options = _options(individuals, column, repeats, allow_pickle)
        with use_scheduler(scheduler, pipeline.estimate_frames(files)):
            problems = pipeline.ingest(
                files,
                out_store,
                Screen(),
                fps=_rate(fps),
                metadata=metadata,
                skeleton=_pairs(skeleton, "--skeleton"),
                resample_fps=resample_fps,
                options=options,
            )
        in_px = position_units(as_dataset(open_store(out_store, "tracks"))) == "px"
        scale = " --arena 'circle X Y RADIUS px = 380 mm' (or --px-per-mm 3.2)" if in_px else ""
        out.print(
            f"\nwritten:\n{out_store}\nnext: ethoflow annotate {out_store}{scale}", markup=False
        )
    if problems:
        raise typer.Exit(PARTIAL)


@app.command()
def annotate(
    path: Annotated[Path, typer.Argument(help="The Zarr store.")],
    px_per_mm: Annotated[float | None, typer.Option(help="Pixels per millimetre.")] = None,
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
    with plain_errors():
        settings = _settings(px_per_mm, arena, project, rules, rule_file, settings_of, skeleton)
        given = any(item is not None for item in (px_per_mm, arena, project, skeleton))
        folder = path.parent / f"{path.stem}_results"
        budget = _annotate(path, settings, scheduler, Screen(), folder, calibrated=given)
        if budget is not None:
            _print_budget(budget)
        _print_next(path, 0)


def _settings(
    px_per_mm: float | None,
    arena: str | None,
    project: Path | None,
    rules: str | None,
    rule_files: list[Path] | None,
    given: list[str] | None,
    skeleton: list[str] | None,
) -> Any:
    from ethoflow import pipeline
    from ethoflow.engine import load_rules
    from ethoflow.geometry.arena import parse_arena
    from ethoflow.project import Project, load_project

    base = Project(tracks=["-"]) if project is None else load_project(project)
    own = [rule.name for file in rule_files or [] for rule in load_rules(file)]
    names = [*(rules.split(",") if rules else base.rules or []), *own]
    parameters = {rule: dict(values) for rule, values in base.parameters.items()}
    for key, value in _pairs(given, "--set").items():
        rule, _, name = key.partition(".")
        parameters.setdefault(rule, {})[name] = _number(value)
    return pipeline.Settings(
        arena=base.arenas() if arena is None else parse_arena(arena),
        px_per_mm=base.px_per_mm if px_per_mm is None else px_per_mm,
        skeleton={**base.skeleton, **_pairs(skeleton, "--skeleton")},
        clean=base.clean.model_dump(),
        features=base.features,
        rules=names or None,
        parameters=parameters,
    )


def _fraction(text: str) -> float | str:
    """A rate as people write it: 29.97 or 30000/1001."""
    numbers = [_number(part) for part in text.split("/")]
    if len(numbers) == 2 and all(isinstance(number, float) for number in numbers) and numbers[1]:
        return float(numbers[0]) / float(numbers[1])
    return _number(text)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


@app.command()
def labels(
    files: Annotated[list[Path], typer.Argument(help="Files of scored behaviour.")],
    store: Annotated[
        Path | None, typer.Option(help="The Zarr store of the tracks; without it files are listed.")
    ] = None,
    rater: Annotated[
        str | None, typer.Option(help="Whose scores, where there are several.")
    ] = None,
    individual: Annotated[
        str | None, typer.Option(help="About which animal, where the tracks have only one.")
    ] = None,
    fps: Annotated[
        str | None, typer.Option(help="Rate of frame numbers, where the file does not state it.")
    ] = None,
    offset: Annotated[
        float, typer.Option(help="Time of the scores at the first frame of the tracks, s.")
    ] = 0.0,
    group: Annotated[str, typer.Option(help="Where the labels go.")] = "labels/human",
) -> None:
    """List behaviour that people or programs scored, or write it beside the tracks of a store."""
    from ethoflow import pipeline
    from ethoflow.io.scoring import list_labels

    with plain_errors():
        if store is None:
            for file in files:
                out.print(f"{file}:", markup=False)
                _print_table(list_labels(file).drop(columns=["start", "stop"]))
            out.print(
                "\nnext: ethoflow labels FILES --store cohort.zarr, to set them on its frames"
            )
            return
        problems = pipeline.add_labels(
            files, store, Screen(), fps=_rate(fps), rater=rater, individual=individual,
            offset=offset, group=group,
        )  # fmt: skip
        out.print(f"\nwritten:\n{store}/{group}\nnext: ethoflow info {store}", markup=False)
    if problems:
        raise typer.Exit(PARTIAL)


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="The Zarr store.")],
    to: Annotated[
        str, typer.Option("--format", help="A format of `ethoflow formats`, or a word of its name.")
    ],
    out_folder: Annotated[Path, typer.Option("--out", help="Folder of the files.")] = Path(
        "export"
    ),
    group: Annotated[str, typer.Option(help="poses, tracks, labels/rules, ...")] = "tracks",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files there.")] = False,
) -> None:
    """Write the recordings of a store in the format of another tool, a file each."""
    from ethoflow.engine.source import open_store
    from ethoflow.exporting import export as write_files

    with plain_errors():
        data = open_store(path, group)
        written = write_files(data, out_folder, format=to, overwrite=overwrite)
        out.print(f"written: {len(written)} files in {out_folder}", markup=False)
        for file in written[:10]:
            out.print(str(file), markup=False)
        out.print(f"\nnext: `ethoflow info '{written[0]}'` reads one again, or open it in its tool")


@app.command()
def formats() -> None:
    """List the formats that are read and written."""
    from ethoflow.exporting.declare import writers
    from ethoflow.io.reader import readers
    from ethoflow.io.scoring.declare import label_readers

    read = [(reader.name, reader.extra) for reader in readers()]
    scored = [(reader.name, reader.extra) for reader in label_readers()]
    written = [(writer.name, writer.extra) for writer in writers().values()]
    for title, listed in (
        ("Tracks that are read", read),
        ("Scored behaviour that is read", scored),
        ("Files that are written", written),
    ):
        out.print(f"\n{title}:")
        for name, extra in listed:
            needs = f'  (pip install "ethoflow[{extra}]")' if extra else ""
            out.print(f"  {name}{needs}", markup=False)
    out.print("\nnext: `ethoflow info FILE` says what a file is; formats are known by content")


@app.command()
def info(
    path: Annotated[Path, typer.Argument(help="A tracking file or a Zarr store.")],
    fps: Fps = None,
    individuals: Individuals = None,
    column: Columns = None,
    repeats: Repeats = "error",
    allow_pickle: Pickles = False,
) -> None:
    """Say what a tracking file or a store holds."""
    from ethoflow import information

    with plain_errors():
        options = _options(individuals, column, repeats, allow_pickle)
        for line, table in information.describe(path, _rate(fps), options):
            out.print(escape(line))
            if table is not None:
                _print_table(table)


def _print_budget(budget: Any) -> None:
    """The mean share of each behaviour over animals (or pairs), by recording when there are few."""
    shown = budget.groupby("behaviour", sort=False).agg(
        animals=("share", "size"), share=("share", "mean"), bouts=("n_bouts", "sum"),
        mean_bout_s=("mean_bout", "mean"),
    )  # fmt: skip
    out.print("\nTime budget (mean over animals or pairs; share of the observed time):")
    _print_table(shown.reset_index())


def _print_table(frame: Any) -> None:
    table = Table(box=None, pad_edge=False)
    for column in frame.columns:
        numeric = frame[column].dtype.kind in "iuf"
        table.add_column(str(column), justify="right" if numeric else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*(escape(_cell(value)) for value in row))
    out.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def _print_next(path: Path, problems: int, pictures: str = "") -> None:
    if problems:
        err.print(f"[yellow]note:[/] {problems} files were left out: see above")
    out.print(
        f"\nnext: {pictures}open it with ef.open('{path}'), or `ethoflow info {path}`",
        markup=False,
    )


def _show_version(asked: bool) -> None:
    if asked:
        from ethoflow import __version__

        out.print(f"ethoflow {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point."""
    sys.exit(app())
