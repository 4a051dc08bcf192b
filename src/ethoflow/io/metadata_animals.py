"""Tables with a row per animal: joined through the animals of recordings, or their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ethoflow.io.metadata_rows import MISSING, WHO, Placed, called
from ethoflow.names import plain


def place_animals(
    table: tuple[str, Mapping[str, list[str]]],
    names: Sequence[str],
    animals: Sequence[Sequence[str]],
) -> Placed | None:
    """Which animals, of any number of recordings, each row is about; None where of none.

    The key is the first column that people call so and that fits, else the one that fits most. It
    fits as the name of an animal. Where recordings of one animal do not name it, a column called
    ``animal`` (or as `WHO` has it) also fits as a part of the recording's name that no letter or
    digit runs on from: ``M1`` in ``M1_day2``, the longest that fits.

    Parameters
    ----------
    table
        Name and columns.
    names
        Names of the recordings.
    animals
        Who sits in the slots of each recording, empty where nobody does.
    """
    source, columns = table
    known = {name: _by_animal(cells, animals) for name, cells in columns.items() if name}
    by_name = {name: _by_name(columns[name], names, animals) for name in columns if _is_who(name)}
    found = {name: hits for name, hits in known.items() if any(hits)}
    found = {n: h for n, h in by_name.items() if n not in found and any(h)} | found
    if not found:
        return None
    likely = [name for who in WHO for name in found if called(name) == who]
    key = likely[0] if likely else max(found, key=lambda name: sum(map(bool, found[name])))
    rows: list[tuple[int, tuple[int, int] | None]] = []
    for row, hits in enumerate(found[key]):
        rows += [(row, hit) for hit in hits] or [(row, None)]
    order = [row for row, _ in rows]
    return Placed(
        source=source,
        key=key,
        columns={name: [cells[row] for row in order] for name, cells in columns.items()},
        names=tuple(names),
        recordings=tuple(None if hit is None else hit[0] for _, hit in rows),
        ambiguous=(),
        slots=tuple(None if hit is None else hit[1] for _, hit in rows),
        notes=() if any(known[key]) else _explain(source, key, columns[key], found[key], names),
    )


def _is_who(name: str) -> bool:
    return called(name) in WHO


def _by_animal(
    cells: Sequence[str], animals: Sequence[Sequence[str]]
) -> list[list[tuple[int, int]]]:
    """Recordings and slots of the animals that are called as each cell."""
    places: dict[str, list[tuple[int, int]]] = {}
    for recording, seats in enumerate(animals):
        for slot, who in enumerate(map(plain, seats)):
            if who:
                places.setdefault(who, []).append((recording, slot))
    return [[] if cell in MISSING else places.get(cell, []) for cell in cells]


def _by_name(
    cells: Sequence[str], names: Sequence[str], animals: Sequence[Sequence[str]]
) -> list[list[tuple[int, int]]]:
    """The same through names of recordings whose one animal is called as the recording."""
    hits: list[list[tuple[int, int]]] = [[] for _ in cells]
    for recording, (name, seats) in enumerate(zip(names, animals, strict=True)):
        seated = [slot for slot, who in enumerate(seats) if who]
        if len(seated) != 1 or seats[seated[0]] != name:
            continue
        fitting = [cell for cell in dict.fromkeys(cells) if cell not in MISSING]
        fitting = [cell for cell in fitting if _has_part(plain(name), cell)]
        longest = max(fitting, key=len, default="")
        if longest and all(cell in longest for cell in fitting):
            for row, cell in enumerate(cells):
                if cell == longest:
                    hits[row].append((recording, seated[0]))
    return hits


def _has_part(name: str, part: str) -> bool:
    edge = r"[^\W_]"
    return re.search(f"(?<!{edge}){re.escape(part)}(?!{edge})", name) is not None


def _explain(
    source: str,
    key: str,
    cells: Sequence[str],
    hits: Sequence[Sequence[tuple[int, int]]],
    names: Sequence[str],
) -> tuple[str, ...]:
    found = [
        f"{cell} in {', '.join(names[recording] for recording, _ in places)}"
        for cell, places in zip(cells, hits, strict=True)
        if places
    ]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return (
        f"{source}: its column {key!r} was found in names of recordings: "
        f"{'; '.join(found[:3])}{more}. A table with the columns recording and animal says it for "
        "certain.",
    )
