"""Commands around it: labels, export, formats, verify, info."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape

from ethoflow.cli.app import app
from ethoflow.cli.options import (
    Columns,
    Fps,
    Individuals,
    Links,
    Pickles,
    Repeats,
    Units,
    columns_of,
    options_of,
    rate_of,
)
from ethoflow.cli.screen import PARTIAL, Screen, err, out, plain_errors, print_table
from ethoflow.cli.shown import results_beside
from ethoflow.place import place

if TYPE_CHECKING:
    from ethoflow.store import Verified


@app.command()
def labels(
    files: Annotated[list[Path], typer.Argument(help="Files of scored behaviour.")],
    store: Annotated[
        str | None, typer.Option(help="The Zarr store of the tracks; without it files are listed.")
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
        float, typer.Option(help="By how much the clock of the scores is ahead, s.")
    ] = 0.0,
    since: Annotated[
        str,
        typer.Option(help="What scores count from: origin (of the video's clock), or tracks."),
    ] = "origin",
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", help="A column of a table of bouts: individual=Tier, ignore=a,b (repeat)."
        ),
    ] = None,
    background: Annotated[
        Literal["absent", "unlabelled"] | None,
        typer.Option(help="What background, none or other mean in labels frame by frame."),
    ] = None,
    group: Annotated[str, typer.Option(help="Where the labels go.")] = "labels/human",
) -> None:
    """List behaviour that people or programs scored, or write it beside the tracks of a store."""
    from ethoflow import pipeline
    from ethoflow.cli.stage_commands import check_reads
    from ethoflow.io.scoring import list_labels
    from ethoflow.stages import Job, find_stage
    from ethoflow.stages.scored import LABELS, ScoredKeys, Scoring, check_group
    from ethoflow.store import list_groups, writing

    with plain_errors():
        columns = columns_of(column)
        if store is None:
            for file in files:
                out.print(f"{file}:", markup=False)
                listed = list_labels(file, columns=columns, background=background)
                print_table(listed.drop(columns=["start", "stop"]))
            out.print(
                "\nnext: ethoflow labels FILES --store cohort.zarr, to set them on its frames"
            )
            return
        path = place(store)
        list_groups(path)
        job = Job(path, results_beside(path), Screen(), keep=True)
        stage = find_stage("scored")
        check_reads(stage, job)
        check_group(group)
        scoring = Scoring.model_construct(  # what is wrong with a value, its reader says
            files=[str(file) for file in files],
            fps=rate_of(fps),
            rater=rater,
            individual=individual,
            offset=offset,
            since=since,
            columns=columns,
            background=background,
        )
        with writing(path):
            pipeline.run(
                [(stage, ScoredKeys.model_construct(labels={group.removeprefix(LABELS): scoring}))],
                job,
            )
        out.print(f"\nwritten:\n{path}/{group}\nnext: ethoflow info {path}", markup=False)
    if job.left_out:
        raise typer.Exit(PARTIAL)


@app.command()
def export(
    store: Annotated[str, typer.Argument(help="The Zarr store, a folder or a URL.")],
    to: Annotated[
        str, typer.Option("--format", help="A format of `ethoflow formats`, or a word of its name.")
    ],
    out_folder: Annotated[Path, typer.Option("--out", help="Folder of the files.")] = Path(
        "export"
    ),
    group: Annotated[
        str | None,
        typer.Option(help="poses, tracks, labels/rules, ...; by default what the format takes."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files there.")] = False,
) -> None:
    """Write the recordings of a store in the format of another tool, a file each."""
    from ethoflow.exporting import export as write_files
    from ethoflow.exporting.declare import find_writer
    from ethoflow.exporting.groups import open_for

    with plain_errors():
        data, taken = open_for(place(store), find_writer(to), group)
        written = write_files(data, out_folder, format=to, overwrite=overwrite)
        out.print(f"taken: {taken}", markup=False)
        out.print(f"written: {len(written)} files in {out_folder}", markup=False)
        for file in written[:10]:
            out.print(str(file), markup=False)
        if len(written) > 10:
            out.print(f"... and {len(written) - 10} more", markup=False)
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
def verify(
    path: Annotated[str, typer.Argument(help="The Zarr store, a folder or a URL.")],
) -> None:
    """Say whether a store is what was written into it, to the byte, and up to date."""
    from ethoflow import store

    with plain_errors():
        with Screen().track("verifying") as progress:
            found = store.verify(path, progress)
        for fault in found.faults:
            err.print(f"[red]damaged:[/] {escape(str(fault))}")
        for reason in found.stale:
            err.print(f"[yellow]out of date:[/] {escape(reason)}")
        _conclude(path, found)
    if found.faults or found.stale:
        raise typer.Exit(1)


def _conclude(path: str, found: Verified) -> None:
    """What is to be done now."""
    looked = f"{path}: {found.n_chunks:,} chunks looked at"
    if not found.faults and not found.stale:
        out.print(f"{looked}, all are what was written\nnext: ethoflow info {path}", markup=False)
        return
    again = "next: run the command again that made it (ethoflow run, ingest, annotate)"
    out.print(
        f"{looked}, {len(found.faults)} faults\n{again}: what is damaged is made anew, as long as "
        "the tracking files are where they were",
        markup=False,
    )


@app.command()
def info(
    path: Annotated[str, typer.Argument(help="A tracking file, or a Zarr store.")],
    fps: Fps = None,
    individuals: Individuals = None,
    column: Columns = None,
    repeats: Repeats = "error",
    allow_pickle: Pickles = False,
    time_unit: Units = None,
    allow_links: Links = False,
) -> None:
    """Say what a tracking file or a store holds."""
    from ethoflow import information

    with plain_errors():
        options = options_of(individuals, column, repeats, allow_pickle, time_unit, allow_links)
        for line, table in information.describe(place(path), rate_of(fps), options):
            out.print(escape(line))
            if table is not None:
                print_table(table)
