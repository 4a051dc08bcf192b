"""Tables with a row per frame and a column that names its behaviour, or the code of its cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ethoflow.errors import no_such, one_or_many
from ethoflow.io.content import Content
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.codes import labels_of_codes, names_codes, numbers_of
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.formats.event_log import is_log
from ethoflow.io.scoring.formats.intervals import file_stem
from ethoflow.io.scoring.headings import heading_of, is_bout_table
from ethoflow.io.scoring.scored import Frames, Scored, Source, one_hot
from ethoflow.io.sheets import Rows, rows_of_text
from ethoflow.io.table_text import delimiter_of
from ethoflow.schema import DataError

_CLASSES = ("classifier", "behavior", "behaviour", "label", "labels", "class", "annotation")
BACKGROUND = ("background", "none", "other", "nothing", "no behaviour", "no behavior")
"""Classes that stand for frames without any of the others, or for frames nobody labelled."""
_UNKNOWN = ("", "NA", "NaN", "nan", "-1", "unlabelled", "unlabeled", "unscored", "not scored")
_FRAMES = (
    "frame",
    "frames",
    "frame_number",
    "frame_no",
    "frame_idx",
    "frame_index",
    "framenumber",
    "frame number",
    "frame index",
    "video_frame",
    "image_index",
)
_TIMES = ("time", "time_s", "time (s)", "times", "timestamp", "t", "seconds", "sec")


def _cells(file: Content, rows: int) -> list[list[str]]:
    lines = [line for line in file.text[: rows + 1] if line.strip()]
    return [[c.strip(' "') for c in re.split(re.escape(delimiter_of(lines[0])), x)] for x in lines]


def is_background(name: str) -> bool:
    """Whether a class is called as one that stands for none of the others."""
    return name.strip().lower().replace("_", " ") in BACKGROUND


def _class_column(names: Sequence[str]) -> int | None:
    """Place of the one column that names classes or holds codes."""
    named = [i for i, name in enumerate(names) if _names_classes(name)]
    coded = [i for i, name in enumerate(names) if names_codes(name)]
    found = named or coded
    return found[0] if len(found) == 1 else None


def _named_column(names: Sequence[str], columns: Mapping[str, str | Sequence[str]]) -> int | None:
    """Place of the column of classes that was named, or that is left of those to ignore.

    Raises
    ------
    DataError
        There is no such column, or something else was named.
    """
    other = [kind for kind in columns if kind not in ("behaviour", "ignore")]
    if other:
        raise DataError(
            f"a table with a class per frame has no column of the {other[0]} to name: name the "
            "column of classes, as in columns={'behaviour': 'NAME'} (--column behaviour=NAME)."
        )
    asked = {kind: one_or_many(found) for kind, found in columns.items()}
    for name in (name for found in asked.values() for name in found):
        if name not in names:
            raise DataError(no_such("column", name, names))
    if "behaviour" in asked:
        return names.index(asked["behaviour"][0])
    kept = ["" if name in asked["ignore"] else name for name in names]
    place = _class_column(kept)
    if place is None:
        raise DataError("no column of classes is left beside those to ignore.")
    return place


def _names_classes(name: str) -> bool:
    return name.strip().lower() in _CLASSES or name.lower().endswith((".classifier", "_classifier"))


def _counter(names: Sequence[str]) -> tuple[int | None, bool]:
    """Place of the column that counts frames or gives times, and whether it gives times."""
    plain = [name.strip().lower() for name in names]
    for words, is_time in ((_FRAMES, False), (_TIMES, True)):
        found = [i for i, name in enumerate(plain) if name in words]
        if found:
            return found[0], is_time
    return None, False


def _is_classes(file: Content) -> bool:
    rows = _cells(file, 12)
    names = rows[0] if rows else []
    place = _class_column(names)
    if place is None or is_bout_table(names) or "Behavior type" in names or is_log(rows):
        return False
    own = [row[place] for row in rows[1:] if place < len(row)]
    coded = names_codes(names[place]) != ""
    if coded and not all(cell in _UNKNOWN or _is_code(cell) for cell in own):
        return False
    if _counter(names)[0] is not None or coded:
        return True
    beside = [i for i in range(len(names)) if i != place]
    # Without a count a row is a frame only where nothing says that it is something else.
    return all(
        names_codes(names[i]) or _is_index([row[i] for row in rows[1:] if i < len(row)], names[i])
        for i in beside
    )


def _is_index(cells: Sequence[str], name: str) -> bool:
    """Whether a column without a heading numbers the rows."""
    numbers = [int(cell) for cell in cells if cell.isdigit()]
    regular = numbers == list(range(numbers[0], numbers[0] + len(cells))) if numbers else False
    return name.strip() == "" and regular


@label_reader("one class per frame", matches=_is_classes, takes_columns=True)
def read_classes(
    path: Path, columns: Mapping[str, str | Sequence[str]] | None = None
) -> list[Scored]:
    """Labels from a column that names the behaviour of each frame, or holds the code of a cluster.

    Empty cells and ``NA`` are unknown, as are negative codes (what a clusterer left out). Every
    code is a behaviour (``syllable_3``): of B-SOiD, VAME and keypoint-MoSeq, or any column called
    syllable, cluster, motif or kmeans. Where a column numbers the frames or gives regular times,
    frames that have no row are unknown. Recordings, animals and raters that have a column are told
    apart. Of several columns of classes or codes the one named is read, as in
    ``columns={"behaviour": "kmeans.25"}``.
    """
    rows = rows_of_text(path)
    names = rows[0][1]
    place = _class_column(names) if columns is None else _named_column(names, columns)
    assert place is not None
    poses, rows, shift = _without_headings(rows[1:], place)
    kinds = [heading_of(name).kind for name in names]
    told = [
        kinds.index(kind) if kind in kinds and kinds.index(kind) != place and not poses else None
        for kind in ("recording", "rater", "individual")
    ]
    if told[0] is None and "name" in names and not poses:
        told[0] = names.index("name")  # as keypoint-MoSeq calls recordings
    groups: dict[tuple[str, ...], Rows] = {}
    for number, cells in rows:
        key = tuple(cells[i] if i is not None and i < len(cells) else "" for i in told)
        groups.setdefault(key, []).append((number, cells))
    stem = recording_name(path)
    beside = [n for i, n in enumerate(names) if i != place and names_codes(n)]
    if beside and columns is None:
        left = ", ".join(map(repr, beside))
        shift = (
            *shift,
            f"{left} is not read beside {names[place]!r}; columns={{'behaviour': {beside[0]!r}}} "
            f"(--column behaviour={beside[0]}) reads it instead.",
        )
    rate = re.search(r"_(\d+(?:\.\d+)?)Hz", path.name)
    scored: list[Scored] = []
    for (name, rater, animal), own in groups.items():
        found = _read(names, own, place)
        scored.append(
            replace(
                found,
                name=file_stem(name) or stem,
                rater=rater,
                individual=animal,
                fps=float(rate[1]) if rate and found.fps is None else found.fps,
                notes=(*found.notes, *shift),
            )
        )
    return scored


def _without_headings(rows: Rows, place: int) -> tuple[bool, Rows, tuple[str, ...]]:
    """Rows of frames, where the headings of a pose table were taken along (B-SOiD), and if so."""
    heads = [i for i, (_, cells) in enumerate(rows[:4]) if {"bodyparts", "coords"} & set(cells)]
    if not heads:
        return False, rows, ()
    kept = [row for i, row in enumerate(rows) if i not in heads]
    labels = [cells[place] if place < len(cells) else "" for _, cells in rows]
    if all(labels[i] in _UNKNOWN for i in heads) or labels[-1] not in _UNKNOWN:
        return True, kept, ()
    # The labels begin beside the headings, so that the last frames have none.
    moved = [(n, [*c[:place], labels[i], *c[place + 1 :]]) for i, (n, c) in enumerate(kept)]
    return True, moved, (f"its labels begin {len(heads)} rows above the frames: they are moved.",)


def _read(names: Sequence[str], rows: Rows, place: int) -> Frames:
    classes = [cells[place] if place < len(cells) else "" for _, cells in rows]
    counter, is_time = _counter(names)
    fps = None
    first = 0
    numbered = counter is not None and not is_time
    if counter is not None:
        classes, fps, first = _by_frame(rows, classes, counter, is_time)
    heading = names[place]
    source: Source = "classifier" if "classifier" in heading.lower() else "human"
    called = names_codes(heading)
    codes = (
        numbers_of(classes)
        if called or all(c in _UNKNOWN or _is_code(c) for c in classes)
        else None
    )
    if codes is not None:
        named, values = labels_of_codes(codes, called or "class")
        return Frames(
            "", named, values, fps=fps, first=first, source="classifier", numbered=numbered
        )
    if called:
        raise DataError(f"the column {heading!r} must hold whole numbers.")
    found, values = one_hot(classes, _UNKNOWN)
    return Frames(
        "",
        found,
        values,
        fps=fps,
        first=first,
        source=source,
        numbered=numbered,
        background=tuple(name for name in found if is_background(name)),
    )


def _is_code(cell: str) -> bool:
    return re.fullmatch(r"-?\d+(\.0+)?", cell) is not None


def _by_frame(
    rows: Rows, classes: list[str], place: int, is_time: bool
) -> tuple[list[str], float | None, int]:
    """The class of every frame from 0 on, and the rate where there are times."""
    cells = [cells[place] if place < len(cells) else "" for _, cells in rows]
    counts = numbers_of([cell.replace(",", ".") for cell in cells])
    if counts is None or np.isnan(counts).any():
        raise DataError("a column must number the frames or give their times; it has other cells.")
    fps = None
    if is_time:
        steps = np.diff(counts)
        step = float(np.median(steps)) if len(steps) else 0.0
        if len(steps) < 2 or step <= 0 or (np.abs(steps - step) > 0.1 * step).mean() > 0.01:
            raise DataError(
                "its times are not regular, so that a row is no frame: needed a row per frame, or "
                "a start and a stop of every bout."
            )
        fps = round(float(len(steps) / (counts[-1] - counts[0])), 6)
        return classes, fps, round(float(counts[0]) * fps)
    if (counts % 1).any() or (counts < 0).any():
        raise DataError("its numbers of frames are not whole numbers from 0 on.")
    frames = counts.astype(int).tolist()
    start = 1 if min(frames) == 1 else 0
    seen: set[int] = set()
    for (number, _), frame in zip(rows, frames, strict=True):
        if frame in seen:
            raise DataError(f"line {number}: frame {frame} a second time.")
        seen.add(frame)
    apart = np.diff(np.sort(counts))
    if len(apart) and np.median(apart) > 1 and (np.ptp(apart) > 0 or len(apart) < 5):
        raise DataError(
            "its rows are of single frames far apart, so that it is not told how long anything "
            "lasts: needed a row per frame, or a start and a stop of every bout."
        )
    if max(frames) > 1000 * len(frames):
        raise DataError(f"its frames run up to {max(frames)} in {len(frames)} rows.")
    placed = [""] * (max(frames) + 1 - start)
    for frame, name in zip(frames, classes, strict=True):
        placed[frame - start] = name
    return placed, fps, 0
