"""Which column of a table of bouts is what, by the headings and by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ethoflow.errors import did_you_mean, no_column
from ethoflow.io.scoring.account import account_for
from ethoflow.io.scoring.bout_table import (
    EDGES,
    EMPTY,
    NAMES,
    ROLES,
    BoutTable,
    column_of,
    counts_rows,
    rank_of,
)
from ethoflow.io.scoring.headings import Heading, Unit, counts_time, heading_of
from ethoflow.io.sheets import Rows
from ethoflow.schema import DataError

_UNITS: tuple[Unit, ...] = ("s", "ms", "min", "clock", "", "frame")
"""Units of times, the one that is taken first where a table has several."""


def find_columns(
    names: Sequence[str], rows: Rows, columns: Mapping[str, str | Sequence[str]] | None = None
) -> BoutTable:
    """Understand a table of bouts, by what its headings say and its cells hold.

    Raises
    ------
    DataError
        There is no start, or neither stop nor duration; columns that were not understood differ
        between rows, so that bouts of several animals or videos may be in one.
    """
    named, ignored = _by_hand(names, columns or {})
    headings = [heading_of(name) for name in names]
    places: dict[str, int] = {}
    units: dict[str, Unit] = {}
    _place_edges(headings, named, places, units, names)
    for kind in (*NAMES, "fps"):
        found = [i for i, heading in enumerate(headings) if heading.kind == kind]
        if kind == "recording":
            found += [
                i
                for i, name in enumerate(names)
                if name.strip().lower() == "id" and not counts_rows(column_of(rows, i))
            ]
            found.sort(key=lambda i: rank_of(names[i]))
        found = [i for i in found if i not in (*ignored, *named.values(), *places.values())]
        if kind in named:
            places[kind] = named[kind]
        elif found:
            places[kind] = _filled(found, rows)
    table = BoutTable(
        tuple(names), rows, places, units, "stop" in places and headings[places["stop"]].is_last
    )
    return account_for(table, ignored)


def _by_hand(
    names: Sequence[str], columns: Mapping[str, str | Sequence[str]]
) -> tuple[dict[str, int], list[int]]:
    """Places of the columns somebody named, and of those to leave out."""
    unknown = [role for role in columns if role not in ROLES]
    if unknown:
        asked = did_you_mean(unknown[0], ROLES)
        raise DataError(f"columns knows {', '.join(ROLES)}; not {', '.join(unknown)}.{asked}")
    found: dict[str, int] = {}
    ignored: list[int] = []
    for role, value in columns.items():
        for name in [value] if isinstance(value, str) else value:
            if name not in names:
                raise DataError(no_column(name, names))
            if role == "ignore":
                ignored.append(names.index(name))
            else:
                found[role] = names.index(name)
    return found, ignored


def _place_edges(
    headings: Sequence[Heading],
    named: Mapping[str, int],
    places: dict[str, int],
    units: dict[str, Unit],
    names: Sequence[str],
) -> None:
    """Start, and stop or duration: of several columns those in one unit, s before frames."""
    found: dict[str, dict[Unit, int]] = {kind: {} for kind in EDGES}
    for i, heading in enumerate(headings):
        if heading.kind in EDGES and heading.kind not in named and i not in named.values():
            found[heading.kind].setdefault(heading.unit, i)
    for kind in EDGES:
        if kind in named:
            found[kind] = {headings[named[kind]].unit: named[kind]}
    if not found["start"]:
        counted = {counts_time(name): i for i, name in enumerate(names)}
        found["start"] = {unit: i for unit, i in counted.items() if unit is not None}
    starts, stops, lasting = (found[kind] for kind in EDGES)
    ends = stops or lasting
    if not starts or not ends:
        missing = "start" if not starts else "stop or duration"
        raise DataError(
            f"needed a start and a stop (or a duration) of every bout, found no column of the "
            f"{missing} among {', '.join(map(repr, names))}. Name it, as in "
            "columns={'start': 'NAME', 'stop': 'NAME'} (--column start=NAME)."
        )
    both = [unit for unit in _UNITS if unit in starts and unit in ends]
    unit = both[0] if both else next(unit for unit in _UNITS if unit in starts)
    places["start"], units["start"] = starts[unit], unit
    for kind, ways in (("stop", stops), ("duration", lasting)):
        if ways:
            own = unit if unit in ways else next(u for u in _UNITS if u in ways)
            places[kind], units[kind] = ways[own], own


def _filled(found: Sequence[int], rows: Rows) -> int:
    """The first of some columns in which anything stands."""
    return next(
        (i for i in found if any(i < len(c) and c[i] not in EMPTY for _, c in rows)), found[0]
    )
