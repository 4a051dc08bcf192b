"""Functions and modules: of the user's own what they say, of libraries which they are."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import resolve_name
from types import CellType, FunctionType, ModuleType
from typing import Any

from ethoflow.engine.identity.bytecode import Code, read_code
from ethoflow.engine.identity.digest import Part, leaf, text
from ethoflow.engine.identity.libraries import find_module, is_own, named, version
from ethoflow.engine.identity.untold import Untold
from ethoflow.engine.identity.walk import WHEREABOUTS, Description, Walk


def home(function: Any) -> str:
    """Module a function was written in, whatever it was made to look like."""
    scope = getattr(function, "__globals__", {"__name__": function.__module__})
    return str(scope.get("__name__", ""))


def describe_named(walk: Walk, value: Any) -> Description | None:
    """What a library keeps under a name counts by that name and the library's version."""
    place = named(value)
    return place and ("named", walk.parts((*place, version(place[0]))))


def describe_module(walk: Walk, value: Any) -> Description | None:
    """A module that is held rather than named: all that is in it."""
    if not isinstance(value, ModuleType):
        return None
    return "held", [_module(walk, value, frozenset(vars(value)))]


def describe_function(walk: Walk, value: Any) -> Description | None:
    """Code, defaults and attributes of a function, and what the names it looks up stand for.

    A library's function counts by name and version, but one made inside another may hold on to
    something of the user's.
    """
    if not isinstance(value, FunctionType):
        return None
    code, module = read_code(value.__code__), home(value)
    if module == "functools" and hasattr(value, "registry"):  # of singledispatch
        return "dispatch", walk.pairs(value.registry.items())
    parts = [code.digest, *_defaults(walk, value), *_closure(walk, value, code)]
    if not is_own(module):
        return "made", [*walk.parts((module, value.__qualname__, version(module))), *parts]
    attributes = {name: v for name, v in vars(value).items() if name not in WHEREABOUTS}
    parts += walk.names(attributes, ".")
    for name in sorted(code.globals - WHEREABOUTS):
        parts += [text(name), _global(walk, name, value.__globals__, code)]
    for level, name in sorted(code.imports):
        parts += _imported(walk, level, name, value.__globals__, code)
    return "function", parts


def _defaults(walk: Walk, function: FunctionType) -> list[Part]:
    defaults, code = function.__defaults__ or (), function.__code__
    first = code.co_argcount - len(defaults)
    given = dict(zip(code.co_varnames[first : code.co_argcount], defaults, strict=True))
    return walk.names(given) + walk.names(function.__kwdefaults__ or {})


def _closure(walk: Walk, function: FunctionType, code: Code) -> list[Part]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return [_cell(walk, name, cell, code) for name, cell in cells]


def _cell(walk: Walk, name: str, cell: CellType, code: Code) -> Part:
    try:
        value = cell.cell_contents
    except ValueError:
        return leaf("empty", b"")
    return _value(walk, name, value, code.names)


def _global(walk: Walk, name: str, scope: Mapping[str, Any], code: Code) -> Part:
    """What a global stands for; one that is absent may come later, and counts from then on."""
    if name in scope:
        return _value(walk, name, scope[name], code.names)
    return leaf("builtin" if hasattr(builtins, name) else "absent", name.encode())


def _value(walk: Walk, step: str, value: Any, wanted: frozenset[str]) -> Part:
    if isinstance(value, ModuleType):
        try:
            return _module(walk, value, wanted)
        except Untold as untold:
            raise untold.found_at(step) from None
    return walk.part(value, step)


def _module(walk: Walk, module: ModuleType, wanted: frozenset[str]) -> Part:
    """A library by its version; of a module of the user's own what is `wanted` of it."""
    if not is_own(module.__name__):
        return _library(module.__name__)

    def describe(module: ModuleType) -> Description:
        parts: list[Part] = []
        for name in sorted((wanted & vars(module).keys()) - WHEREABOUTS):
            parts += [text(name), _value(walk, f".{name}", vars(module)[name], wanted)]
        return "module", parts

    return walk.node((id(module), wanted), module, describe)


def _library(name: str) -> bytes:
    return leaf("library", f"{name} {version(name)}".encode())


def _imported(
    walk: Walk, level: int, name: str, scope: Mapping[str, Any], code: Code
) -> list[Part]:
    """A module that the code imports when it runs, and the package it may be known by."""
    if level:
        with suppress(ImportError):  # outside a package; the function itself will say so
            name = resolve_name("." * level + name, scope.get("__package__") or "")
    parts: list[Part] = []
    for wanted in (name.partition(".")[0], name):
        module = find_module(wanted)
        parts.append(_module(walk, module, code.names) if module else _library(wanted))
    return parts
