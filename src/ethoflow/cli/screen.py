"""What commands show: findings, notes, errors in a sentence, progress, small tables."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

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
    """Our own errors, and those of files, as a sentence and exit code 1.

    Anything else is a bug and keeps its trace.
    """
    from ethoflow.schema import DataError
    from ethoflow.units import UnitError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_note  # type: ignore[assignment]
            yield
    except (DataError, UnitError, OSError) as error:
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


def print_table(frame: Any) -> None:
    """A table of pandas in columns."""
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
