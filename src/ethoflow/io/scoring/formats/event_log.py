"""Logs of any program: a row for every start and one for every stop, under plain headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ethoflow.io.content import Content
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.account import account_for
from ethoflow.io.scoring.bout_table import BoutTable
from ethoflow.io.scoring.bout_times import seconds_in
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.formats.intervals import file_stem, note_partners, rate_of
from ethoflow.io.scoring.headings import counts_time, heading_of
from ethoflow.io.scoring.observation import number_in
from ethoflow.io.scoring.pairing import Mark, pair_marks
from ethoflow.io.scoring.scored import Events, Scored
from ethoflow.io.sheets import Rows, rows_of_text
from ethoflow.io.table_text import delimiter_of
from ethoflow.schema import DataError

_KINDS: dict[str, Literal["start", "stop", "point"]] = {
    **dict.fromkeys(("start", "begin", "onset", "on", "state start"), "start"),
    **dict.fromkeys(("stop", "end", "offset", "off", "state stop"), "stop"),
    **dict.fromkeys(("point", "event", "momentary"), "point"),
}


def is_log(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first rows of a table (headings and cells) log starts and stops."""
    names = rows[0] if rows else []
    return _status(names, rows[1:]) is not None and bool(_times(names))


def _times(names: Sequence[str]) -> list[int]:
    return [i for i, name in enumerate(names) if counts_time(name) is not None]


def _status(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """Place of the column that says start or stop."""
    for i in range(len(names)):
        cells = {row[i].strip().lower() for row in rows if i < len(row)}
        if cells and cells <= set(_KINDS) and cells & {"start", "begin", "onset", "on"}:
            return i
    return None


def _matches(file: Content) -> bool:
    lines = [line for line in file.text[:12] if line.strip()]
    if not lines or "Observation id" in lines[0] or "Behavioral category" in lines[0]:
        return False
    mark = re.escape(delimiter_of(lines[0]))
    return is_log([[cell.strip(' "') for cell in re.split(mark, line)] for line in lines])


@label_reader("log of starts and stops", matches=_matches, fixture="built")
def read_log(path: Path) -> list[Scored]:
    """Bouts from rows of a time or frame, a behaviour, and whether it starts or stops there.

    Columns of recordings, raters and animals are told apart; a partner is a modifier, and bouts
    towards one partner end with the stop of that partner.
    """
    rows = rows_of_text(path)
    names = rows[0][1]
    status, times = _status(names, [cells for _, cells in rows[1:]]), _times(names)
    if status is None:
        raise DataError("a column must say start or stop in every row.")
    kinds = [heading_of(name).kind if i != status else "" for i, name in enumerate(names)]
    places: dict[str, int] = {kind: kinds.index(kind) for kind in kinds if kind}
    if "behaviour" not in places:
        raise DataError(f"no column names the behaviour among {', '.join(map(repr, names))}.")
    table = BoutTable(tuple(names), _whole(rows[1:], len(names)), places, {}, is_last=False)
    account_for(table, [status, *times], by_hand=False)
    unit = counts_time(names[times[0]])
    groups: dict[tuple[str, str], list[Mark]] = {}
    rates: dict[tuple[str, str], set[float]] = {}
    for number, cells in table.rows:
        name, rater = (
            cells[places[kind]] if kind in places else "" for kind in ("recording", "rater")
        )
        try:
            time = seconds_in(cells[times[0]], unit or "")
        except ValueError as error:
            raise DataError(f"line {number}: needed a time, found {cells[times[0]]!r}.") from error
        key = file_stem(name) or recording_name(path), rater
        rates.setdefault(key, set()).add(number_in(table.cell(cells, "fps")))
        groups.setdefault(key, []).append(
            Mark(
                time,
                cells[places["behaviour"]],
                cells[places["individual"]] if "individual" in places else "",
                "|".join(filter(None, (table.cell(cells, k) for k in ("partner", "modifier")))),
                _KINDS[cells[status].lower()],
                f"line {number}",
            )
        )
    notes = tuple(note_partners(table))
    return [
        Events(
            name,
            pair_marks(marks),
            "frame" if unit == "frame" else "s",
            rater,
            rate_of(rates[name, rater]),
            is_unit_said=bool(unit),
            notes=notes,
        )
        for (name, rater), marks in groups.items()
    ]


def _whole(rows: Rows, width: int) -> Rows:
    for number, cells in rows:
        if len(cells) < width:
            raise DataError(f"line {number} has {len(cells)} cells, the header has {width}.")
    return rows
