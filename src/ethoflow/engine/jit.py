"""Compiled loops for what is sequential in time: numba without the interpreter lock.

numba takes a while to import, and most programs that import a kernel never run it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_compiling = threading.Lock()


class _Loop(Generic[P, R]):
    """A loop that numba is given when it is first called, from Python or from another loop."""

    def __init__(self, loop: Callable[P, R]) -> None:
        update_wrapper(self, loop)
        self._loop = loop
        self._compiled: Any = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = (self._compiled or self._compile())(*args, **kwargs)
        return result

    @property
    def _numba_type_(self) -> Any:
        """What numba asks of a name it meets while it compiles another loop."""
        return (self._compiled or self._compile())._numba_type_

    def _compile(self) -> Any:
        with _compiling:
            if self._compiled is None:
                import numba

                make = numba.njit(nogil=True, cache=True, error_model="numpy")
                self._compiled = make(self._loop)
            return self._compiled

    def __reduce__(self) -> str | tuple[Any, ...]:
        module, name = self._loop.__module__, self._loop.__name__
        if getattr(sys.modules.get(module), name, None) is self and module != "__main__":
            return name
        return jit, (self._loop,)


def jit(loop: Callable[P, R]) -> Callable[P, R]:
    """`loop` compiled at its first call, and kept on disk between processes."""
    return _Loop(loop)
