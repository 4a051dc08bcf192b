"""Members of derived dims: pairs, joints, regions, as functions find them in a dataset."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from ethoflow.engine.calls import Node
from ethoflow.engine.declare import Declaration, Input, Members, Taken
from ethoflow.errors import WrongUse, listed


def find_members(
    ds: xr.Dataset,
    declaration: Declaration,
    parameters: Mapping[str, Any],
    arguments: Sequence[Input],
    inputs: Sequence[Node],
) -> dict[str, Members]:
    """The members of every derived dim of a function, checked.

    Raises
    ------
    WrongUse
        Two have one name, or places do not fit.
    """
    found: dict[str, Members] = {}
    for dim, find in declaration.over.items():
        more = {}
        if "inputs" in inspect.signature(find).parameters:
            more = {"inputs": dict(zip([i.variable for i in arguments], inputs, strict=True))}
        members = find(ds, parameters, **more)
        names = [str(name) for name in members.names]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise WrongUse(
                f"{declaration.name}: two members of {dim} are called {twice[0]!r}; each needs a "
                "name of its own."
            )
        wrong = [name for name, places in members.places.items() if len(places) != len(names)]
        stray = sorted(set(members.places) - {item.argument for item in arguments})
        if wrong or stray:
            raise WrongUse(
                f"{declaration.name}: the members of {dim} are {len(names)}; places for "
                f"{listed(wrong or stray)} do not fit."
            )
        found[dim] = Members(tuple(names), members.places, members.along)
    return found


def take_members(
    declaration: Declaration, item: Input, node: Node, found: Mapping[str, Members]
) -> Taken | None:
    """The places that an input takes for the members of a derived dim; None where it takes all.

    Raises
    ------
    WrongUse
        It does not have such places.
    """
    for dim, members in found.items():
        places = members.places.get(item.argument)
        if places is None:
            continue
        if members.along not in node.dims:
            raise WrongUse(
                f"{declaration.name}: {dim} is made of places along {members.along}, which "
                f"{node.name} does not have; it has {', '.join(node.dims)}."
            )
        size = node.sizes[members.along]
        if any(not 0 <= place < size for place in places):
            raise WrongUse(
                f"{declaration.name}: places of {dim} along {members.along} of {node.name} "
                f"must be 0 to {size - 1}, found {listed(map(str, places))}."
            )
        return Taken(members.along, tuple(places), dim)
    return None
