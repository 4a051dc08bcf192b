"""The command line itself: its name, its help, its version."""

from __future__ import annotations

from typing import Annotated

import typer

from ethoflow.cli.screen import out

app = typer.Typer(
    help="Animal behaviour as a dataflow: from tracking files to labels, tables and pictures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
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
