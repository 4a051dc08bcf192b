"""What was found in files when they were last looked at, so that unchanged ones are not read again.

It is a cache: a file is looked at anew wherever anything that the answer depends on may differ, and
a catalogue that is damaged, or that another version wrote, counts as empty.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import xxhash

import ethoflow
from ethoflow.io.options import Options
from ethoflow.io.stack import Counts, Header
from ethoflow.io.video import find_video
from ethoflow.stamps import SETTLED, Stamp, seal, stamp_of, unseal

FORMAT = 1
"""Version of the file; the code of the readers is known by its own stamps."""

LIBRARIES = (
    "cv2",
    "h5netcdf",
    "h5py",
    "ndx_pose",
    "numba",
    "numpy",
    "openpyxl",
    "pandas",
    "pyarrow",
    "pynwb",
    "scipy",
    "sleap_io",
    "xarray",
)
"""What readers read with: another version of one may find something else."""

_TUPLES = ("bodyparts", "animals", "stamp", "notes", "marks")
_NAMES = tuple(item.name for item in fields(Header))


@dataclass(frozen=True)
class Evidence:
    """Stamps of a file and of the video beside it: an answer holds as long as they stay."""

    stamp: Stamp
    video: str = ""
    video_stamp: Stamp = ()

    @classmethod
    def of(cls, path: Path) -> Evidence | None:
        """The evidence of a file as it is now; None where there is no file."""
        try:
            if not path.is_file():
                return None
            video = find_video(path)
            beside = ("", ()) if video is None else (video.name, stamp_of(video))
            return cls(stamp_of(path), *beside)
        except OSError:
            return None

    def is_settled(self, now: int) -> bool:
        """Whether any change after `now` (ns) would show in the stamps."""
        times = (*self.stamp[1:3], *self.video_stamp[1:3])
        return all(time + SETTLED <= now for time in times)


class Catalogue:
    """Headers of files by their paths, with the evidence they were found on."""

    def __init__(self, rows: dict[str, list[Any]] | None = None) -> None:
        self._rows = {} if rows is None else rows
        self._changed = False

    @classmethod
    def read(cls, path: Path) -> Catalogue:
        """The catalogue in a file; empty where there is none that can be trusted."""
        try:
            content = unseal(path.read_bytes())
        except (OSError, ValueError):
            return cls()
        return cls(content["files"]) if content.get("made_with") == made_with() else cls()

    def find(self, path: Path, asked: str) -> list[Header] | None:
        """Headers of a file that is as it was when it was looked at; None where it must be."""
        row = self._rows.get(str(path))
        if row is None or row[0] != asked:
            return None
        evidence = Evidence.of(path)
        if evidence is None or _plain(evidence) != row[1]:
            return None
        return [header_of(values) for values in row[2]]

    def add(self, path: Path, asked: str, evidence: Evidence, headers: Sequence[Header]) -> None:
        """Remember what was found in a file."""
        self._rows[str(path)] = [asked, _plain(evidence), [row_of(header) for header in headers]]
        self._changed = True

    def save(self, path: Path) -> None:
        """Write it to a file in a folder that is there, if there is anything new in it.

        Where that cannot be, nothing is written: the files are looked at again.
        """
        with contextlib.suppress(OSError):
            for left in path.parent.glob(f".{path.name}.*.part"):
                left.unlink(missing_ok=True)
        if not self._changed:
            return
        rows = {name: row for name, row in self._rows.items() if os.path.exists(name)}
        part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        with contextlib.suppress(OSError):
            try:
                part.write_bytes(seal({"made_with": made_with(), "files": rows}))
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            self._changed = False


def question(options: Options, fps: float | Literal["video"] | None) -> str:
    """What a caller says that the answer depends on, in a word."""
    return xxhash.xxh3_64_hexdigest(repr((astuple(options), fps)).encode())


def row_of(header: Header) -> list[Any]:
    """A header as JSON keeps it: its fields in order."""
    return [getattr(header, name) for name in _NAMES]


def header_of(row: Sequence[Any]) -> Header:
    """The header that `row_of` gave, after JSON made lists of its tuples."""
    values = dict(zip(_NAMES, row, strict=True))
    values.update((name, tuple(values[name])) for name in _TUPLES)
    return Header(**{**values, "counts": Counts(*values["counts"])})


def _plain(evidence: Evidence) -> list[Any]:
    return [list(evidence.stamp), evidence.video, list(evidence.video_stamp)]


@functools.cache
def made_with() -> str:
    """Digest of the readers and of the libraries that they read with."""
    parts = [(FORMAT, ethoflow.__version__), *_own_code(), *map(_library, LIBRARIES)]
    return xxhash.xxh3_64_hexdigest(repr(parts).encode())


def _own_code() -> Iterator[tuple[str, int, int]]:
    """Stamps of the modules that read files: nobody has to remember to count a version up."""
    root = Path(__file__).parent
    for folder in (root, root / "trackers", root.parent, root.parent / "schema"):
        with os.scandir(folder) as items:
            modules = sorted((i for i in items if i.name.endswith(".py")), key=lambda i: i.name)
        for item in modules:
            found = item.stat()
            yield f"{folder.name}/{item.name}", found.st_size, found.st_mtime_ns


def _library(name: str) -> tuple[str, str, int]:
    """Folder and time of an installed library; empty where it is not installed."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return name, "", 0
    try:
        return name, spec.origin, os.stat(spec.origin).st_mtime_ns
    except OSError:
        return name, spec.origin, 0
