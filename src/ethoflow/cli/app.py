"""The command line itself: its name, its help, its version."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ethoflow.cli.screen import out
from ethoflow.cli.stage_index import StageCommand, index_stages


class Commands(TyperGroup):
    """The commands that are written here, and one for every stage that has none of its own.

    Stages import much: their names are read from their files, and a stage is imported when its own
    command is asked for.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands."""
        self._name_stages()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by its name."""
        if cmd_name not in self.commands:
            self._name_stages()
        if cmd_name not in self.commands:
            self._import_stages()
        return super().get_command(ctx, cmd_name)

    def _name_stages(self) -> None:
        for name, said in index_stages().items():
            self.commands.setdefault(name, StageCommand(name, help=said, rich_markup_mode=None))

    def _import_stages(self) -> None:
        """Also those of which the file does not say outright how they are called."""
        from ethoflow.cli.stage_commands import commands_of_stages

        for name, command in commands_of_stages().items():
            self.commands.setdefault(name, command)


app = typer.Typer(
    cls=Commands,
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
