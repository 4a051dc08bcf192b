"""The command that tries a user's own functions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ethoflow.cli.app import app
from ethoflow.cli.screen import out, plain_errors


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Python files of rules, features, steps.")],
) -> None:
    """Try functions of your own in blocks, twice, on little data: say what is wrong with them."""
    from ethoflow.checking import check as find_faults
    from ethoflow.engine import load_rules

    faulty = 0
    with plain_errors():
        for file in files:
            for declaration in load_rules(file):
                found = find_faults(declaration)
                faulty += bool(found)
                out.print(f"{declaration.name}:{'' if found else ' holds'}", markup=False)
                for sentence in found:
                    out.print(f"  {sentence}", markup=False)
    if faulty:
        raise typer.Exit(1)
    out.print(f"\nnext: ethoflow annotate STORE --rule-file {files[0]}", markup=False)
