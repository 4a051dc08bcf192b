"""What a compiled function says: its instructions and constants, and the names it looks up."""

from __future__ import annotations

import dis
import inspect
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

from ethoflow.engine.identity.digest import atom, combine, leaf, text

_FLAGS = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ITERABLE_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)
_GLOBAL = {"LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
_WHEREABOUTS = {"__doc__", "__firstlineno__"}


@dataclass(frozen=True)
class Code:
    """A function's code, with that of the functions written inside it."""

    digest: bytes
    globals: frozenset[str]
    imports: frozenset[tuple[int, str]]
    names: frozenset[str]


@lru_cache(maxsize=4096)  # code never changes; what its names stand for is looked up each time
def read_code(code: CodeType) -> Code:
    """Digest and names of `code`; where it is written, and its docstring, play no part.

    Examples
    --------
    >>> def far(position):
    ...     return position > LIMIT
    >>> sorted(read_code(far.__code__).globals)
    ['LIMIT']
    """
    steps = list(dis.get_instructions(code))
    inner = [read_code(c) for c in code.co_consts if isinstance(c, CodeType)]
    stored = {s.argval for s in steps if s.opname == "STORE_NAME"}  # the body of a class
    found = {s.argval for s in steps if s.opname in _GLOBAL}
    found |= {s.argval for s in steps if s.opname == "LOAD_NAME"} - stored
    imports = {
        (steps[place - 2].argval or 0, step.argval)
        for place, step in enumerate(steps)
        if step.opname == "IMPORT_NAME"
    }
    return Code(
        digest=combine("code", [_shape(code), *_instructions(steps)]),
        globals=frozenset(found).union(*(c.globals for c in inner)),
        imports=frozenset(imports).union(*(c.imports for c in inner)),
        names=frozenset(code.co_names).union(*(c.names for c in inner)),
    )


def _shape(code: CodeType) -> bytes:
    arguments = code.co_argcount + code.co_kwonlyargcount
    arguments += bool(code.co_flags & inspect.CO_VARARGS)
    arguments += bool(code.co_flags & inspect.CO_VARKEYWORDS)
    shape = (
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        code.co_flags & _FLAGS,
        code.co_varnames[:arguments],
        code.co_names,
        code.co_freevars,
        code.co_cellvars,
        code.co_exceptiontable,
    )
    return leaf("shape", repr(shape).encode())


def _instructions(steps: list[dis.Instruction]) -> list[bytes]:
    """Each instruction with the constant it loads: a docstring is a constant that none does."""
    parts = []
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        if after and after.opname == "STORE_NAME" and after.argval in _WHEREABOUTS:
            continue
        parts.append(leaf("step", f"{step.opname} ".encode()))
        if step.opcode in dis.hasconst:
            parts.append(_constant(step.argval))
        else:
            parts.append(text(str(step.arg)))
    return parts


def _constant(value: Any) -> bytes:
    """Digest of a constant; a set has one whatever the order in which it shows its elements."""
    if isinstance(value, CodeType):
        return read_code(value).digest
    if isinstance(value, tuple):
        return combine("tuple", map(_constant, value))
    if isinstance(value, frozenset):
        return combine("set", map(_constant, value), ordered=False)
    if isinstance(value, slice):
        return combine("slice", map(_constant, (value.start, value.stop, value.step)))
    return atom(value) or leaf("constant", repr(value).encode())
