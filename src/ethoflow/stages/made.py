"""What a stage gives: a group of the store, or files, and how they are made where that is needed.

A stage describes its results and makes none of them: whoever runs it writes what is missing or
stale, shows progress, and says what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import xarray as xr

from ethoflow.stages.keys import Keys

Find: TypeAlias = Callable[[xr.Dataset], Sequence[str]]


@dataclass(frozen=True)
class Group:
    """A group of the store.

    Parameters
    ----------
    data
        What goes into it: lazy, of which only stale blocks are computed; or a function that makes
        it, which is called only where what the stage reads or its keys have changed; or None, when
        there is nothing.
    found
        Sentences about the group once it is stored; the names of its variables by default. The
        first is followed by what was done.
    place
        Which group, where the stage writes several.
    keep
        Whether variables and recordings that are stored and not in `data` stay.
    drop
        Variables that go.
    keys
        Those that it rests on, where these are not all of the stage's.
    marks
        Attributes that the group has beside those of `data`; one that lacks them is not fresh.
    """

    data: xr.Dataset | Callable[[], xr.Dataset] | None
    found: Find | None = None
    place: str = ""
    keep: bool = False
    drop: Collection[str] = ()
    keys: Keys | None = None
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """Files that show one thing.

    Parameters
    ----------
    files
        Their names.
    make
        Makes what they show; called where one of them is not fresh.
    save
        Writes what was made to a path; what kind of file says its ending.
    source
        What it is made from, in a word that changes with it; all that the stage reads, and its
        keys, by default.
    note
        What a later run wants to know of what was made (JSON).
    without
        Names of the files that what was made leaves nothing to show in: they are not written.
    """

    files: Sequence[str]
    make: Callable[[], Any]
    save: Callable[[Any, Path], None]
    source: str = ""
    note: Callable[[Any], object] | None = None
    without: Callable[[Any], Collection[str]] | None = None


@dataclass(frozen=True)
class FileSet:
    """All files of a folder that a stage makes; others that it made before are taken away.

    Parameters
    ----------
    items
        What the files show.
    verb
        What is done to them: written, drawn.
    shows
        Notes of files that are shown as tables at the end of a run, by title.
    place
        Which folder, where the stage writes several.
    """

    items: Sequence[Item] = ()
    verb: str = "written"
    shows: Mapping[str, str] = field(default_factory=dict)
    place: str = ""


Made: TypeAlias = Group | FileSet | Sequence[Group | FileSet] | None
"""What a stage gives; None where all stays as it is."""
