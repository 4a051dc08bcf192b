"""SimBA tables of poses (outlier corrected, with features or with targets): one header row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ethoflow.io.headings import headings
from ethoflow.io.options import Options
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.io.rows import Table, read_text_table, whole_numbers
from ethoflow.io.table_text import delimiter_of
from ethoflow.io.trackers.dlc_table import Column, tracks_of_table
from ethoflow.schema import Floats


def simba_points(names: Sequence[str]) -> list[str]:
    """Body parts whose ``_x``, ``_y`` and ``_p`` stand side by side, as SimBA writes them.

    Examples
    --------
    >>> simba_points(["", "Nose_x", "Nose_y", "Nose_p", "speed"])
    ['Nose']
    """
    return [
        names[i].removesuffix("_x")
        for i in range(len(names) - 2)
        if names[i].endswith("_x")
        and list(names[i + 1 : i + 3]) == [names[i][:-1] + "y", names[i][:-1] + "p"]
    ]


def _matches(file: Content) -> bool:
    names = first_names(file)
    points = simba_points(names)
    return len(points) > 1 and "coords" not in names and not _is_plain(names, points)


def _is_plain(names: Sequence[str], points: Sequence[str]) -> bool:
    """Whether it is no table of SimBA, which would leave columns out without a word.

    Columns say when or of whom a row is, or are further points; or there is something else, as
    features are, beside rows without SimBA's numbers.
    """
    found = headings(names)
    beside = set(found.beside.values()) <= {"frame"} and set(found.parts) <= set(points)
    return not beside or bool(found.other and not {"", "Unnamed: 0"} & set(names))


def first_names(file: Content) -> list[str]:
    """Cells of the first line of a text table."""
    if not file.text:
        return []
    return [name.strip(' "') for name in file.text[0].split(delimiter_of(file.text[0]))]


@reader("SimBA poses", matches=_matches, fixture="built", takes_options=True)
def read_simba_poses(path: Path, options: Options) -> list[Tracks]:
    """Points of every animal, px, with the confidence of the tracker.

    Animals of a table of several are the numbers after the body part (``Nose_1_x``) where every
    animal has the same points. A point at (0, 0) with confidence 0 was not detected.
    """
    table = read_text_table(path)
    points = simba_points(list(table.columns))
    split = _animals(points)
    columns = [
        Column(animal, part, coord) for animal, part in split for coord in ("x", "y", "likelihood")
    ]
    series = [table.numbers(f"{p}_{axis}") for p in points for axis in ("x", "y", "p")]
    found = tracks_of_table(
        recording_name(path),
        columns,
        series,
        _frames(table),
        lambda i: f"line {table.lines[i]}",
        options.repeats,
    )
    return [replace(found, source_software="SimBA")]


def _animals(points: Sequence[str]) -> list[tuple[str, str]]:
    """Animal and body part of every point; no animal where the names do not tell any."""
    ends = [re.fullmatch(r"(.+)_(\d+)", point) for point in points]
    if all(ends):
        pairs = [(end[2], end[1]) for end in ends if end]
        animals = list(dict.fromkeys(animal for animal, _ in pairs))
        parts = [[part for a, part in pairs if a == animal] for animal in animals]
        if len(animals) > 1 and len(parts[0]) > 1 and all(own == parts[0] for own in parts):
            return pairs
    return [("", point) for point in points]


def _frames(table: Table) -> Floats:
    """The number of each row, by the column without a heading where there is one."""
    for name in ("", "frame", "Unnamed: 0"):
        if name in table.columns:
            numbers: Floats = whole_numbers(table.numbers(name), table.lines).astype(np.float64)
            return numbers
    return np.arange(len(table.lines), dtype=np.float64)
