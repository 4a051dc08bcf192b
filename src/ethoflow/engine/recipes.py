"""Recipes: how a variable comes about, as data that say the same wherever they are written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ethoflow.engine.calls import Call, Node, Recipe
from ethoflow.engine.declare import Declaration, Input, Taken
from ethoflow.engine.identity import identify
from ethoflow.engine.model import Model
from ethoflow.engine.relative import BodyLengths


def write_recipe(
    declaration: Declaration,
    parameters: Mapping[str, Any],
    arguments: Sequence[Input],
    inputs: Sequence[Node],
    taken: Sequence[Taken | None],
    members: Mapping[str, tuple[str, ...]],
) -> Recipe:
    """The recipe of a call; without `inputs`, that of the call alone."""
    recipe: Recipe = {
        "function": f"{declaration.function.__module__}.{declaration.name}",
        "version": declaration.version,
        "parameters": dict(sorted(parameters.items())),
        "inputs": _inputs(arguments, inputs) if inputs else {},
    }
    if any(item is not None for item in taken):
        recipe["taken"] = [
            None if item is None else [item.dim, list(item.places), item.becomes] for item in taken
        ]
    if members:
        recipe["members"] = {dim: list(names) for dim, names in members.items()}
    code = identify(declaration)
    if code:
        recipe["function"] = declaration.name
        recipe["code"] = code
    return recipe


def _inputs(arguments: Sequence[Input], inputs: Sequence[Node]) -> dict[str, Any]:
    """Recipes of the inputs by argument; a list for one that stands for several."""
    found: dict[str, Any] = {}
    for item, node in zip(arguments, inputs, strict=True):
        recipe = dict(node.recipe)
        if isinstance(node, Call) and node.index:
            recipe["gives"] = node.name
        if item.many:
            found.setdefault(item.argument, []).append(recipe)
        else:
            found[item.argument] = recipe
    return found


def own_recipe(call: Call) -> Recipe:
    """The recipe of a call alone, its function's code as it is now.

    A user may have edited what the function uses since the call was made.
    """
    own = write_recipe(
        call.declaration, call.parameters, call.arguments, (), call.taken, call.members
    )
    return {**own, "gives": call.name} if call.index else own


def digest_of(content: Any) -> str:
    """Digest of something that can be written as JSON."""
    text = json.dumps(content, sort_keys=True, default=_plain)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def recipe_text(recipe: Recipe) -> str:
    """A recipe as one line of JSON."""
    return json.dumps(recipe, sort_keys=True, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Model):
        return {"model": value.name, "digest": value.digest}
    if isinstance(value, BodyLengths):
        return {"body_lengths": value.number}
    raise TypeError(f"a parameter of the type {type(value).__name__} cannot be recorded: {value!r}")
