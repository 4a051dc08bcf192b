"""Paths as people give them: of a file, a folder, many by a pattern, nothing; and their names."""

from __future__ import annotations

import glob
import os
import reprlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from ethoflow.errors import FEWER, OutOfMemory, near_file
from ethoflow.place import local_path
from ethoflow.schema import DataError

PathLike: TypeAlias = str | os.PathLike[str]


def one_path(path: object) -> Path:
    """The path of a file.

    Raises
    ------
    DataError
        It is a list, or a pattern of several files: those are a cohort.
    """
    if not isinstance(path, str | os.PathLike):
        several = isinstance(path, Iterable)
        way = "several files are a cohort: ef.read_cohort([...])" if several else "name a file"
        raise DataError(f"ef.read takes the path of one file, found {reprlib.repr(path)}; {way}.")
    found = local_path(path, "tracking files")
    if not glob.has_magic(str(path)) or found.exists():
        return found
    names = sorted(glob.glob(str(path), recursive=True))
    if not names:
        raise DataError(f"{path} is a pattern that no file fits.{explain_pattern(str(path))}")
    raise DataError(
        f"{path} is a pattern, of {len(names)} file{'' if len(names) == 1 else 's'}: read them as "
        f"a cohort, ef.read_cohort({str(path)!r}), or one, ef.read({names[0]!r})."
    )


def explain_folder(path: Path) -> str:
    """What a folder is, and how to read its files."""
    if (path / "zarr.json").is_file():
        return (
            f"this is a folder, a Zarr store: open it with ef.open({str(path)!r}), or look at it "
            f"with `ethoflow info {path}`."
        )
    below = [path, *sorted(item for item in _items(path) if item.is_dir())]
    places = [(count, folder / f"*{end}") for folder in below for end, count in _ends(folder)]
    tracks = [place for place in places if place[1].suffix.lower() in _TRACKS]
    most = max(tracks, key=lambda place: (place[0], place[1].parent != path), default=None)
    pattern = str(path / "*.h5" if most is None else most[1])
    return (
        f"this is a folder: name its files, as in ef.read_cohort({pattern!r}), on the command line "
        f"'{pattern}'."
    )


_TRACKS = {
    *(".csv", ".h5", ".hdf5", ".slp", ".nwb", ".parquet", ".mat", ".npz", ".npy", ".pickle"),
    *(".pkl", ".tsv", ".txt", ".xlsx", ".sqlite", ".db", ".json", ".nc"),
}
"""Endings of files that may hold tracks."""


def explain_pattern(pattern: str) -> str:
    """What lies where a pattern finds nothing, with a blank before it."""
    folder = Path(pattern)
    while glob.has_magic(str(folder)):
        folder = folder.parent
    if not folder.is_dir() or not glob.has_magic(pattern):
        return near_file(folder)
    ends = _ends(folder)
    if not ends:
        return f" The folder {folder} holds no files."
    found = ", ".join(f"{count} {end}" for end, count in ends[:5])
    return f" The folder {folder} holds {found}."


def _items(folder: Path) -> list[Path]:
    """The items of a folder without hidden ones; none where reading it is not allowed."""
    try:
        return [item for item in folder.iterdir() if not item.name.startswith(".")]
    except OSError:
        return []


def _ends(folder: Path) -> list[tuple[str, int]]:
    """Endings of the files in a folder and how many have them, the most frequent first."""
    files = [item for item in _items(folder) if item.suffix and item.is_file()]
    return Counter(item.suffix for item in files).most_common()


def recording_name(path: PathLike) -> str:
    """Name of the recording in a file: the full stem of its name.

    Examples
    --------
    >>> recording_name("day1/mouse_07.analysis.h5"), recording_name("m1DLC_filtered.csv.gz")
    ('mouse_07.analysis', 'm1DLC_filtered')
    """
    name = Path(path).name
    return Path(name[:-3] if name.lower().endswith(".gz") else name).stem


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the name of the file in front of an error about its content."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except MemoryError as error:
        raise OutOfMemory(f"{path}: the memory is not enough for it ({error}). {FEWER}") from error
