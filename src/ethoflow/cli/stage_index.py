"""Which stages have commands, read from their files without importing what they need."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

PACKAGE = "ethoflow.stages"


class StageCommand(TyperCommand):
    """The name and first line of a stage; its options come in when it is asked for them."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """The context of the command that the declaration makes, which takes its place."""
        from ethoflow.cli.stage_commands import commands_of_stages

        return commands_of_stages()[str(self.name)].make_context(*arguments, **options)


class RowCommand(TyperCommand):
    """The same of a command that runs a row of stages."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """The context of the command with the options of these stages, which takes its place."""
        from ethoflow.cli.stage_rows import command_of_row

        made = command_of_row(str(self.name), self.help or "")
        return made.make_context(*arguments, **options)


def index_stages() -> dict[str, str]:
    """What each command of a stage makes, by name, as far as the files say it outright.

    Examples
    --------
    >>> index_stages()["poses"]
    'Positions calibrated and cleaned, in mm where there is a scale.'
    """
    spec = find_spec(PACKAGE)
    folders = [] if spec is None else spec.submodule_search_locations or []
    files = [file for folder in folders for file in sorted(Path(folder).glob("*.py"))]
    return dict(entry for file in files for entry in _stages_in(file))


def _stages_in(file: Path) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # said when the stages are imported
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            said = (ast.get_docstring(node) or "").partition("\n")[0]
            yield from ((name, said) for name in _commands_of(node))


def _commands_of(function: ast.FunctionDef) -> Iterator[str]:
    """The command that a declaration above a function makes, where that reads something."""
    for call in function.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == "stage":
            given = {item.arg: item.value for item in call.keywords}
            name = given.get("command", ast.Constant(function.name))
            if "reads" in given and isinstance(name, ast.Constant):
                yield str(name.value)
