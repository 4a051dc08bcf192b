"""Whose code it is: a library's, which has a version, or the user's own, which changes."""

from __future__ import annotations

import hashlib
import importlib
import sys
from functools import lru_cache
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

_INSTALLED = {"site-packages", "dist-packages"}


def is_own(name: str) -> bool:
    """Whether the module called `name` is the user's own Python: a notebook, a file beside it.

    Examples
    --------
    >>> is_own("__main__"), is_own("numpy.linalg"), is_own("json"), is_own("ethoflow.features")
    (True, False, False, False)
    """
    top = name.partition(".")[0]
    if name == "__main__" or top == "__mp_main__":
        return True
    if top == "ethoflow" or top in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(name), "__file__", None)
    # Without a file, it is a package without __init__, or was sent here by value.
    return not isinstance(file, str) or _is_source(file)


@lru_cache(maxsize=4096)
def _is_source(file: str) -> bool:
    return not file.endswith(tuple(EXTENSION_SUFFIXES)) and not is_installed(file)


def is_installed(file: str) -> bool:
    """Whether a file lies where libraries are installed."""
    return bool(_INSTALLED & set(Path(file).parts))


def version(name: str) -> str:
    """Version of the library that holds the module `name`; of compiled code beside, its digest."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if isinstance(file, str) and file.endswith(tuple(EXTENSION_SUFFIXES)):
        path = Path(file)
        if not is_installed(file) and name.partition(".")[0] != "ethoflow":
            return _digest_file(path, path.stat().st_mtime_ns)
    return _version(name.partition(".")[0])


@lru_cache(maxsize=64)
def _digest_file(path: Path, _changed: int) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


@lru_cache(maxsize=4096)
def _version(top: str) -> str:
    if top in sys.stdlib_module_names:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        return metadata.version(top)
    except metadata.PackageNotFoundError:
        distributions = _distributions().get(top, [])
    if distributions:
        return " ".join(sorted(f"{name} {metadata.version(name)}" for name in set(distributions)))
    return str(getattr(sys.modules.get(top), "__version__", ""))


@lru_cache(maxsize=1)
def _distributions() -> dict[str, list[str]]:
    """Distributions by what they hold, for those with another name: cv2, sklearn, yaml."""
    return dict(metadata.packages_distributions())


def named(value: Any) -> tuple[str, str] | None:
    """Module and name under which a library keeps `value`; None if none does."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(module, str) or not isinstance(name, str) or is_own(module):
        return None
    found: Any = sys.modules.get(module)
    for step in name.split("."):
        found = getattr(found, step, None)
    return (module, name) if found is value else None


def kept(value: Any) -> tuple[str, str] | None:
    """As `named`, for a callable object kept beside its class: the distributions of scipy.stats."""
    module = type(value).__module__
    if not callable(value) or is_own(module) or module not in sys.modules:
        return None
    found = (name for name, item in vars(sys.modules[module]).items() if item is value)
    name = next(found, None)
    return None if name is None else (module, name)


def find_module(name: str) -> ModuleType | None:
    """The user's own module `name`, imported if need be; None for a library's or for none."""
    if name in sys.modules:
        return sys.modules[name]
    top = name.partition(".")[0]
    if top == "ethoflow" or top in sys.stdlib_module_names:
        return None
    try:
        origin = getattr(find_spec(top), "origin", None)
        beside = origin is None or _is_source(origin)
        return importlib.import_module(name) if beside else None
    except Exception:  # the function that imports it will say why it cannot be
        return None
