"""Calls of C libraries in a process apart, which is ended where they hang on a damaged file.

The process is started once and kept, since starting it takes far longer than a call.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from ethoflow.schema import DataError

SECONDS = 30.0
"""Longest time a call takes before its library is taken to hang."""

_SERVE = "import sys; sys.path[:] = {path!r}; from ethoflow.native import serve; serve()"
_lock = threading.Lock()
_started: list[subprocess.Popen[bytes]] = []


def call_apart(name: str, path: Path, **options: Any) -> Any:
    """What a function of `ethoflow.native` returns for a file.

    Raises
    ------
    DataError
        The library refused the file, crashed on it, or did not come to an end in `SECONDS`.
    """
    # The caller ends a process that hangs; the process ends itself where the caller is gone.
    call = (name, os.path.abspath(path), options, SECONDS + 5)
    with _lock:
        found = _ask(call)
        if found is None:  # it may have been killed for what others did: a new one may manage
            found = _ask(call)
    if found is None:
        raise DataError(_DAMAGED.format(how="crashed"))
    done, answer = found
    if done:
        return answer
    kind, message = answer
    if kind == "ModuleNotFoundError":
        raise ModuleNotFoundError(message, name=message.rsplit("'", 2)[-2])
    raise DataError(f"it is probably damaged ({kind}: {message}).")


_DAMAGED = (
    "the library that reads such files {how} on it: it is damaged. Write it again with the program "
    "it comes from."
)


def _ask(call: tuple[str, str, dict[str, Any], float]) -> tuple[bool, Any] | None:
    """The answer to a call, None where the process ended instead."""
    process = _process()
    calls, answers = process.stdin, process.stdout
    assert calls is not None
    assert answers is not None
    timer = threading.Timer(SECONDS, process.kill)
    timer.daemon = True
    timer.start()
    try:
        pickle.dump(call, calls)
        calls.flush()
        found: tuple[bool, Any] = pickle.load(answers)
    except Exception as error:  # half an answer may be unpickled as anything
        hung = not timer.is_alive()
        _end()
        if hung:
            how = f"did not come to an end in {SECONDS:g} s"
            raise DataError(_DAMAGED.format(how=how)) from error
        return None
    except BaseException:
        _end()  # or the next call would be given this answer
        raise
    finally:
        timer.cancel()
    return found


def _process() -> subprocess.Popen[bytes]:
    if _started and _started[0].poll() is None:
        return _started[0]
    _end()
    command = [sys.executable, "-c", _SERVE.format(path=sys.path)]
    _started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    return _started[0]


@atexit.register
def _end() -> None:
    while _started:
        process = _started.pop()
        process.kill()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # a call may be left in the pipe
                stream.close()  # type: ignore[union-attr]
        process.wait()


def _forget() -> None:
    """A forked process has no part in the conversation of the one it came from."""
    _started.clear()
    if _lock.locked():  # by a thread that is not here
        _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
