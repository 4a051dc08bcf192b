"""What a file is, by its first bytes: for messages about files of no known format."""

from __future__ import annotations

from pathlib import Path

_SIGNATURES = (
    (b"\x1f\x8b", "a gzip archive of something else than a table"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook: save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV"),
    (b"MATLAB", "a MATLAB file"),
    (b"\x93NUMPY", "a NumPy array without names of body parts"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ARROW1", "an Arrow or Feather table"),
    (b"PAR1", "a Parquet table"),
    (b"RIFF", "a video (AVI)"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\x80", "a Python pickle, which is never opened"),
)


def describe(path: Path) -> str:
    """A few words on what `path` holds."""
    import h5py

    if h5py.is_hdf5(path):
        return _describe_hdf5(path)
    with path.open("rb") as file:
        head = file.read(512)
    for signature, words in _SIGNATURES:
        if head.startswith(signature):
            return words
    if head[4:8] == b"ftyp":
        return "a video (MP4)"
    printable = sum(byte in b"\t\n\r" or byte >= 32 for byte in head)
    if printable < len(head) or b"\x00" in head:
        return "binary data"
    first = head.decode("utf-8", errors="replace").strip("\ufeff \t\r\n").splitlines()
    return f"text that begins with {first[0][:80]!r}" if first else "blank lines"


def _describe_hdf5(path: Path) -> str:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            names = ", ".join(list(file)[:8]) or "nothing"
    except Exception as error:  # h5py raises many kinds for a damaged file
        return f"a damaged or incomplete HDF5 file ({error})"
    return f"an HDF5 file that holds: {names}"
