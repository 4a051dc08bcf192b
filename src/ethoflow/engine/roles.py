"""Body parts by their roles: the places that a kernel's input takes along `bodypart`."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from ethoflow.engine.declare import SomeOf
from ethoflow.errors import Missing, did_you_mean, in_words
from ethoflow.skeleton import ALIASES, place_roles


def find_places(ds: xr.Dataset, asking: str, wanted: tuple[str, ...]) -> tuple[int, ...]:
    """Places of the body parts that have the roles `wanted`, for the function `asking`.

    Raises
    ------
    Missing
        A role is nobody's, or that of several; of `some_of` several, all are nobody's.
    """
    roles = [str(role) for role in ds.variables["role"].values] if "role" in ds.coords else []
    if isinstance(wanted, SomeOf):
        return _find_some(ds, asking, wanted, roles)
    places = place_roles(roles, wanted)
    twice = [role for role in wanted if roles.count(role) > 1]
    if twice:
        raise Missing(
            asking,
            f"one body part in the role {twice[0]!r}, not {roles.count(twice[0])}",
            way=f"Choose one with ef.assign_roles(ds, {{{twice[0]!r}: ...}}).",
        )
    missing = [role for role, place in zip(wanted, places, strict=True) if place is None]
    if missing:
        one = "a body part in the role" if len(missing) == 1 else "body parts in the roles"
        strange = [role for role in missing if role not in ALIASES]
        asked = did_you_mean(strange[0], ALIASES) if strange else ""
        raise Missing(
            asking,
            f"{one} {in_words([repr(role) for role in missing])}",
            f"This recording has: {', '.join(list_parts(ds))}.",
            f"Name one with skeleton={{{missing[0]!r}: 'its name here'}} (--skeleton "
            f"{missing[0]}=NAME), or make one of several: "
            f"skeleton={{{missing[0]!r}: ['one', 'another']}}.{asked}",
        )
    return tuple(place for place in places if place is not None)


def _find_some(
    ds: xr.Dataset, asking: str, wanted: Sequence[str], roles: Sequence[str]
) -> tuple[int, ...]:
    """Places of the body parts that have one of the roles `wanted`."""
    found = [place for place in place_roles(roles, wanted) if place is not None]
    if not found:
        raise Missing(
            asking,
            f"a body part in one of the roles {in_words([repr(role) for role in wanted])}",
            f"This recording has: {', '.join(list_parts(ds))}.",
            f"Name one with skeleton={{{wanted[0]!r}: 'its name here'}} (--skeleton "
            f"{wanted[0]}=NAME).",
        )
    return tuple(found)


def list_parts(ds: xr.Dataset) -> list[str]:
    """Body parts, each with its role where it has one."""
    roles = ds.role.values if "role" in ds.coords else [""] * ds.sizes["bodypart"]
    return [
        f"{part} ({role})" if role else str(part)
        for part, role in zip(ds.bodypart.values, roles, strict=True)
    ]
