"""What is declared, by name, found in the modules of a package when they are first asked for."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from ethoflow.schema import DataError

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """What declared functions are kept in; declaring in a module of the package is all it takes."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.entries: dict[str, Entry] = {}
        self._homes: dict[str, str] = {}
        self._found = False
        self._finding = threading.RLock()

    def add(self, name: str, function: Callable[..., Any], entry: Entry) -> None:
        """Keep `entry` under `name`.

        Raises
        ------
        ValueError
            Another module has declared that name.
        """
        home = function.__module__
        known = self._homes.setdefault(name, home)
        if known != home:
            raise ValueError(f"{name!r} is declared twice: in {known} and in {home}.")
        self.entries[name] = entry

    def all(self) -> dict[str, Entry]:
        """Every entry by name: those of the package, then those declared elsewhere."""
        # Files are looked at by several threads: none may see half of the formats.
        with self._finding:
            if not self._found:
                package = importlib.import_module(self.package)
                for module in pkgutil.iter_modules(package.__path__):
                    importlib.import_module(f"{self.package}.{module.name}")
                self._found = True
            return dict(self.entries)


@contextmanager
def in_words(name: str, extra: str) -> Iterator[None]:
    """What goes wrong while a file of the format `name` is read, as an error of ours."""
    try:
        yield
    except DataError:
        raise
    except ModuleNotFoundError as error:
        advice = f': pip install "ethoflow[{extra}]"' if extra else ""
        raise DataError(f"{name} needs {error.name}{advice}.") from error
    except MemoryError as error:
        raise DataError(
            f"recognised as {name}, but its arrays do not fit into memory ({error}): it is "
            "damaged, or larger than this machine can read."
        ) from error
    except Exception as error:  # libraries raise anything when they meet a damaged file
        raise DataError(
            f"recognised as {name}, but it cannot be read, so it is probably damaged "
            f"({type(error).__name__}: {error})."
        ) from error
