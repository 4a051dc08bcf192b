"""Formats that results are written in: one file each, found by being declared."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import xarray as xr

Kind: TypeAlias = Literal["tracks", "labels"]
Save: TypeAlias = Callable[[xr.Dataset, Path], None]


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


_WRITERS: dict[str, Writer] = {}


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
        _WRITERS[name] = Writer(name, save, kind, suffix, reader, survives, extra)
        return save

    return register


def writers() -> dict[str, Writer]:
    """Every format that can be written, by name.

    Examples
    --------
    >>> "DeepLabCut HDF5" in writers()
    True
    """
    _discover()
    return dict(_WRITERS)


@functools.cache
def _discover() -> None:
    package = importlib.import_module("ethoflow.exporting")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"ethoflow.exporting.{module.name}")
