"""Reading one file: the formats that exist, which one a file has, and the dataset it becomes."""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import xarray as xr

from ethoflow.io.individuals import choose_individuals
from ethoflow.io.sniff import describe
from ethoflow.io.stack import Header, Tracks, layout_of, pad, stack_tracks
from ethoflow.schema import DataError, check_fps, make_tracks

__all__ = ["Tracks", "load", "read", "reader", "readers"]

PathLike: TypeAlias = str | os.PathLike[str]
Load: TypeAlias = Callable[[Path], list[Tracks]]
Matches: TypeAlias = Callable[[Path], bool]


@dataclass(frozen=True)
class Reader:
    """One format: its name, the test of a file's content, and the function that reads it."""

    name: str
    matches: Matches
    load: Load


_READERS: dict[str, Reader] = {}


def reader(name: str, *, matches: Matches) -> Callable[[Load], Load]:
    """Declaration of a tracker format.

    Parameters
    ----------
    name
        What people call the format.
    matches
        Whether a file has this format, by its content and never by its extension.

    Raises
    ------
    ValueError
        Two formats have one name.
    """

    def register(load: Load) -> Load:
        known = _READERS.get(name)
        if known is not None and known.load.__module__ != load.__module__:
            raise ValueError(
                f"two readers are called {name!r}: {known.load.__module__} and {load.__module__}."
            )
        _READERS[name] = Reader(name, matches, load)
        return load

    return register


def readers() -> list[Reader]:
    """Every format that can be read: those of this package, then those declared elsewhere.

    Examples
    --------
    >>> "DeepLabCut CSV" in [reader.name for reader in readers()]
    True
    """
    _discover()
    return list(_READERS.values())


@functools.cache
def _discover() -> None:
    package = importlib.import_module("ethoflow.io")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"ethoflow.io.{module.name}")


def read(
    path: PathLike,
    *,
    fps: float | None = None,
    individuals: Sequence[str] | None = None,
    skeleton: Mapping[str, str] | None = None,
) -> xr.Dataset:
    r"""Tracks of one file: positions in px with dims (individual, bodypart, space, time).

    The format is recognised by the content. The recording is named after the file (its full stem)
    and begins at the first frame the file has a row for; frames missing in between are NaN. A SLEAP
    file of several videos gives a cohort, with the dim ``recording``.

    Parameters
    ----------
    path
        A tracker's file.
    fps
        Frames per second; only needed where the file does not hold it.
    individuals
        The animals to take, in this order: names of animals in a file that names them, else
        prefixes of body parts (``["B", "W"]`` for ``B_Nose`` and ``W_Nose``).
    skeleton
        Roles the alias table does not know: ``{"centre": "Spine_2"}``.

    Raises
    ------
    DataError
        The file is missing, damaged or of no known format; the frame rate is not known.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "mouse_07.csv"
    >>> rows = ["scorer,DLC,DLC,DLC", "bodyparts,nose,nose,nose", "coords,x,y,likelihood"]
    >>> _ = path.write_text("\n".join([*rows, "0,10.5,20,0.9", "1,11.5,20,0.8", ""]))
    >>> read(path, fps=25).position.sel(bodypart="nose", space="x").values
    array([[10.5, 11.5]], dtype=float32)
    >>> folder.cleanup()
    """
    path = Path(path)
    with naming(path):
        parts = load(path, individuals)
        digest = digest_of(path, individuals)
    rate = check_fps(fps if fps is not None else parts[0].fps, str(path))
    if len(parts) == 1:
        return _one(parts[0], path, rate, digest, skeleton)
    headers = [Header.of(part, path, i, digest) for i, part in enumerate(parts)]
    with naming(path):
        layout = layout_of(headers)
    arrays = [pad(part, layout) for part in parts]
    position, confidence = (np.concatenate(kind) for kind in zip(*arrays, strict=True))
    return stack_tracks(headers, layout, position, confidence, fps=rate, skeleton=skeleton)


def _one(
    tracks: Tracks, path: Path, fps: float, digest: str, skeleton: Mapping[str, str] | None
) -> xr.Dataset:
    return make_tracks(
        tracks.position,
        fps=fps,
        bodyparts=tracks.bodyparts,
        confidence=tracks.confidence,
        recording=tracks.name,
        animals=tracks.animals,
        skeleton=skeleton,
        digest=digest,
        source_file=path.name,
        source_software=tracks.source_software,
    )


def load(path: Path, individuals: Sequence[str] | None = None) -> list[Tracks]:
    """Arrays of every recording in a file, checked.

    Raises
    ------
    DataError
        The file cannot be read; the message says why and does not name the file (`naming` does).
    """
    if isinstance(individuals, str):
        raise DataError(f"individuals must be a list of names, found {individuals!r}.")
    found = _recognise(path)
    try:
        parts = found.load(path)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # libraries raise anything when they meet a damaged file
        raise DataError(
            f"recognised as {found.name}, but it cannot be read, so it is probably damaged "
            f"({type(error).__name__}: {error})."
        ) from error
    if individuals is not None:
        parts = [choose_individuals(part, individuals) for part in parts]
    for part in parts:
        _check(part)
    return parts


def _recognise(path: Path) -> Reader:
    if not path.exists():
        raise DataError("there is no such file.")
    if path.is_dir():
        raise DataError(f"this is a folder: name its files, for example {path / '*.h5'}.")
    try:
        if path.stat().st_size == 0:
            raise DataError("the file is empty (0 bytes).")
        known = readers()
        for candidate in known:
            if _has_format(path, candidate):
                return candidate
        looks = describe(path)
    except OSError as error:
        raise DataError(f"the file cannot be opened ({error.strerror or error}).") from error
    names = ", ".join(candidate.name for candidate in known)
    raise DataError(f"no known format: it looks like {looks}. Formats that can be read: {names}.")


def _has_format(path: Path, candidate: Reader) -> bool:
    """Whether the content is of that format; what a library cannot even open is of none."""
    try:
        return candidate.matches(path)
    except PermissionError:
        raise
    except Exception:
        return False


def _check(tracks: Tracks) -> None:
    shape = tracks.position.shape
    if len(shape) != 4 or 0 in shape:
        raise DataError(
            "no frames: needed at least one animal, one body part and one frame, found the shape "
            f"{shape} of (individual, bodypart, space, time)."
        )
    repeated = sorted({part for part in tracks.bodyparts if tracks.bodyparts.count(part) > 1})
    if repeated:
        raise DataError(f"body part named twice: {', '.join(repeated)}.")
    infinite = np.argwhere(np.isinf(tracks.position))
    if len(infinite):
        _, part, _, frame = infinite[0]
        raise DataError(f"the position of {tracks.bodyparts[part]!r} at frame {frame} is infinite.")


def recording_name(path: PathLike) -> str:
    """Name of the recording in a file: the full stem of its name.

    Examples
    --------
    >>> recording_name("day1/mouse_07.analysis.h5"), recording_name("m1DLC_filtered.csv.gz")
    ('mouse_07.analysis', 'm1DLC_filtered')
    """
    name = Path(path).name
    return Path(name[:-3] if name.lower().endswith(".gz") else name).stem


def digest_of(path: Path, individuals: Sequence[str] | None = None) -> str:
    """Digest of a file's bytes and of the options that change the numbers read from it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
    if individuals is not None:
        digest.update(repr(tuple(individuals)).encode())
    return digest.hexdigest()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the name of the file in front of an error about its content."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
