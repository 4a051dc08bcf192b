"""What commands show: findings, notes, errors in a sentence, progress, small tables."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape

# In a notebook commands print as they do in a shell: not a block of HTML for every message.
out = Console(highlight=False, soft_wrap=True, force_jupyter=False)

err = Console(stderr=True, highlight=False, soft_wrap=True, force_jupyter=False)

PARTIAL = 3
"""Exit code when the work is done but some files were left out."""


class Screen:
    """Says what the steps find, and shows how far long ones are; keeps what is found, in order."""

    def __init__(self) -> None:
        self.said: list[list[str]] = []

    def say(self, text: str, did: str = "") -> None:
        """A finding, and what was done for it, which is not kept."""
        out.print(escape(text + did))
        if text:
            self.said.append(["say", text])

    def warn(self, text: str) -> None:
        """Something left out."""
        err.print(f"[yellow]note:[/] {escape(text)}")
        self.said.append(["warn", text])

    def say_again(self, said: Sequence[Sequence[str]]) -> None:
        """What another screen kept."""
        for kind, text in said:
            (self.warn if kind == "warn" else self.say)(text)

    @contextmanager
    def track(self, task: str) -> Iterator[Callable[[int, int], None]]:
        """A progress bar with an estimate of what is left."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        # Rich takes what shows colours for a terminal, as a notebook does that keeps every redraw.
        still = not err.file.isatty()
        with Bar(*columns, console=err, transient=True, disable=still) as bar:
            shown = bar.add_task(task, total=None)
            yield lambda done, total: bar.update(shown, completed=done, total=total)


@contextmanager
def plain_errors() -> Iterator[list[str]]:
    """Our own errors, and those of files, as a sentence and exit code 1.

    Anything else is a bug and keeps its trace. Gives the list of the warnings that were shown.
    """
    from ethoflow.disk import reason_of, refusal
    from ethoflow.errors import FEWER
    from ethoflow.schema import DataError
    from ethoflow.units import UnitError

    shown: list[str] = []

    def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
        shown.append(str(message))
        _show_note(message, category, *where)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = show  # type: ignore[assignment]
            yield shown
    except MemoryError as error:
        said = f"the memory of this machine was not enough ({error or 'no more is given'})"
        err.print(f"[red]error:[/] {escape(said)}. {FEWER}")
        raise typer.Exit(1) from error
    except (DataError, UnitError) as error:
        err.print(f"[red]error:[/] {escape(str(error))}")
        raise typer.Exit(1) from error
    except OSError as error:
        number = reason_of(error)
        known = number is not None and error.filename is not None
        said = refusal(number, error.filename) if known else _explain(error)  # type: ignore[arg-type]
        err.print(f"[red]error:[/] {escape(said)}")
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        err.print(
            "stopped; what is finished in a store is kept: the same command goes on from here"
        )
        raise typer.Exit(130) from None


def _explain(error: OSError) -> str:
    """What the system refused, where, and what to do about it."""
    if error.filename is None or error.strerror is None:
        return str(error)
    way = {
        errno.ENOENT: "a folder on the way is not there",
        errno.ENOTDIR: "a part of the path is a file where a folder is needed",
        errno.EEXIST: "something else lies there",
        errno.EISDIR: "it is a folder where a file is needed",
        errno.EACCES: "you may not use it",
        errno.EPERM: "you may not use it",
        errno.EROFS: "the disk can only be read",
        errno.ENOSPC: "the disk is full",
        errno.ENAMETOOLONG: "the name is too long for this disk",
    }.get(error.errno or 0, error.strerror)
    return f"{error.filename} cannot be used: {way}. Choose another place."


def _show_note(message: Warning | str, category: type[Warning], *where: Any) -> None:
    """What the package warns of is a note; what others warn of stays a warning."""
    if category.__module__.startswith("ethoflow"):
        err.print(f"[yellow]note:[/] {escape(str(message))}")
    else:
        err.print(escape(warnings.formatwarning(message, category, *where[:2])))


def print_table(frame: Any) -> None:
    """A table of pandas in columns."""
    print_columns({str(column): frame[column].tolist() for column in frame.columns})


def print_columns(columns: Mapping[str, Sequence[Any]]) -> None:
    """The same of columns by name."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name, cells in columns.items():
        numeric = bool(cells) and all(type(cell) in (int, float) for cell in cells)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in zip(*columns.values(), strict=True):
        table.add_row(*(escape(_cell(value)) for value in row))
    out.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)
