"""Commands around it: labels, export, formats, verify, info."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    options_of,
    rate_of,
)
from ethoflow.cli.screen import Screen, err, out, plain_errors, print_table
from ethoflow.cli.stage_index import RowCommand
from ethoflow.place import place

if TYPE_CHECKING:
    from ethoflow.store import Verified


@app.command(cls=RowCommand)
def labels() -> None:
    """List behaviour that people or programs scored, or write it beside the tracks of a store."""


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
