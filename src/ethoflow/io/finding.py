"""Tracking files in a folder and below it, as patterns that name them and nothing else."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ethoflow.errors import listed
from ethoflow.io.recognition import recognise
from ethoflow.io.twins import MOST_NAMES, leave_twins
from ethoflow.schema import DataError
from ethoflow.stamps import expand

MOST_FILES = 3000
"""Files that are looked into."""
_NO_TRACKS = {
    ".mp4",
    ".avi",
    ".mov",
    ".mkv",
    ".png",
    ".jpg",
    ".jpeg",
    ".tif",
    ".md",
    ".yaml",
    ".yml",
    ".py",
    ".html",
    ".pdf",
    ".docx",
}
_LABELS = "DeepLabCut labels"
_WITHOUT = "tracks/*.csv"


def find_tracks(folder: Path) -> tuple[list[str], list[str]]:
    """Patterns of the tracking files below `folder`, and sentences on what was found and left out.

    The files of the format that most have are taken, in whatever folders they lie; one pattern for
    each folder. Labels for training, other formats and other files are told of.
    """
    files = [file for file in _walk(folder) if file.suffix.lower() not in _NO_TRACKS]
    formats: dict[str, list[Path]] = {}
    others: list[Path] = []
    for file in files[:MOST_FILES]:
        kind = _format_of(file)
        (others if kind is None else formats.setdefault(kind, [])).append(file)
    labels = formats.pop(_LABELS, [])
    if not formats:
        none = f"no tracking files were found in {folder.resolve()} or below."
        ask = "`ethoflow info FILE` says what a file is."
        there = [f"not tracks are: {_list(folder, others)}. {ask}"] if others else []
        return [_WITHOUT], [none, *there]
    most = max(formats, key=lambda kind: len(formats[kind]))
    found = formats.pop(most)
    kept, twins = leave_twins(found)
    kept = [file for file in kept if file in set(found)]
    patterns = _patterns(folder, kept, files)
    shown = listed(patterns, MOST_NAMES)
    notes = [f"found {_count(kept, 'file')} of tracks ({most}): {shown}", *twins]
    left = {"labels for training": labels, "files that are no tracks": others}
    left |= {f"files in the format {kind}": paths for kind, paths in formats.items()}
    further = "files of further recordings belong under tracks: too, whatever their format."
    notes += [f"left out {what}: {_list(folder, paths)}." for what, paths in left.items() if paths]
    notes += [further] if formats else []
    if len(files) > MOST_FILES:
        notes.append(f"{len(files) - MOST_FILES} more files were not looked into.")
    return patterns, notes


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder in order of name, those of stores and hidden folders left out."""
    for place, folders, names in os.walk(folder):
        stored = {name for name in folders if name.endswith(".zarr") or _holds_results(place, name)}
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n not in stored)
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _holds_results(place: str, name: str) -> bool:
    return Path(place, name, "cohort.zarr").exists() or name.endswith("_results")


def _format_of(file: Path) -> str | None:
    """Name of the format of a file of tracks or labels, None for others."""
    try:
        kind = recognise(file).name
    except DataError:
        return None
    labelled = file.name.startswith("CollectedData_") or "labeled-data" in file.parts
    return _LABELS if labelled else kind


def _patterns(folder: Path, kept: Sequence[Path], files: Sequence[Path]) -> list[str]:
    """A pattern for the files of each folder and suffix, or their names."""
    groups: dict[tuple[Path, str], list[Path]] = {}
    for file in kept:
        groups.setdefault((file.parent, file.suffix), []).append(file)
    patterns: list[str] = []
    for (place, suffix), own in groups.items():
        head = "" if place == folder else f"{glob.escape(str(place.relative_to(folder)))}/"
        marks = [m for m in ("DLC", "DeepCut", "superanimal") if all(m in f.name for f in own)]
        tries = [f"*{suffix}", *(f"*{mark}*{suffix}" for mark in marks), _common(own)]
        others = [f for f in files if f.parent == place and f not in own]
        fitting = [t for t in tries if not _names_others(place, t, others, own)]
        if fitting:
            patterns.append(f"{head}{fitting[0]}")
        else:
            patterns += [str(file.relative_to(folder)) for file in own]
    return patterns


def _common(files: Sequence[Path]) -> str:
    names = [file.name for file in files]
    head = _beginning(names)
    tail = _beginning([name[len(head) :][::-1] for name in names])[::-1]
    return f"{glob.escape(head)}*{glob.escape(tail)}"


def _beginning(names: Sequence[str]) -> str:
    """What all names begin with."""
    alike = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in alike)


def _names_others(place: Path, pattern: str, others: Sequence[Path], own: Sequence[Path]) -> bool:
    """Whether a pattern names files beside those it should, but for other versions of them."""
    named = [Path(name) for name in expand([f"{glob.escape(str(place))}/{pattern}"])]
    kept, _ = leave_twins(named)
    return bool(set(kept) & set(others)) or not set(own) <= set(named)


def _count(files: Sequence[Path], what: str) -> str:
    return f"{len(files)} {what}{'' if len(files) == 1 else 's'}"


def _list(folder: Path, files: Sequence[Path]) -> str:
    return listed((file.relative_to(folder) for file in files), MOST_NAMES)
