"""The command that prints how a group is made again: recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ethoflow.cli.app import app
from ethoflow.cli.screen import PARTIAL, err, out, plain_errors


@app.command()
def recipe(
    path: Annotated[str, typer.Argument(help="The Zarr store, a folder or a URL.")],
    group: Annotated[
        str | None, typer.Argument(help="The group; the last one that a run makes by default.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--out", help="Write project.yaml and your files of rules into this folder."),
    ] = None,
) -> None:
    """Print the project file that makes a group again, and the rules of your own it was made by."""
    from ethoflow.remaking import remake

    with plain_errors():
        found = remake(path, group)
        if folder is None:
            typer.echo(found.shown, nl=False)  # as it is, whatever signs it has
        else:
            for file in found.save(folder):
                out.print(f"wrote {file}", markup=False)
        for line in found.unknown:
            err.print(line, markup=False)
    if found.unknown:
        raise typer.Exit(PARTIAL)
