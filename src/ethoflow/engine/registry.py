"""Where declarations are kept and found: by name here, by reference on a worker."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ethoflow.engine import rule_files
from ethoflow.errors import DataError, UnknownName, listed, no_such

if TYPE_CHECKING:
    from ethoflow.engine.declare import Declaration

_PACKAGES = ("ethoflow.features", "ethoflow.behaviours", "ethoflow.cleaning", "ethoflow.geometry")
_declarations: dict[str, Declaration] = {}


def maker_of(name: str) -> tuple[Declaration, int] | None:
    """Who gives a variable: a declaration, and the place among the variables it gives.

    What a step gives is in the dataset or not; nothing asks for it by name.
    """
    _discover()
    found = _declarations.get(name)
    if found is not None:
        return None if found.kind in ("step", "fit") else (found, 0)
    return _further(name)


def _further(name: str) -> tuple[Declaration, int] | None:
    for declaration in _declarations.values():
        if declaration.further and declaration.kind not in ("step", "fit"):
            names = [output.name for output in declaration.outputs]
            if name in names:
                return declaration, names.index(name)
    return None


def register(declaration: Declaration) -> None:
    """Keep `declaration` under its name.

    Raises
    ------
    DataError
        Another function of that name is declared elsewhere.
    """
    if rule_files.hold(declaration):
        return  # a rule file is taken in whole, when it has run to its end
    check_free(declaration)
    _declarations[declaration.name] = declaration


def check_free(declaration: Declaration, where: str = "") -> None:
    """Raise where another function has the name; a new version of the same one may take it."""
    names = {declaration.name}
    if declaration.kind not in ("step", "fit"):
        names |= {output.name for output in declaration.outputs}
    for name in sorted(names):
        further = _further(name)
        before = _declarations.get(name) or (further[0] if further else None)
        if before is None or _place(before) == _place(declaration):
            continue
        path = rule_files.path_of(before.function.__module__)
        if path and not Path(path).exists():
            continue  # a rule file that was moved, or removed
        raise DataError(
            f"{where or _describe(declaration)}: {name} is declared twice: there is a "
            f"{WORDS[before.kind]} of that name in {_describe(before)}. Give yours another name."
        )


def _place(declaration: Declaration) -> tuple[str, str]:
    module, name = declaration.function.__module__, declaration.function.__qualname__
    # An edited rule file takes the place of its former self.
    return rule_files.path_of(module) or module, name


def _describe(declaration: Declaration) -> str:
    module = declaration.function.__module__
    return rule_files.path_of(module) or module


@cache
def _discover() -> None:
    for package in _PACKAGES:
        module = importlib.import_module(package)
        for item in pkgutil.iter_modules(module.__path__):
            importlib.import_module(f"{package}.{item.name}")


def declarations(kind: str | None = None) -> dict[str, Declaration]:
    """Every declared function by name, of one kind when asked.

    Examples
    --------
    >>> "speed" in declarations("feature"), "speed" in declarations("behaviour")
    (True, False)
    """
    _discover()
    return {n: d for n, d in _declarations.items() if kind is None or d.kind == kind}


def builtin(kind: str | None = None) -> dict[str, Declaration]:
    """The declared functions that come with ethoflow."""
    return {
        name: item
        for name, item in declarations(kind).items()
        if item.function.__module__.startswith("ethoflow.")
    }


def find(name: str, kind: str | None = None) -> Declaration:
    """The declared function called `name`, of one kind when asked.

    Raises
    ------
    UnknownName
        There is none: the message has the nearest, or says what the name stands for.
    """
    known = declarations()
    if name in known and kind in (None, known[name].kind):
        return known[name]
    what = WORDS.get(kind or "", "declared function")
    of_kind = [n for n, d in known.items() if kind in (None, d.kind)]
    if name in known:
        raise UnknownName(
            f"{name!r} is a {WORDS[known[name].kind]}, not a {what}; there are: {listed(of_kind)}."
        )
    raise UnknownName(no_such(what, name, of_kind))


WORDS = {
    "behaviour": "rule",
    "feature": "feature",
    "step": "step",
    "summary": "feature",
    "fit": "fit",
}
"""What people call the kinds."""


def load_rules(path: str | Path) -> list[Declaration]:
    """Declare the functions of a user's own Python file.

    They travel to workers with the file's text, so the file need not lie there. An edited file
    takes the place of its former self.

    Parameters
    ----------
    path
        A Python file with functions under ``@behaviour``, ``@feature`` or ``@step``.

    Raises
    ------
    DataError
        There is no such file, it cannot be run, it declares nothing, or one of its names is taken;
        the message has the line.
    """
    found = rule_files.run_file(Path(path))
    for declaration in found:
        check_free(declaration, rule_files.line_of(declaration))
    former = rule_files.path_of(found[0].function.__module__)
    for name, other in list(_declarations.items()):
        if rule_files.path_of(other.function.__module__) == former:
            del _declarations[name]
    _declarations.update({declaration.name: declaration for declaration in found})
    return found


def drop_project_rules() -> None:
    """Forget the rules of files that a project named: another project has its own."""
    for name, other in list(_declarations.items()):
        if rule_files.path_of(other.function.__module__) in _of_projects:
            del _declarations[name]
    _of_projects.clear()


def load_project_rules(path: str | Path) -> list[Declaration]:
    """`load_rules` of a file that a project names; see `drop_project_rules`."""
    found = load_rules(path)
    _of_projects.add(rule_files.path_of(found[0].function.__module__))
    return found


_of_projects: set[str] = set()


def refer(declaration: Declaration) -> tuple[Any, ...]:
    """How `declaration` pickles: by module and name, by a rule file's text, else by value."""
    module, name = declaration.function.__module__, declaration.name
    if rule_files.path_of(module):
        return rule_files.find_again, (*rule_files.text_of(module), name)
    if getattr(sys.modules.get(module), name, None) is declaration and module != "__main__":
        return _from_module, (module, name)
    fields = {f: getattr(declaration, f) for f in declaration.__dataclass_fields__}
    return _from_fields, (type(declaration), fields)


def _from_module(module: str, name: str) -> Declaration:
    found: Declaration = getattr(importlib.import_module(module), name)
    return found


def _from_fields(form: type[Declaration], fields: dict[str, Any]) -> Declaration:
    return form(**fields)
