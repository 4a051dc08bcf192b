"""Formats that results are written in: one file each, found by being declared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import xarray as xr

from ethoflow.io.registry import Registry
from ethoflow.schema import DataError

Kind: TypeAlias = Literal["tracks", "labels"]
Save: TypeAlias = Callable[[xr.Dataset, Path], None]


class ExportNote(UserWarning):
    """Something in the data that the format of another tool has no place for."""


@dataclass(frozen=True)
class Writer:
    """One format: what it takes, how its files end, and what a reader gets back of it."""

    name: str
    save: Save
    kind: Kind
    suffix: str
    reader: str
    survives: tuple[str, ...]
    extra: str
    apart: bool
    labels: bool
    default: bool


_WRITERS: Registry[Writer] = Registry("ethoflow.exporting")


def writer(
    name: str,
    *,
    kind: Kind,
    suffix: str,
    reader: str = "",
    survives: tuple[str, ...] = (),
    extra: str = "",
    apart: bool = False,
    labels: bool = False,
    default: bool = False,
) -> Callable[[Save], Save]:
    """Declaration of a format that is written.

    Parameters
    ----------
    name
        What people call the format.
    kind
        Whether it takes tracks or labels.
    suffix
        How its files end.
    reader
        Name of the format as it is read again; empty where it is not.
    survives
        What writing and reading give back exactly; a property test holds every format to it.
    extra
        The optional dependencies it needs.
    apart
        Whether every animal has a file of its own.
    labels
        Whether it takes labels beside tracks.
    default
        Whether it is meant by a word that several formats have.
    """

    def register(save: Save) -> Save:
        entry = Writer(name, save, kind, suffix, reader, survives, extra, apart, labels, default)
        _WRITERS.add(name, save, entry)
        return save

    return register


def find_writer(format: str) -> Writer:
    """The format of that name, or the one that a word of it means.

    Raises
    ------
    DataError
        There is none, or several may be meant; the message lists them.

    Examples
    --------
    >>> find_writer("nwb").name
    'NWB ndx-pose'
    """
    known = writers()
    if format in known:
        return known[format]
    words = _words(format)
    fits = [
        one
        for name, one in known.items()
        if words and all(any(own.startswith(word) for own in _words(name)) for word in words)
    ]
    meant = [one for one in fits if one.default] if len(fits) > 1 else fits
    if len(meant) == 1:
        return meant[0]
    if fits:
        raise DataError(f"{format!r} may be any of: {', '.join(one.name for one in fits)}.")
    raise DataError(f"no format {format!r} is written; there are: {', '.join(known)}.")


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.lower())


def writers() -> dict[str, Writer]:
    """Every format that can be written, by name.

    Examples
    --------
    >>> "DeepLabCut HDF5" in writers()
    True
    """
    return _WRITERS.all()
