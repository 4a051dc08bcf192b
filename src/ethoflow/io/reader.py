"""Formats of tracks: how one is declared, and which there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ethoflow.io.content import Content
from ethoflow.io.options import Options
from ethoflow.io.registry import Registry
from ethoflow.io.stack import Tracks

__all__ = [
    "TABLE",
    "Content",
    "Options",
    "Reader",
    "TrackingNote",
    "Tracks",
    "only_ours",
    "reader",
    "reader_named",
    "readers",
]

Load: TypeAlias = Callable[[Path], list[Tracks]] | Callable[[Path, Options], list[Tracks]]
Matches: TypeAlias = Callable[[Content], bool]

TABLE = "plain table"
"""Name of the format that a column map stands for."""


class TrackingNote(UserWarning):
    """A question that a file leaves open: what the reader found and did."""


@dataclass(frozen=True)
class Reader:
    """One format: how it is known, the function that reads it, what it needs, how it is tested."""

    name: str
    matches: Matches
    load: Load
    extra: str
    fixture: Literal["real", "built"]
    pickle: bool
    takes_options: bool
    beside: bool
    last: bool = False

    @property
    def lasts(self) -> bool:
        """Whether what is found in a file depends on that file and on code of ours alone."""
        return self.load.__module__.startswith(f"{_READERS.package}.") and not (
            self.beside or self.pickle
        )


_READERS: Registry[Reader] = Registry("ethoflow.io.trackers")


def reader(
    name: str,
    *,
    matches: Matches,
    extra: str = "",
    fixture: Literal["real", "built"] = "real",
    pickle: bool = False,
    takes_options: bool = False,
    beside: bool = False,
    last: bool = False,
) -> Callable[[Load], Load]:
    """Declaration of a tracker format.

    Parameters
    ----------
    name
        What people call the format.
    matches
        Whether a file has this format, by its content and never by its extension.
    extra
        The optional dependencies it needs, as ``"sleap"`` in ``pip install "ethoflow[sleap]"``.
    fixture
        ``"real"`` where tests read a file somebody recorded, ``"built"`` where they read one made
        from the published layout.
    pickle
        Whether the file is a Python pickle, opened only with ``allow_pickle=True``.
    takes_options
        Whether the function takes the `Options` of the caller beside the path.
    beside
        Whether other files beside the one it is given may be opened (companions, the log of a
        database): such a file is looked at anew by every run.
    last
        Whether it is asked only where no other format, also of scored behaviour, knows the file.

    Raises
    ------
    ValueError
        Two formats have one name.
    """

    def register(load: Load) -> Load:
        entry = Reader(name, matches, load, extra, fixture, pickle, takes_options, beside, last)
        _READERS.add(name, load, entry)
        return load

    return register


def readers() -> list[Reader]:
    """Every format that can be read: those of this package, then those declared elsewhere.

    Examples
    --------
    >>> "DeepLabCut CSV" in [reader.name for reader in readers()]
    True
    """
    return list(_READERS.all().values())


def reader_named(name: str) -> Reader:
    """The format of that name."""
    return _READERS.all()[name]


def only_ours() -> bool:
    """Whether no formats were declared outside this package, which may claim any file."""
    known = _READERS.entries.values()
    return all(found.load.__module__.startswith(f"{_READERS.package}.") for found in known)
