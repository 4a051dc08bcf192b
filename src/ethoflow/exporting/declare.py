"""Formats that results are written in: one file each, found by being declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import xarray as xr

from ethoflow.io.registry import Registry

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


_WRITERS: Registry[Writer] = Registry("ethoflow.exporting")


def writer(
    name: str,
    *,
    kind: Kind,
    suffix: str,
    reader: str = "",
    survives: tuple[str, ...] = (),
    extra: str = "",
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
    """

    def register(save: Save) -> Save:
        _WRITERS.add(name, save, Writer(name, save, kind, suffix, reader, survives, extra))
        return save

    return register


def writers() -> dict[str, Writer]:
    """Every format that can be written, by name.

    Examples
    --------
    >>> "DeepLabCut HDF5" in writers()
    True
    """
    return _WRITERS.all()
