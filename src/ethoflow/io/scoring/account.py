"""Every column of a table of bouts is accounted for: none is passed over in silence."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from ethoflow.io.metadata_rows import to_number
from ethoflow.io.scoring.bout_table import (
    EDGES,
    EMPTY,
    ROLES,
    BoutTable,
    column_of,
    rank_of,
)
from ethoflow.io.scoring.headings import Heading, heading_of, words_of
from ethoflow.schema import DataError


def account_for(table: BoutTable, ignored: Collection[int], *, by_hand: bool = True) -> BoutTable:
    """The table, with the columns whose several values are taken together, which is to be said.

    Parameters
    ----------
    ignored
        Places of columns that were understood otherwise, or that somebody leaves out.
    by_hand
        Whether somebody can say what a column is with ``columns=``.

    Raises
    ------
    DataError
        Columns that were not understood differ between rows, so that bouts of several animals or
        videos may be in one.
    """
    told = ("recording", "rater", "individual")
    keys = [tuple(table.cell(cells, kind) for kind in told) for _, cells in table.rows]
    pairs = [
        (*key, table.cell(cells, "partner"))
        for key, (_, cells) in zip(keys, table.rows, strict=True)
    ]
    behaviours = [table.cell(cells, "behaviour") for _, cells in table.rows]
    together: list[str] = []
    lost: list[str] = []
    for i, heading in enumerate(map(heading_of, table.names)):
        if i in table.places.values() or i in ignored:
            continue
        cells = column_of(table.rows, i)
        if heading.kind in EDGES:
            if _is_second(heading, cells, table):
                lost.append(table.names[i])
            continue
        if (
            len(set(cells)) < 2
            or _is_length(cells, table)
            or heading.kind == "aside"
            or _follows(cells, keys)
            or (heading.kind == "partner" and _follows(cells, pairs))
            or (_sorts_behaviours(table.names[i]) and _follows(cells, behaviours))
            or _measures(table.names[i], cells)
        ):
            continue
        if rank_of(table.names[i]) == rank_of("file") and _follows(keys, cells):
            together.append(table.names[i])
        else:
            lost.append(table.names[i])
    if lost:
        raise DataError(_not_understood(lost, table, by_hand))
    return replace(table, together=tuple(together))


def _not_understood(lost: Sequence[str], table: BoutTable, by_hand: bool) -> str:
    free = [k for k in ("individual", "recording", "behaviour") if k not in table.places]
    role = free[0] if free else "modifier"
    if not by_hand:
        return (
            f"not understood: the {'column' if len(lost) == 1 else 'columns'} "
            f"{', '.join(map(repr, lost))}, whose values differ between rows. Call it after what "
            "it is (video, animal, rater, modifier, comment), or take it out."
        )
    return (
        f"not understood: the {'column' if len(lost) == 1 else 'columns'} "
        f"{', '.join(map(repr, lost))}, whose values differ between rows; bouts of several animals "
        f"or videos could be taken together. Say what they are, as in columns={{{role!r}: "
        f"{lost[0]!r}}} (--column {role}={lost[0]}), or leave them out with columns={{'ignore': "
        f"{list(lost)!r}}} (--column ignore={','.join(lost)}). Kinds: {', '.join(ROLES)}."
    )


def _follows(cells: Sequence[object], keys: Sequence[object]) -> bool:
    """Whether a column says nothing more than the keys do."""
    first: dict[object, object] = {}
    return all(first.setdefault(k, c) == c for k, c in zip(keys, cells, strict=True))


def _sorts_behaviours(name: str) -> bool:
    words = set(words_of(name)[0])
    return bool(words & {"category", "class", "type", "code", "colour", "color", "description"})


def _is_second(heading: Heading, cells: Sequence[str], table: BoutTable) -> bool:
    """Whether a start, stop or duration is another than the one that is taken, in its unit."""
    place = table.places.get(heading.kind)
    same = place is not None and heading.unit == table.units[heading.kind]
    return same and place is not None and list(cells) != column_of(table.rows, place)


def _is_length(cells: Sequence[str], table: BoutTable) -> bool:
    """Whether a column is the time from start to stop, whatever it is called."""
    if "stop" not in table.places:
        return False
    begins, ends = (column_of(table.rows, table.places[kind]) for kind in ("start", "stop"))
    beyond: set[float] = set()
    for begin, end, cell in zip(begins, ends, cells, strict=True):
        first, last, length = (to_number(x) for x in (begin, end, cell))
        if first is None or last is None or length is None:
            return False
        beyond.add(round(length - (last - first), 2))
    return beyond <= {-0.01, 0.0, 0.01} or beyond == {1.0}


_QUANTITIES = {
    "mean",
    "median",
    "max",
    "min",
    "sd",
    "std",
    "speed",
    "velocity",
    "distance",
    "angle",
    "area",
    "probability",
    "score",
    "confidence",
    "latency",
    "x",
    "y",
    "z",
}


def _measures(name: str, cells: Sequence[str]) -> bool:
    """Whether a column holds measurements, which name nobody; ``12.1`` may be cage and mouse."""
    known = [cell for cell in cells if cell not in EMPTY]
    if any(to_number(cell) is None for cell in known):
        return False
    is_fine = any(re.search(r"[.,]\d{3,}$", cell) for cell in known)
    return is_fine or bool(set(words_of(name)[0]) & _QUANTITIES)
