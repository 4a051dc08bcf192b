"""Which animal each row of a table is about, and what the animals are called after it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ethoflow.io.metadata_rows import MISSING, Placed
from ethoflow.names import plain
from ethoflow.schema import DataError


@dataclass(frozen=True)
class Seated:
    """A placed table: recording and slot of each row that has them (None: of the recording).

    `animals` are who sits in each slot once the table has been heard; `strangers` are rows about
    animals that are not there.
    """

    placed: Placed
    slots: dict[int, tuple[int, int | None]]
    animals: list[list[str]]
    strangers: tuple[str, ...]


def seat_animals(placed: Placed, animals: Sequence[Sequence[str]], labels: Sequence[str]) -> Seated:
    """The animal each row of a placed table is about.

    A column ``individual`` has a slot, or the name of an animal. In a recording of one animal it
    may have the name the laboratory gave it, such as an ear tag, which becomes its name.

    Parameters
    ----------
    placed
        The table.
    animals
        Who sits in the slots of each recording, empty where nobody does.
    labels
        Names of the slots.

    Raises
    ------
    DataError
        Two rows are about the same, or it is not said which animal a name is of.
    """
    seats = [list(map(str, row)) for row in animals]
    column = placed.column("individual")
    slots: dict[int, tuple[int, int | None]] = {}
    taken: set[tuple[int, int | None]] = set()
    tags: dict[int, str] = {}
    strangers: list[str] = []
    for row, recording in enumerate(placed.recordings):
        if recording is None:
            continue
        key = placed.columns[placed.key][row]
        slot = None
        if placed.slots is not None:
            slot, tags[row] = placed.slots[row], key
        elif column is not None:
            who = placed.columns[column][row]
            slot = _find_slot(who, labels, seats[recording])
            if slot is None and _is_name(who, labels):
                slot = _only(seats[recording])
                tags[row] = who
            if slot is None:
                strangers.append(f"{key} / {who}")
                continue
        if (recording, slot) in taken:
            raise DataError(_say_twice(placed, recording, slot, key, labels))
        slots[row] = recording, slot
        taken.add((recording, slot))
    _rename(placed, seats, slots, tags)
    return Seated(placed, slots, seats, tuple(strangers))


def _find_slot(who: str, labels: Sequence[str], animals: Sequence[str]) -> int | None:
    for names in (labels, animals):
        known = [plain(str(name)) for name in names]
        if who and known.count(who) == 1:
            return known.index(who)
    return None


def _is_name(who: str, labels: Sequence[str]) -> bool:
    """Whether a cell may be what a laboratory calls an animal, and is no slot that is not there."""
    slot_like = re.fullmatch(r"individual_\d+", who) is not None
    return who not in MISSING and not slot_like and who not in labels


def _only(animals: Sequence[str]) -> int | None:
    """The slot of the animal of a recording that has one."""
    seated = [slot for slot, name in enumerate(animals) if name]
    return seated[0] if len(seated) == 1 else None


def _say_twice(
    placed: Placed, recording: int, slot: int | None, key: str, labels: Sequence[str]
) -> str:
    about = key if slot is None else f"{key} / {labels[slot]}"
    return (
        f"{placed.source}: two rows are about {about} (recording {placed.names[recording]!r}). "
        "Keep one, or tell animals apart in a column 'individual'."
    )


def _rename(
    placed: Placed,
    seats: list[list[str]],
    slots: dict[int, tuple[int, int | None]],
    tags: dict[int, str],
) -> None:
    """Call the animals as the table does; slots it does not know keep what they have."""
    column = placed.column("animal")
    for row, (recording, slot) in slots.items():
        name = tags.get(row, "") if column is None else placed.columns[column][row]
        if column is not None and slot is None:
            slot = _only(seats[recording])
            if slot is None:
                n_animals = sum(map(bool, seats[recording]))
                raise DataError(
                    f"{placed.source}: {placed.names[recording]} has {n_animals} animals; a column "
                    "'individual' must say which slot each row of the column 'animal' is about."
                )
        if name not in MISSING and slot is not None:
            seats[recording][slot] = name
