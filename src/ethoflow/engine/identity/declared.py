"""The digest of a declared function: its code by value, and its settings."""

from __future__ import annotations

from typing import Any

from ethoflow.engine.declare import Declaration
from ethoflow.engine.identity.digest import settle
from ethoflow.engine.identity.functions import (
    describe_function,
    describe_module,
    describe_named,
    home,
)
from ethoflow.engine.identity.objects import (
    describe_class,
    describe_compiled,
    describe_data,
    describe_object,
    describe_wrapper,
)
from ethoflow.engine.identity.untold import Untold
from ethoflow.engine.identity.walk import Description, Walk, describe_container
from ethoflow.schema import DataError

_SETTINGS = (
    *("kind", "dims", "units", "scope", "symmetric", "gives", "optional", "halo", "replaces"),
    *("version", "categories", "raw", "tile", "merge", "finish", "reads", "also", "pointwise"),
)
_TABLES = ("roles", "parameter_units", "defaults", "over")


def identify(declaration: Declaration) -> str:
    """Digest of a user's own function and its settings; empty for ethoflow's, which have versions.

    Parameters
    ----------
    declaration
        What was declared. Its name and `reference` play no part.

    Raises
    ------
    DataError
        The function uses something that cannot be told from another: an open file, a lock.

    Examples
    --------
    >>> from ethoflow.engine import find
    >>> identify(find("speed"))
    ''
    """
    if home(declaration.function).startswith("ethoflow."):
        return ""
    try:
        return settle(Walk(_SORTS).part(declaration)).hex()
    except Untold as untold:
        raise untold.error(declaration.kind, declaration.name) from None
    except RecursionError:
        raise DataError(
            f"the {declaration.kind} {declaration.name} uses something nested too deeply to be "
            "read: keep what it holds in arrays or shallow lists."
        ) from None


def _describe_declaration(walk: Walk, value: Any) -> Description | None:
    if not isinstance(value, Declaration):
        return None
    module = home(value.function)
    if module.startswith("ethoflow."):
        return "named", walk.parts((module, value.name, value.version))
    parts = [walk.part(value.function)]
    parts += [walk.part(getattr(value, name), name) for name in _SETTINGS]
    for table in _TABLES:
        parts += walk.names(getattr(value, table))
    return "declaration", parts


_SORTS = (
    describe_container,
    _describe_declaration,
    describe_named,
    describe_module,
    describe_function,
    describe_wrapper,
    describe_compiled,
    describe_class,
    describe_data,
    describe_object,
)
