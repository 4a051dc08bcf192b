"""A user's own files of rules: run once for each text, each a module of its own.

Functions of a file travel to workers with its text and are declared there again, under the same
name of a module. Two files of one stem are two modules, wherever they lie.
"""

from __future__ import annotations

import hashlib
import sys
import threading
import traceback
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from ethoflow.errors import DataError, NoSuchFile, near_file

if TYPE_CHECKING:
    from ethoflow.engine.declare import Declaration

PREFIX = "ethoflow_rules_"
"""What the names of their modules begin with."""

_texts: dict[str, tuple[str, str]] = {}
_declared: dict[str, list[Declaration]] = {}
_running: dict[str, list[Declaration]] = {}
_lock = threading.RLock()


def path_of(module: str) -> str:
    """Path of the rule file behind a module; empty for any other module."""
    return _texts[module][0] if module in _texts else ""


def text_of(module: str) -> tuple[str, str]:
    """Path and text of the rule file behind a module."""
    return _texts[module]


def line_of(declaration: Declaration) -> str:
    """Where a function of a rule file is declared, as in ``rules.py, line 4``."""
    path = path_of(declaration.function.__module__)
    code: CodeType = declaration.function.__code__
    return f"{path}, line {code.co_firstlineno}"


def hold(declaration: Declaration) -> bool:
    """Whether a declaration is that of a file which is being run now, and is kept with it."""
    held = _running.get(declaration.function.__module__)
    if held is None:
        return False
    twice = [other for other in held if other.name == declaration.name]
    if twice:
        raise DataError(f"the name {declaration.name!r} is declared twice in this file.")
    held.append(declaration)
    return True


def run_file(path: Path) -> list[Declaration]:
    """Declarations of a file.

    Raises
    ------
    DataError
        There is no such file, it cannot be run, or it declares nothing.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder: name a file of rules, such as {path / 'rules.py'}.")
    if not path.is_file():
        raise NoSuchFile(f"there is no rule file at {path}.{near_file(path)}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the rule file {path} cannot be read as text: {error}.") from error
    return _run(str(path.absolute()), text)


def find_again(path: str, text: str, name: str) -> Declaration:
    """A declaration of a file that was run elsewhere, from its text."""
    return next(item for item in _run(path, text) if item.name == name)


def _run(path: str, text: str) -> list[Declaration]:
    stem = "".join(c if c.isalnum() else "_" for c in Path(path).stem)
    name = f"{PREFIX}{stem}_{_digest(path)}_{_digest(text)}"
    with _lock:  # the threads of a worker meet here
        if name not in _declared:
            _declared[name] = _declare(name, path, text)
    return list(_declared[name])


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def _declare(name: str, path: str, text: str) -> list[Declaration]:
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name], _texts[name], _running[name] = module, (path, text), []
    try:
        exec(compile(text, path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name], _texts[name]
        raise DataError(_explain(path, error)) from error
    finally:
        found = _running.pop(name)
    if not found:
        del sys.modules[name], _texts[name]
        raise DataError(
            f"the rule file {path} declares nothing: put @ef.behaviour(...) above a function."
        )
    return found


def _explain(path: str, error: BaseException) -> str:
    """What is wrong with a file, and in which line."""
    if isinstance(error, SyntaxError) and error.filename == path:
        where = "" if error.lineno is None else f", line {error.lineno}"
        shown = f" ({error.text.strip()!r})" if error.text and error.text.strip() else ""
        return f"the rule file {path}{where} cannot be run: not Python: {error.msg}{shown}."
    line = failing_line(error, path)
    where = "" if line is None else f", line {line}"
    kind = "" if isinstance(error, DataError) else f"{type(error).__name__}: "
    return f"the rule file {path}{where} cannot be run: {kind}{error}"


def failing_line(error: BaseException, path: str) -> int | None:
    """The last line of a file that an error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == path]
    return lines[-1] if lines else None
