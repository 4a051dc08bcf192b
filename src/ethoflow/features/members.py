"""Members of derived dims that body parts make: what a user names, or the known roles give."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from ethoflow.engine.roles import list_parts
from ethoflow.errors import DataError, UnknownName, did_you_mean
from ethoflow.skeleton import place_roles


def places_of(ds: xr.Dataset, names: Sequence[str], asking: str) -> tuple[int, ...]:
    """Places of body parts that are given by name, or by role.

    Raises
    ------
    UnknownName
        There is no such body part.
    """
    parts = [str(part) for part in ds.bodypart.values]
    roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
    found = []
    for name in map(str, names):
        known = parts if name in parts else roles
        if known.count(name) != 1:
            raise UnknownName(
                f"{asking}: there is no body part {name!r}. These data have: "
                f"{', '.join(list_parts(ds))}.{did_you_mean(name, [*parts, *filter(None, roles)])}"
            )
        found.append(known.index(name))
    return tuple(found)


def given_groups(
    ds: xr.Dataset, given: Sequence[Sequence[str]], size: int, asking: str
) -> list[tuple[int, ...]]:
    """Places of groups of `size` body parts each, as a user names them.

    Raises
    ------
    DataError
        A group has another size.
    """
    found = []
    for group in given:
        names = [group] if isinstance(group, str) else list(group)
        if len(names) != size:
            raise DataError(
                f"{asking}: each needs {size} body parts, found {len(names)}: "
                f"{', '.join(map(str, names))}."
            )
        found.append(places_of(ds, names, asking))
    return found


def known_groups(ds: xr.Dataset, wanted: Sequence[Sequence[str]]) -> list[tuple[int, ...]]:
    """Places of those groups of roles that a dataset has in full."""
    roles = [str(role) for role in ds.role.values] if "role" in ds.coords else []
    found = [place_roles(roles, group) for group in wanted]
    complete = [[place for place in group if place is not None] for group in found]
    return [tuple(g) for g, names in zip(complete, wanted, strict=True) if len(g) == len(names)]


def name_groups(ds: xr.Dataset, groups: Sequence[Sequence[int]]) -> tuple[str, ...]:
    """Names of groups: those of their body parts, joined by hyphens."""
    parts = [str(part) for part in ds.bodypart.values]
    return tuple("-".join(parts[place] for place in group) for group in groups)
