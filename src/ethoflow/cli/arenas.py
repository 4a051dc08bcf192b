"""The command that finds arenas in videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ethoflow.cli.app import app
from ethoflow.cli.screen import Screen, out, plain_errors


@app.command()
def arenas(
    videos: Annotated[list[Path], typer.Argument(help="Videos.")],
    to: Annotated[Path, typer.Option("--out", help="The table that is written.")] = Path(
        "arenas.csv"
    ),
    size: Annotated[
        str | None,
        typer.Option(
            help="Diameter, first side, or both sides of the arena: '38 cm', '40 x 30 cm'."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a table there.")] = False,
) -> None:
    """Find the arenas in videos: a table for the key `arena`, and pictures to look at."""
    from ethoflow.geometry.in_videos import find_arenas

    with plain_errors():
        with Screen().track("looking at videos") as progress:
            table, pictures = find_arenas(
                videos, to, size=size, overwrite=overwrite, progress=progress
            )
        for row in table.itertuples():
            told = str(row.arena) or f"not sure enough ({row.note})"
            out.print(f"{row.recording}: confidence {row.confidence:.2f}: {told}", markup=False)
        out.print(
            f"written: {to}, pictures in {pictures}\nnext: look at the pictures, write or mend the "
            f"column arena by hand, then 'arena: {to.name}' in the project file",
            markup=False,
        )
