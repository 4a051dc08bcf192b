"""What a variable of a dataset says of how it was made: its recipe, or the call it was made by."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import xarray as xr

from ethoflow.engine.declare import Declaration
from ethoflow.engine.parameters import convert_parameters
from ethoflow.engine.recipes import recipe_text
from ethoflow.engine.registry import declarations
from ethoflow.errors import DataError, WrongUse
from ethoflow.units import UnitError

if TYPE_CHECKING:
    from ethoflow.engine.calls import Node


def recorded_recipe(ds: xr.Dataset, node: Node) -> Mapping[str, Any]:
    """The recipe of a node as JSON has it; of a variable in memory, what is known of it.

    Empty where nothing is known.
    """
    recipe = node.recipe
    if set(recipe) == {"variable"}:
        recipe = _call_in(ds, node.attrs().get("source", ""))
    return as_json(recipe)


def as_json(recipe: Mapping[str, Any]) -> Mapping[str, Any]:
    """A recipe, or parameters, as they are read again."""
    found: Mapping[str, Any] = json.loads(recipe_text(dict(recipe)))
    return found


def _call_in(ds: xr.Dataset, source: Any) -> dict[str, Any]:
    """The function and its parameters in the attribute `source` of a variable."""
    try:
        call = ast.parse(str(source), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            return {}
        declaration = declarations()[call.func.id]
        given = {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
        own = {name: value for name, value in given.items() if name in declaration.defaults}
        parameters = convert_parameters(ds, declaration, own)
    except (SyntaxError, ValueError, KeyError, DataError, UnitError):
        return {}
    return {"function": declaration.name, "parameters": parameters}


def check_recorded(
    ds: xr.Dataset, node: Node, declaration: Declaration, asked: Mapping[str, Any]
) -> None:
    """Refuse to read what was made otherwise than it is asked for.

    Raises
    ------
    WrongUse
        A variable of the dataset has other parameters, or does not say which.
    """
    inputs = {item.argument for item in declaration.inputs}
    own = {name: value for name, value in asked.items() if name not in inputs}
    wanted = as_json(convert_parameters(ds, declaration, own))
    found = recorded_recipe(ds, node).get("parameters", {})
    if all(name in found and found[name] == wanted[name] for name in own):
        return
    made = node.attrs().get("source", "")
    raise WrongUse(
        f"parameters for {declaration.name}: {node.name} is in the dataset, "
        f"{f'made by {made}' if made else 'and does not say how it was made'}, and is not "
        f"computed. Leave it out (ds.drop_vars({node.name!r})) to have it computed as asked, or "
        "leave out the parameters."
    )
