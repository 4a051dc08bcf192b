"""What a file is, looked at once for all formats that ask, and in words for people."""

from __future__ import annotations

import functools
import importlib.util
import re
import zipfile
from pathlib import Path
from typing import Any, Self

from ethoflow.io.hdf5 import check_sound
from ethoflow.io.matlab import list_matlab
from ethoflow.io.sheets import find_delimiter
from ethoflow.io.table_text import HEAD, plain_lines

_SIGNATURES = {
    "sqlite": (b"SQLite format 3", "an SQLite database"),
    "npz": (b"PK\x03\x04", "a NumPy archive"),
    "zip": (b"PK\x03\x04", "a zip archive or an Excel workbook: save the sheet as CSV"),
    "xls": (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV"),
    "matlab": (b"MATLAB 5.0", "a MATLAB file"),
    "npy": (b"\x93NUMPY", "a NumPy array without names of body parts"),
    "feather": (b"ARROW1", "an Arrow or Feather table"),
    "parquet": (b"PAR1", "a Parquet table"),
    "pickle": (b"\x80", "a Python pickle"),
    "avi": (b"RIFF", "a video (AVI)"),
    "pdf": (b"%PDF", "a PDF"),
    "mp4": (b"\x00\x00\x00", "a video (MP4)"),
    "png": (b"\x89PNG", "a picture"),
    "jpeg": (b"\xff\xd8\xff", "a picture"),
    "gzip": (b"\x1f\x8b", "a gzip archive of something else than a table"),
}


_JSON = re.compile(r"\s*(\{\s*[\"}]|\[\s*[\[{\"\d\]-])")


class Content:
    """A file as formats see it: its kind, its first lines, the names in it.

    Everything is read when it is first asked for, and once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self, *, allow_links: bool = False) -> Self:
        """The content, after a check that looking into it is safe.

        With `allow_links` parts of it may lie in other files.

        Raises
        ------
        DataError
            It is so damaged that the library of its kind hangs or crashes on it, or parts of it
            lie in other files.
        """
        if self.kind == "hdf5":
            check_sound(self.path, allow_links=allow_links)
        return self

    @functools.cached_property
    def head(self) -> bytes:
        """First bytes of the file."""
        with self.path.open("rb") as file:
            return file.read(HEAD)

    @functools.cached_property
    def kind(self) -> str:
        """``"hdf5"``, ``"text"`` (also gzipped), ``"json"``, ``"matlab"``, ``"npy"``, ...

        Empty for binary data of no known kind.
        """
        import h5py

        if h5py.is_hdf5(self.path):
            return "hdf5"
        for kind, (signature, _) in _SIGNATURES.items():
            if not self.head.startswith(signature) or (kind == "gzip" and self.lines):
                continue
            if kind == "npz" and not self.arrays:
                continue
            if kind != "mp4" or self.head[4:8] == b"ftyp":
                return kind
        if not self.lines:
            return ""
        return "json" if _JSON.match("\n".join(self.lines[:4])) else "text"

    @functools.cached_property
    def lines(self) -> list[str]:
        """First lines of a text file, decoded; empty for a file that is no text."""
        return plain_lines(self.head)

    @property
    def text(self) -> list[str]:
        """First lines where the file is a text table, else none."""
        return self.lines if self.kind == "text" else []

    @functools.cached_property
    def header(self) -> list[str]:
        """Cells of the first line of a text table, commas or semicolons between them."""
        if not self.text:
            return []
        delimiter = find_delimiter("\n".join(self.text))
        return [cell.strip(' "') for cell in self.text[0].split(delimiter)]

    @functools.cached_property
    def variables(self) -> frozenset[str]:
        """Names of the variables of a MATLAB file before 7.3; empty for other files."""
        return frozenset(list_matlab(self.path)) if self.kind == "matlab" else frozenset()

    @functools.cached_property
    def arrays(self) -> frozenset[str]:
        """Names of the arrays of a NumPy archive (``.npz``); empty for other files."""
        if not self.head.startswith(_SIGNATURES["npz"][0]):
            return frozenset()
        try:
            with zipfile.ZipFile(self.path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError):
            return frozenset()
        whole = bool(names) and all(name.endswith(".npy") for name in names)
        return frozenset(name.removesuffix(".npy") for name in names) if whole else frozenset()

    @functools.cached_property
    def keys(self) -> frozenset[str]:
        """Names at the top of an HDF5 file; empty for other files."""
        return self.keys_of("/")

    def keys_of(self, group: str) -> frozenset[str]:
        """Names in a group of an HDF5 file; empty where there is no such group."""
        import h5py

        if self.kind != "hdf5":
            return frozenset()
        with h5py.File(self.path, "r") as file:
            found = file.get(group)
            return frozenset(found) if isinstance(found, h5py.Group) else frozenset()

    def attributes(self, name: str = "/") -> dict[str, Any]:
        """Attributes of a group or an array of an HDF5 file; empty where it is not there."""
        import h5py

        if self.kind != "hdf5":
            return {}
        with h5py.File(self.path, "r") as file:
            found = file.get(name)
            return {} if found is None else dict(found.attrs)

    def describe(self) -> str:
        """A few words on what the file holds."""
        if self.kind == "hdf5":
            return self._describe_hdf5()
        if self.kind == "json":
            return self._describe_json()
        if self.kind == "npz":
            names = ", ".join(sorted(self.arrays)[:8])
            return (
                f"a NumPy archive with the arrays {names}: write the tracks as CSV with the "
                "program it comes from, or give the arrays to ef.from_arrays"
            )
        size = self.path.stat().st_size
        if self.kind in _SIGNATURES:
            cut = f" that is cut off ({size} bytes)" if self.kind == "sqlite" and size < 512 else ""
            return _SIGNATURES[self.kind][1] + cut + _missing_library(self.kind)
        if not self.head.strip(b"\xef\xbb\xbf \t\r\n"):
            return "blank lines"
        return self._describe_text() if self.kind == "text" else "binary data"

    def _describe_text(self) -> str:
        first = next(line.strip() for line in self.lines if line.strip())
        cells = [cell.strip(' "') for cell in re.split("[,;\t]", first)]
        is_header = 1 < len(cells) <= MOST_COLUMNS and all(map(_is_heading, cells))
        return f"text that begins with {first[:80]!r}{_purpose(cells) if is_header else ''}"

    def _describe_json(self) -> str:
        head = " ".join(self.lines)
        if '"annotations"' in head and ('"images"' in head or '"completed_by"' in head):
            return "JSON with labels of single images, which are no tracks of a video"
        if '"behaviors_conf"' in head:
            return "a BORIS project: scored behaviour is read by ef.read_labels"
        return f"JSON that begins with {self.lines[0].strip()[:80]!r}"

    def _describe_hdf5(self) -> str:
        try:
            names = ", ".join(sorted(self.keys)[:8]) or "nothing"
        except Exception as error:  # h5py raises many kinds for a damaged file
            return f"a damaged or incomplete HDF5 file ({error})"
        return f"an HDF5 file that holds: {names}"


MOST_COLUMNS = 20
"""Columns that a table of another kind is told by."""
_ABOUT_RECORDINGS = {"recording", "video", "file", "filename", "animal", "individual", "mouse"}
_OF_ZONES = {"zone", "roi", "region", "shape", "vertex", "vertices", "radius", "arena"}


def _is_heading(cell: str) -> bool:
    return len(cell) <= 40 and re.match(r"[^\W\d_]", cell) is not None


def _purpose(cells: list[str]) -> str:
    """What a table of such columns may be for; empty where they do not tell."""
    words = {word for cell in cells for word in re.split(r"[\W_]+", cell.lower())}
    if words & _OF_ZONES:
        return ", which seems to be about zones and not about where animals are"
    if words & {"x", "y"}:
        return ": name its columns with columns={'x': ..., 'y': ...} (--column x=...)"
    if words & _ABOUT_RECORDINGS:
        return (
            ", which seems to be about the recordings: give it as metadata= (--metadata, or "
            "metadata: in the project file)"
        )
    return ""


def _missing_library(kind: str) -> str:
    """What to install before such files can be looked into; empty where all is there."""
    if kind != "matlab" or importlib.util.find_spec("scipy"):
        return ""
    return ', which needs SciPy: pip install "ethoflow[matlab]"'
