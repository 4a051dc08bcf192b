"""A table of bouts: which of its columns are what, and that none is passed over in silence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ethoflow.io.metadata_rows import to_number
from ethoflow.io.scoring.headings import Heading, Unit, heading_of, words_of
from ethoflow.io.sheets import Rows
from ethoflow.schema import DataError

_NAMES = ("recording", "individual", "partner", "rater", "behaviour", "modifier")
_EDGES = ("start", "stop", "duration")
ROLES = (*_EDGES, *_NAMES, "fps", "ignore")
"""What ``columns=`` may name."""
_BEST = ("recording", "dlc", "tracking", "csv", "video", "media", "movie", "clip", "filename", "id",
         "file", "observation", "session")  # fmt: skip
_UNITS: tuple[Unit, ...] = ("s", "ms", "min", "clock", "", "frame")
"""Units of times, the one that is taken first where a table has several."""
EMPTY = ("", "NA", "NaN", "nan", "n/a", "N/A", "-")


@dataclass(frozen=True)
class BoutTable:
    """Places of the columns of a table of bouts, by what they are.

    `units` are those of start, stop and duration; `is_last` says that a stop in frames is
    called the last; `together` are columns whose several values are pooled, which is said.
    """

    names: tuple[str, ...]
    rows: Rows
    places: Mapping[str, int]
    units: Mapping[str, Unit]
    is_last: bool
    together: tuple[str, ...] = ()

    def cell(self, cells: Sequence[str], kind: str) -> str:
        """The cell of a row in the column of a kind, empty where there is none."""
        place = self.places.get(kind)
        return cells[place] if place is not None and place < len(cells) else ""


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
    for kind in (*_NAMES, "fps"):
        found = [i for i, heading in enumerate(headings) if heading.kind == kind]
        if kind == "recording":
            found += [i for i, name in enumerate(names) if name.strip().lower() == "id"]
            found.sort(key=lambda i: _rank(names[i]))
        found = [i for i in found if i not in (*ignored, *named.values(), *places.values())]
        if kind in named:
            places[kind] = named[kind]
        elif found:
            places[kind] = _filled(found, rows)
    table = BoutTable(
        tuple(names), rows, places, units, "stop" in places and headings[places["stop"]].is_last
    )
    return _account(table, headings, ignored)


def _by_hand(
    names: Sequence[str], columns: Mapping[str, str | Sequence[str]]
) -> tuple[dict[str, int], list[int]]:
    """Places of the columns somebody named, and of those to leave out."""
    unknown = [role for role in columns if role not in ROLES]
    if unknown:
        raise DataError(f"columns knows {', '.join(ROLES)}; not {', '.join(unknown)}.")
    found: dict[str, int] = {}
    ignored: list[int] = []
    for role, value in columns.items():
        for name in [value] if isinstance(value, str) else value:
            if name not in names:
                raise DataError(f"no column {name!r}; the table has {', '.join(map(repr, names))}.")
            if role == "ignore":
                ignored.append(names.index(name))
            else:
                found[role] = names.index(name)
    return found, ignored


def _place_edges(
    headings: Sequence[Heading], named: Mapping[str, int], places: dict[str, int],
    units: dict[str, Unit], names: Sequence[str],
) -> None:  # fmt: skip
    """Start, and stop or duration: of several columns those in one unit, s before frames."""
    found: dict[str, dict[Unit, int]] = {kind: {} for kind in _EDGES}
    for i, heading in enumerate(headings):
        if heading.kind in _EDGES and heading.kind not in named and i not in named.values():
            found[heading.kind].setdefault(heading.unit, i)
    for kind in _EDGES:
        if kind in named:
            found[kind] = {headings[named[kind]].unit: named[kind]}
    starts, stops, lasting = (found[kind] for kind in _EDGES)
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


def _rank(name: str) -> int:
    plain = re.sub(r"[^a-z]", "", name.lower())
    return next((i for i, word in enumerate(_BEST) if plain.startswith(word)), len(_BEST))


def _filled(found: Sequence[int], rows: Rows) -> int:
    """The first of some columns in which anything stands."""
    return next(
        (i for i in found if any(i < len(c) and c[i] not in EMPTY for _, c in rows)), found[0]
    )


def _account(table: BoutTable, headings: Sequence[Heading], ignored: Sequence[int]) -> BoutTable:
    """The table, once every column is accounted for."""
    told = ("recording", "rater", "individual")
    keys = [tuple(table.cell(cells, kind) for kind in told) for _, cells in table.rows]
    behaviours = [table.cell(cells, "behaviour") for _, cells in table.rows]
    together: list[str] = []
    lost: list[str] = []
    for i, heading in enumerate(headings):
        if i in table.places.values() or i in ignored or heading.kind in _EDGES:
            continue
        cells = [row[i] if i < len(row) else "" for _, row in table.rows]
        if (
            len(set(cells)) < 2
            or heading.kind == "aside"
            or _counts_rows(cells)
            or _follows(cells, keys)
            or (_sorts_behaviours(table.names[i]) and _follows(cells, behaviours))
            or _measures(table.names[i], cells)
        ):
            continue
        if _rank(table.names[i]) == _BEST.index("file") and _follows(keys, cells):
            together.append(table.names[i])
        else:
            lost.append(table.names[i])
    if lost:
        raise DataError(_not_understood(lost, table))
    return replace(table, together=tuple(together))


def _not_understood(lost: Sequence[str], table: BoutTable) -> str:
    free = [k for k in ("recording", "individual", "behaviour") if k not in table.places]
    role = free[0] if free else "modifier"
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


def _counts_rows(cells: Sequence[str]) -> bool:
    """Whether a column numbers the rows."""
    if not all(cell.isdigit() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


_QUANTITIES = {"mean", "median", "max", "min", "sd", "std", "speed", "velocity", "distance",
               "angle", "area", "probability", "score", "confidence", "latency", "x", "y",
               "z"}  # fmt: skip


def _measures(name: str, cells: Sequence[str]) -> bool:
    """Whether a column holds measurements, which name nobody; ``12.1`` may be cage and mouse."""
    known = [cell for cell in cells if cell not in EMPTY]
    if any(to_number(cell) is None for cell in known):
        return False
    is_fine = any(re.search(r"[.,]\d{3,}$", cell) for cell in known)
    return is_fine or bool(set(words_of(name)[0]) & _QUANTITIES)
