"""Classes, their instances, and callables that wrap others."""

from __future__ import annotations

import copyreg
import functools
import inspect
import logging
import sys
import types
from collections.abc import Mapping
from enum import Enum, EnumType
from typing import Any

import numpy as np

from ethoflow.engine.identity.contents import contents
from ethoflow.engine.identity.digest import Part, text
from ethoflow.engine.identity.libraries import kept, version
from ethoflow.engine.identity.untold import Untold, refuse, unknown
from ethoflow.engine.identity.walk import WHEREABOUTS, Description, Walk

_MADE_BY_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement, not written in C
_COMPILED = ("py_func", "_dispatcher", "gufunc_builder", "_pyfunc")
_WRAPPERS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (types.MethodType, ("__func__", "__self__")),
    (staticmethod | classmethod, ("__func__",)),
    (property, ("fget", "fset", "fdel")),
    (functools.cached_property, ("func",)),
    (functools._lru_cache_wrapper, ("__wrapped__",)),
    (types.BuiltinFunctionType | types.MethodWrapperType, ("__name__", "__self__")),
    (types.WrapperDescriptorType | types.MethodDescriptorType, ("__name__", "__objclass__")),
    (types.GetSetDescriptorType | types.MemberDescriptorType, ("__name__", "__objclass__")),
    (types.ClassMethodDescriptorType, ("__name__", "__objclass__")),
)
"""What is made of something else, and the attributes that say of what."""


def describe_wrapper(walk: Walk, value: Any) -> Description | None:
    """Methods, properties and caches, by the functions inside them."""
    found = next((inner for kind, inner in _WRAPPERS if isinstance(value, kind)), None)
    if found is None:
        return None
    return type(value).__name__, [walk.part(getattr(value, name)) for name in found]


def describe_compiled(walk: Walk, value: Any) -> Description | None:
    """What numba compiled, by the Python it was made from; ufuncs by name."""
    if type(value).__module__.partition(".")[0] == "numba":
        inner = next((getattr(value, n) for n in _COMPILED if hasattr(value, n)), None)
        options = getattr(value, "targetoptions", {})
        if inner is not None:
            return "compiled", [walk.part(inner), *_bound(value), *walk.names(options)]
    if not isinstance(value, np.ufunc):
        return None
    name: str = value.__name__
    if getattr(sys.modules.get("scipy.special"), name, None) is value:
        return "ufunc", walk.parts((name, version("scipy")))
    raise Untold("a ufunc whose function cannot be read", "make it with numba.vectorize")


def _bound(value: Any) -> list[Part]:
    """Types that a compiled function was bound to when made; others come as it is called."""
    closed = getattr(value, "_frozen", False) or not getattr(value, "_can_compile", True)
    given = (getattr(value, "types", None) or value.signatures) if closed else ()
    return [text(str(getattr(value, "signature", ""))), text(str(given))]


def describe_class(walk: Walk, value: Any) -> Description | None:
    """A class of the user's own: its bases and all it defines."""
    if not isinstance(value, type):
        return None
    if not value.__flags__ & _MADE_BY_PYTHON:
        module = value.__module__
        return "named", walk.parts((module, value.__qualname__, version(module)))
    kind = [text(value.__name__), walk.part(type(value)), walk.part(value.__bases__)]
    if isinstance(value, EnumType):
        return "enum", kind + _members(walk, value)
    defined = {n: v for n, v in vars(value).items() if n not in WHEREABOUTS}
    return "class", kind + walk.names(defined, ".")


def _members(walk: Walk, kind: EnumType) -> list[Part]:
    """Names and values in their order, and what was written beside them."""
    members: Mapping[str, Any] = kind.__members__
    beside = {
        name: value
        for name, value in vars(kind).items()
        if isinstance(value, types.FunctionType | property | classmethod | staticmethod)
        and name not in WHEREABOUTS
        and name != "_generate_next_value_"
    }
    return [
        *walk.pairs((name, member.value) for name, member in members.items()),
        *walk.names(beside, "."),
    ]


def describe_data(walk: Walk, value: Any) -> Description | None:
    """Members of an enum, arrays and tables by what they hold; where messages go plays no part."""
    if isinstance(value, logging.Logger | logging.LoggerAdapter):
        return "logger", []
    if isinstance(value, Enum) and value._name_ is not None:
        return "member", [text(value._name_), walk.part(value._value_), walk.part(type(value))]
    try:
        found = contents(value)
    except Exception:  # of Dask, of an extension array, of a file behind a lazy array
        raise unknown(value) from None
    return found and ("data", walk.parts(found))


def describe_object(walk: Walk, value: Any) -> Description:
    """Any other object counts for what is sent of it to a worker, as `pickle` would take it apart.

    Raises
    ------
    Untold
        It cannot be sent, or changes by being used.
    """
    refuse(value)
    place = kept(value)
    if place:
        return "named", walk.parts((*place, version(place[0])))
    kind = type(value)
    try:
        reduce = copyreg.dispatch_table.get(kind)
        found = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception:  # objects raise anything when asked for what they cannot give
        raise unknown(value) from None
    if isinstance(found, str):
        return "constant", [walk.part(kind), text(found)]
    make, arguments, state, items, pairs = (*found, None, None, None)[:5]
    parts = [walk.part(make), text(str(len(arguments))), *map(walk.part, arguments)]
    for part in state if isinstance(state, tuple) else (state,):
        part = {} if part is None else part
        named = isinstance(part, dict) and all(isinstance(name, str) for name in part)
        parts += walk.names(_given(kind, part), ".") if named else [walk.part(part)]
    return "object", [*parts, *walk.parts(items or ()), *walk.pairs(pairs or ())]


def _given(kind: type, state: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes without those that were worked out from the others and kept."""
    cached = functools.cached_property
    return {
        name: value
        for name, value in state.items()
        if not isinstance(inspect.getattr_static(kind, name, None), cached)
    }
