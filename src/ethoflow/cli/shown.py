"""What a run or a stage made, as the command line lists it at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ethoflow.cli.screen import err, out, print_columns
from ethoflow.errors import DataError
from ethoflow.place import Place, Url

MOST_FILES = 8
"""Files of a folder that are listed by name."""


VIDEOS = "videos"
"""Folder of the videos among the results."""


def results_beside(path: Place) -> Path:
    """Folder of the results of a store that no project made."""
    return (Path() if isinstance(path, Url) else path.parent) / f"{path.stem}_results"


def refuse_there(files: Sequence[Path], *, overwrite: bool, note: str = "") -> None:
    """Refuse to replace files that nobody said may be; `note` is what else is known of them.

    Raises
    ------
    DataError
        One is there.
    """
    there = [file for file in files if file.exists()]
    if there and not overwrite:
        raise DataError(
            f"{there[0]} is there already{note}: give --overwrite, or another place (--out)."
        )


def print_made(
    path: Place,
    results: Path,
    files: Mapping[str, Sequence[str]],
    tables: Mapping[str, Mapping[str, Sequence[Any]]],
) -> None:
    """The store, the files by folder of the results, and tables by title."""
    out.print(f"\nwritten:\n{path}", markup=False)
    for folder, names in files.items():
        for name in names[:MOST_FILES]:
            out.print(str(results / folder / name), markup=False)
        if len(names) > MOST_FILES:
            more = f"... and {len(names) - MOST_FILES} more in {results / folder}"
            out.print(more, markup=False)
    for title, columns in tables.items():
        out.print(f"\n{title}:", markup=False)
        print_columns(columns)


def print_next(path: Place, left_out: int, first: str = "") -> None:
    """What to do now."""
    if left_out:
        err.print(f"[yellow]note:[/] {left_out} files were left out: see above")
    out.print(
        f"\nnext: {first}open it with ef.open('{path}'), or `ethoflow info {path}`",
        markup=False,
    )
