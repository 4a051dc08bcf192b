"""Plain tables: the tidy layout, and any CSV or Parquet whose columns somebody names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ethoflow.errors import no_column
from ethoflow.io.arrow_tables import names_in_parquet, read_parquet
from ethoflow.io.options import TIME_UNITS, Options, TimeUnit
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import TABLE, Content, Tracks, reader
from ethoflow.io.rows import (
    Column,
    Table,
    dense_tracks,
    rate_of_times,
    read_text_table,
    whole_numbers,
)
from ethoflow.io.table_text import HEAD, plain_lines
from ethoflow.io.times import seconds_of, settle_unit
from ethoflow.room import unseen
from ethoflow.schema import DataError

_TIDY = {"bodypart", "frame", "x", "y"}
_LONG = ("frame", "time", "individual", "bodypart", "x", "y", "z", "confidence")


def _is_csv(file: Content) -> bool:
    lines = [line for line in file.text[:3] if not line.startswith("#")]
    return bool(lines) and {cell.strip(' "') for cell in re.split("[,;\t]", lines[0])} >= _TIDY


@reader("tidy CSV", matches=_is_csv, fixture="built", takes_options=True)
def read_tidy_csv(path: Path, options: Options) -> list[Tracks]:
    """A row per animal, body part and frame, as `ethoflow.export` writes it or anybody else."""
    with path.open("rb") as file:
        first = next(iter(plain_lines(file.read(HEAD))), "")
    facts = dict(re.findall(r"(\w+)=(\S+)", first)) if first.startswith("#") else {}
    return _read_tidy(path, read_text_table(path), facts, options)


def _is_parquet(file: Content) -> bool:
    if file.kind != "parquet":
        return False
    return set(names_in_parquet(file.path)) >= _TIDY


@reader("tidy Parquet", matches=_is_parquet, fixture="built", takes_options=True)
def read_tidy_parquet(path: Path, options: Options) -> list[Tracks]:
    """The same from Parquet."""
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    facts = {
        key.decode().removeprefix("ethoflow_"): value.decode()
        for key, value in metadata.items()
        if key.startswith(b"ethoflow_")
    }
    return _read_tidy(path, _table_of_parquet(path), facts, options)


def _table_of_parquet(path: Path) -> Table:
    table = read_parquet(path)
    if not table.num_rows:
        raise DataError("no frames: the table has no rows.")
    columns: dict[str, Column] = {}
    for name in dict.fromkeys(table.column_names):
        column = table[table.column_names.index(name)].combine_chunks()
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            columns[name] = column.to_numpy(zero_copy_only=False)
        else:
            columns[name] = ["" if v is None or v != v else str(v) for v in column.to_pylist()]
    return Table(columns, range(1, table.num_rows + 1))


def _read_tidy(
    path: Path, table: Table, facts: Mapping[str, str], options: Options
) -> list[Tracks]:
    """Recordings of a tidy table, one after the other."""
    if "recording" not in table.columns:
        return [_one(recording_name(path), table, facts, options)]
    codes, names = pd.factorize(np.array(table.cells("recording"), dtype=object))
    if len(names) == 1:
        return [_one(recording_name(path), table, facts, options)]
    return [
        _one(name or recording_name(path), table.take(np.flatnonzero(codes == i)), facts, options)
        for i, name in enumerate(map(str, names))
    ]


def _one(name: str, table: Table, facts: Mapping[str, str], options: Options) -> Tracks:
    both = [table.cells(key) for key in ("individual", "animal") if key in table.columns]
    slots = both[0] if both else None
    named = {} if slots is None else _names_of_slots(slots, both[-1])
    columns = {key: key for key in _LONG if key in table.columns}
    if slots is not None and "individual" not in columns:
        table = replace(table, columns={**table.columns, "individual": slots})
        columns["individual"] = "individual"
    tracks = _read_long(name, table, columns, options)
    if tracks.animals is not None:
        animals = tuple(named.get(slot, slot) for slot in tracks.animals)
        tracks = replace(tracks, animals=animals)
    fps = float(facts["fps"]) if "fps" in facts else tracks.fps
    return replace(tracks, fps=fps, units=facts.get("units", "px"), source_software="ethoflow")


def _names_of_slots(slots: Sequence[str], who: Sequence[str]) -> dict[str, str]:
    """Which animal sits in each slot, where a table has both columns."""
    named: dict[str, str] = {}
    for slot, animal in dict.fromkeys(zip(slots, who, strict=True)):
        if named.setdefault(slot, animal) != animal:
            raise DataError(
                f"the individual {slot!r} is called {named[slot]!r} in some rows and {animal!r} in "
                "others."
            )
    return named


@reader(TABLE, matches=lambda file: False, fixture="built", takes_options=True)
def read_mapped(path: Path, options: Options) -> list[Tracks]:
    """A plain CSV or Parquet table whose columns are named by ``columns=``.

    Long tables name ``x``, ``y`` (``z``, ``confidence``, ``frame`` or ``time``, ``individual``,
    ``bodypart``); wide ones give each body part its columns, ``{"nose": ("nose_x", "nose_y")}``,
    with the confidence as the last of three (or of four, in 3-D). A third that is called z, or
    leaves 0 to 1 and is not called a confidence, is z. Without a column of frames or times the rows
    are the frames.
    """
    columns = options.column_map or {}
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    table = _table_of_parquet(path) if is_parquet else read_text_table(path)
    missing = [
        name
        for value in columns.values()
        for name in ([value] if isinstance(value, str) else value)
        if name not in table.columns
    ]
    if missing:
        raise DataError(no_column(missing[0], table.columns))
    if "x" in columns:
        unknown = set(columns) - set(_LONG)
        if unknown:
            raise DataError(f"columns knows {', '.join(_LONG)}; not {', '.join(sorted(unknown))}.")
        plain = {key: str(value) for key, value in columns.items()}
        return [_read_long(recording_name(path), table, plain, options)]
    return [read_wide(recording_name(path), table, columns, options)]


def _frames(
    table: Table, columns: Mapping[str, Any], order: Any, options: Options
) -> tuple[Any, dict[str, float]]:
    """Frame of every row; the rate, and the time of the first frame, where there are times."""
    times = None if "time" not in columns else _times(table, columns["time"], options.time_unit)
    if "frame" in columns:
        frames = whole_numbers(table.numbers(columns["frame"]), table.lines)
        if times is None or not np.isfinite(times).all():
            return frames, {}
        first, last = int(np.argmin(frames)), int(np.argmax(frames))
        if not times[last] > times[first]:
            return frames, {"start": float(times[first])}
        rate = float(frames[last] - frames[first]) / float(times[last] - times[first])
        return frames, {"start": float(times[first]), "fps": rate}
    if times is None:
        return order, {}
    known = np.unique(times)
    rate, numbers = rate_of_times(known)
    return numbers[np.searchsorted(known, times)], {"start": float(known[0]), "fps": rate}


def _times(table: Table, name: str, unit: TimeUnit | None) -> Any:
    """A column of times in s: numbers in `unit` or that of the heading, dates, times of day."""
    try:
        numbers = table.numbers(name)
    except DataError:
        cells = table.cells(name)
        if any(re.fullmatch(r"[\d.,]+", cell) for cell in cells):
            raise
        return seconds_of(cells)
    return numbers * TIME_UNITS[settle_unit(unit, name) or "s"]


def _read_long(name: str, table: Table, columns: Mapping[str, str], options: Options) -> Tracks:
    parts = table.cells(columns["bodypart"]) if "bodypart" in columns else None
    who = table.cells(columns["individual"]) if "individual" in columns else None
    n_rows = len(table.lines)
    keys = pd.Series(
        [
            f"{a}\x00{b}"
            for a, b in zip(who or [""] * n_rows, parts or ["centroid"] * n_rows, strict=True)
        ]
    )
    order = keys.groupby(keys).cumcount().to_numpy(np.int64)
    frames, clock = _frames(table, columns, order, options)
    axes = [axis for axis in ("x", "y", "z") if axis in columns]
    if axes[:2] != ["x", "y"]:
        raise DataError(f"needed the columns x and y, found {', '.join(axes) or 'neither'}.")
    values = {axis: table.numbers(columns[axis]) for axis in axes}
    scores = table.numbers(columns["confidence"]) if "confidence" in columns else None
    # One row per animal and body part: each pair is placed as an animal of its own, then joined.
    pairs = dense_tracks(
        name,
        frames,
        keys.tolist(),
        {"": list(values.values())},
        lines=table.lines,
        confidence=None if scores is None else {"": scores},
        repeats=options.repeats,
        **clock,
    )
    assert pairs.animals is not None
    bodyparts = list(dict.fromkeys(parts or ["centroid"]))
    animals = list(dict.fromkeys(who or [""]))
    n_frames = pairs.position.shape[-1]
    position = unseen((len(animals), len(bodyparts), len(axes), n_frames))
    confidence = unseen((len(animals), len(bodyparts), n_frames))
    for slot, pair in enumerate(pairs.animals):
        animal, part = pair.split("\x00")
        at = animals.index(animal), bodyparts.index(part)
        position[at] = pairs.position[slot, 0]
        if pairs.confidence is not None:
            confidence[at] = pairs.confidence[slot, 0]
    return replace(
        pairs,
        position=position,
        confidence=None if pairs.confidence is None else confidence,
        bodyparts=tuple(bodyparts),
        animals=tuple(animals) if any(animals) else None,
    )


def read_wide(name: str, table: Table, columns: Mapping[str, Any], options: Options) -> Tracks:
    """Tracks of a row per frame; `columns` are those of `Options`."""
    beside = {key: columns[key] for key in ("frame", "time", "individual") if key in columns}
    parts = {key: value for key, value in columns.items() if key not in beside}
    wrong = [key for key, value in parts.items() if isinstance(value, str) or len(value) < 2]
    if wrong or not parts:
        raise DataError(
            f"give every body part its columns, as in columns={{'nose': ('nose_x', 'nose_y')}} "
            "(--column nose=nose_x,nose_y); "
            f"found {', '.join(wrong) or 'no body part'}."
        )
    frames, clock = _frames(table, beside, np.arange(len(table.lines)), options)
    is_3d = any(len(value) == 4 for value in parts.values())
    is_z = not is_3d and _third_is_z(table, parts)
    is_3d = is_3d or is_z
    n_space = 3 if is_3d else 2
    points = {key: [table.numbers(c) for c in value[:n_space]] for key, value in parts.items()}
    scores = {
        key: table.numbers(value[n_space]) for key, value in parts.items() if len(value) > n_space
    }
    return dense_tracks(
        name,
        frames,
        table.cells(beside["individual"]) if "individual" in beside else None,
        points,
        lines=table.lines,
        confidence=scores or None,
        repeats=options.repeats,
        **clock,
        notes=("the third column of its points is taken as z, not as a confidence.",) * is_z,
    )


_SCORE = re.compile(r"likelihood|confidence|prob|score|conf|vis|(^|[^a-z])p$", re.IGNORECASE)


def _third_is_z(table: Table, parts: Mapping[str, Any]) -> bool:
    """Whether the third columns of the points are coordinates, by their names or their values."""
    thirds = {key: value[2] for key, value in parts.items() if len(value) == 3}
    kinds: dict[bool, str] = {}
    for part, column in thirds.items():
        if _SCORE.search(column):
            kinds.setdefault(False, part)
        elif re.search(r"(^|[^a-z])z$", column, re.IGNORECASE) or not _is_share(table, column):
            kinds.setdefault(True, part)
    if len(kinds) == 2:
        raise DataError(
            f"the third column of {kinds[True]!r} is z and that of {kinds[False]!r} a confidence: "
            "give points in 3-D four columns, as in columns={'nose': ('x', 'y', 'z', 'p')}."
        )
    if True in kinds and len(thirds) < len(parts):
        short = next(key for key in parts if key not in thirds)
        raise DataError(f"the points have three coordinates, and {short!r} has two columns.")
    return True in kinds


def _is_share(table: Table, column: str) -> bool:
    values = table.numbers(column)
    known = values[~np.isnan(values)]
    return bool(((known >= 0) & (known <= 1)).all())
