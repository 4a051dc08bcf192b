"""Animals of one recording in two sources: which is which, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import xarray as xr

from ethoflow.errors import DataError, listed
from ethoflow.io.paths import recording_name


@dataclass(frozen=True)
class Seats:
    """The animals of one recording: slots that somebody sits in, and their names.

    `named` says whether all have names of their own; what stands for a name in labels of one
    unnamed animal is that of the recording or of its slot.
    """

    slots: tuple[int, ...]
    names: tuple[str, ...]
    named: bool


def seats_of(ds: xr.Dataset, individuals: Mapping[str, str]) -> Seats:
    """Who sits where in a recording, called as `individuals` says."""
    if "individual" not in ds.dims:
        return Seats((), (), False)
    n = ds.sizes["individual"]
    called = [str(v) for v in ds.individual.values] if "individual" in ds.coords else [""] * n
    animals = [str(v) for v in ds.animal.values] if "animal" in ds.coords else [""] * n
    recording = str(ds.recording.values) if "recording" in ds.coords else ""
    file = recording_name(str(ds.source_file.values)) if "source_file" in ds.coords else ""
    nobody = {"", "recording", recording, file}
    taken = [i for i, animal in enumerate(animals) if animal] or list(range(n))
    names, is_named = [], []
    for i in taken:
        own = animals[i] if animals[i] not in (*nobody, called[i]) else ""
        told = individuals.get(own) or individuals.get(called[i])
        names.append(told or own or called[i])
        is_named.append(bool(told or own) or not called[i].startswith("individual_"))
    return Seats(tuple(taken), tuple(names), all(is_named) and len(set(names)) == len(names))


def match(a: Seats, b: Seats, names: tuple[str, str], recording: str) -> list[tuple[int, int, str]]:
    """Slots of a and of b in which the same animal sits, and its name.

    Raises
    ------
    DataError
        No animal is called alike in both.
    """
    if len(a.slots) == 1 == len(b.slots) and not (a.named and b.named):
        return [(a.slots[0], b.slots[0], a.names[0] if a.named or not b.named else b.names[0])]
    where = dict(zip(b.names, b.slots, strict=True))
    found = [
        (slot, where[name], name)
        for name, slot in zip(a.names, a.slots, strict=True)
        if name in where and a.named == b.named
    ]
    if not found and a.named != b.named and len(a.slots) == len(b.slots):
        raise DataError(_refusal(a, b, names, recording, "the animals of one have no names"))
    if not found:
        raise DataError(_refusal(a, b, names, recording, "no animal is called alike in both"))
    return found


def _refusal(a: Seats, b: Seats, names: tuple[str, str], recording: str, why: str) -> str:
    one, other = (listed(map(repr, seats.names), 6) or "none" for seats in (a, b))
    example = f"{{{b.names[0] if b.names else '...'!r}: {a.names[0] if a.names else '...'!r}}}"
    return (
        f"{recording}: {why}: {names[0]} has {one}, {names[1]} has {other}. Say who is who, as in "
        f"individuals={example} (--individual), or compare what any of them does, with "
        "animals='any' (--animals any)."
    )


def lone(a: Seats, b: Seats, found: list[tuple[int, int, str]]) -> list[str]:
    """Names of animals that one of two sources lacks."""
    of_a, of_b = {i for i, _, _ in found}, {j for _, j, _ in found}
    return [n for n, i in zip(a.names, a.slots, strict=True) if i not in of_a] + [
        n for n, j in zip(b.names, b.slots, strict=True) if j not in of_b
    ]
