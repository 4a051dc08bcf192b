"""Behaviour that people or programs scored, beside the tracks of a store."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import xarray as xr

from ethoflow.engine.materialise import write
from ethoflow.engine.sources import open_store
from ethoflow.errors import DataError
from ethoflow.io.scoring import read_labels
from ethoflow.io.scoring.clock import Since
from ethoflow.pipeline import effort
from ethoflow.place import Place
from ethoflow.stages import Report
from ethoflow.stages.rules import LABELS
from ethoflow.stages.tracks import count


def add_labels(
    files: Sequence[Path],
    path: Place,
    report: Report,
    *,
    fps: float | None = None,
    rater: str | None = None,
    individual: str | None = None,
    offset: float = 0.0,
    since: Since = "origin",
    group: str = "labels/human",
    columns: Mapping[str, str | Sequence[str]] | None = None,
    background: Literal["absent", "unlabelled"] | None = None,
) -> int:
    """Scored behaviour on the frames of the tracks; gives how many files could not be used.

    Raises
    ------
    DataError
        No file can be used.
    """
    tracks = open_store(path, "tracks")
    assert isinstance(tracks, xr.Dataset)
    _check_labels_group(group)
    labels: xr.Dataset | None = None
    problems: list[str] = []
    with report.track("reading labels") as progress:
        for number, file in enumerate(files, 1):
            try:
                found = read_labels(
                    file,
                    like=tracks,
                    fps=fps,
                    rater=rater,
                    individual=individual,
                    offset=offset,
                    since=since,
                    columns=columns,
                    background=background,
                )
                labels = found if labels is None else _combine(labels, found, file, report)
            except DataError as error:
                problems.append(str(error))
            progress(number, len(files))
    if labels is None:
        raise DataError("\n".join(problems))
    for problem in problems:
        report.warn(f"left out {problem}")
    written = write(labels, path, group)
    for name, label in labels.data_vars.items():
        known = int(label.notnull().sum())
        share = float((label == 1).sum()) / known if known else float("nan")
        happens = f"{share:.1%} of the scored frames" if known else "in no frame known"
        report.say(f"{name}: {happens}")
    report.say(f"{group}: {count(len(labels.data_vars), 'behaviour')}", effort(written))
    return len(problems)


def _combine(labels: xr.Dataset, found: xr.Dataset, file: Path, report: Report) -> xr.Dataset:
    """Labels of several files; where two know a frame the earlier counts, and it is said."""
    for name in sorted(set(labels.data_vars) & set(found.data_vars), key=str):
        one, other = labels[name], found[name]
        n_differ = int(((one != other) & one.notnull() & other.notnull()).sum())
        if n_differ:
            report.warn(
                f"{file.name}: {count(n_differ, 'frame')} of {name} scored otherwise in an "
                "earlier file, which counts: put raters into groups of their own (--group)."
            )
    return labels.combine_first(found)


def _check_labels_group(group: str) -> None:
    """Refuse to put labels where tracks or results of ours lie."""
    if not re.fullmatch(r"labels(/[\w.-]+)+", group) or ".." in group or group == LABELS:
        raise DataError(
            f"labels cannot go into the group {group!r}: name one such as labels/human or "
            "labels/second_rater; labels/rules is that of the rules."
        )
