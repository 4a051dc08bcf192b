"""Where declarations are kept and found: by name here, by reference on a worker."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import sys
import threading
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ethoflow.engine.declare import Declaration

_PACKAGES = ("ethoflow.features", "ethoflow.behaviours", "ethoflow.cleaning", "ethoflow.geometry")
_FILE_PREFIX = "ethoflow_rules_"
_declarations: dict[str, Declaration] = {}
_sources: dict[str, str] = {}
_files: dict[str, list[Declaration]] = {}
_loading = threading.RLock()


def register(declaration: Declaration) -> None:
    """Keep `declaration` under its name.

    Raises
    ------
    ValueError
        Another function of that name is declared elsewhere.
    """
    before = _declarations.get(declaration.name)
    here = declaration.function.__module__
    if before is not None and _place(before) != _place(declaration):
        raise ValueError(
            f"{declaration.name} is declared twice, in {before.function.__module__} and in {here}: "
            "give one of them another name."
        )
    _declarations[declaration.name] = declaration


def _place(declaration: Declaration) -> tuple[str, str]:
    module = declaration.function.__module__
    # An edited rule file takes the place of its former self.
    file = module.rsplit("_", 1)[0] if module.startswith(_FILE_PREFIX) else module
    return file, declaration.function.__qualname__


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


def find(name: str) -> Declaration:
    """The declared function called `name`.

    Raises
    ------
    KeyError
        There is none; the message lists what there is.
    """
    known = declarations()
    if name not in known:
        raise KeyError(f"no declared function {name!r}; there are: {', '.join(sorted(known))}")
    return known[name]


def load_rules(path: str | Path) -> list[Declaration]:
    """Declare the functions of a user's own Python file.

    They travel to workers with the file's text, so the file need not lie there.

    Parameters
    ----------
    path
        A Python file with functions under ``@behaviour``, ``@feature`` or ``@step``.

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        The file cannot be run, or declares nothing.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no rule file at {path}")
    return _run_file(path.name, path.read_text(encoding="utf-8"))


def _run_file(file: str, source: str) -> list[Declaration]:
    name = _module_name(file, source)
    with _loading:  # the threads of a worker meet here
        if name not in _files:
            _files[name] = _declare_file(name, file, source)
        for declaration in _files[name]:
            register(declaration)
    return list(_files[name])


def _declare_file(name: str, file: str, source: str) -> list[Declaration]:
    module = ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module
    _sources[name] = source
    try:
        exec(compile(source, file, "exec"), module.__dict__)
    except Exception as error:
        del sys.modules[name], _sources[name]
        raise ValueError(
            f"the rule file {file} cannot be run: {type(error).__name__}: {error}"
        ) from error
    found = [d for d in _declarations.values() if d.function.__module__ == name]
    if not found:
        raise ValueError(
            f"the rule file {file} declares nothing: put @behaviour(...) above a function."
        )
    return found


def _module_name(file: str, source: str) -> str:
    stem = "".join(c if c.isalnum() else "_" for c in Path(file).stem)
    digest = hashlib.blake2b(source.encode(), digest_size=8).hexdigest()
    return f"{_FILE_PREFIX}{stem}_{digest}"


def refer(declaration: Declaration) -> tuple[Any, ...]:
    """How `declaration` pickles: by module and name, by a rule file's text, else by value."""
    module, name = declaration.function.__module__, declaration.name
    if module in _sources:
        return _from_file, (str(sys.modules[module].__file__), _sources[module], name)
    if getattr(sys.modules.get(module), name, None) is declaration and module != "__main__":
        return _from_module, (module, name)
    fields = {f: getattr(declaration, f) for f in declaration.__dataclass_fields__}
    return _from_fields, (fields,)


def _from_module(module: str, name: str) -> Declaration:
    found: Declaration = getattr(importlib.import_module(module), name)
    return found


def _from_file(file: str, source: str, name: str) -> Declaration:
    return next(d for d in _run_file(file, source) if d.name == name)


def _from_fields(fields: dict[str, Any]) -> Declaration:
    from ethoflow.engine.declare import Declaration

    return Declaration(**fields)
