"""Names of groups and variables: each is a folder of its own, which nothing else lies at."""

from __future__ import annotations

from collections.abc import Iterable

from ethoflow.schema import DataError
from ethoflow.store.files import PROGRESS
from ethoflow.store.state import METADATA, State


def check_group(group: str) -> None:
    """Refuse what names no folder of a group.

    Raises
    ------
    DataError
        It is empty or leads elsewhere, or the store keeps something of its own there.
    """
    parts = group.split("/") if isinstance(group, str) else []
    if not parts or not all(map(_is_name, parts)) or parts[0] == PROGRESS:
        raise DataError(
            f"{group!r} cannot be the name of a group: names parted by single slashes are needed, "
            f"such as 'poses' or 'labels/human', none of them {METADATA!r}, '.' or '..', and the "
            f"first not {PROGRESS!r}, which the store itself uses."
        )


def check_apart(state: State, group: str, variables: Iterable[str]) -> None:
    """Refuse a group that would lie where a variable does, and variables where a group does.

    Raises
    ------
    DataError
        A group above has such a variable, a group inside is called as one, or a name is none.
    """
    variables = sorted(variables)
    parts = group.split("/")
    for depth in range(1, len(parts) + 1):
        place = "/".join(parts[:depth])
        above, _, name = place.rpartition("/")
        if state.is_array(place):
            whose = f"the group {above} has" if above else "the store itself has"
            raise DataError(
                f"{state.path}: the group {group} cannot be written: {whose} a variable {name!r}, "
                f"which lies at {place}. Give the group another name, or first take the variable "
                f"out, with drop=[{name!r}] in ef.write to {above or 'the store'}."
            )
    for name in variables:
        if not _is_name(name):
            raise DataError(
                f"{state.path}: {group} cannot have a variable {name!r}: its name is that of a "
                "folder, so it needs letters or digits and no slash. Give it another name, as in "
                f".rename({{{name!r}: ...}})."
            )
        if state.is_group(f"{group}/{name}"):
            raise DataError(
                f"{state.path}: {group} cannot have a variable {name!r}: the group {group}/{name} "
                "is stored at that place. Write to another group, or give the variable another "
                f"name, as in .rename({{{name!r}: ...}})."
            )


def _is_name(part: str) -> bool:
    """Whether a part of a path is the name of a folder, on every system."""
    return bool(part.strip(".")) and not {"/", "\\"} & set(part) and part != METADATA
