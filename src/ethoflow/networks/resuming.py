"""Where trainings keep their checkpoints, however deep below who asked for that they are made."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ethoflow.disk import writing_to
from ethoflow.place import local_path


@dataclass(frozen=True)
class _Kept:
    """Files of the trainings to come, and what was asked of all of them."""

    files: Iterator[Path]
    asked: Mapping[str, Any]


_KEPT: ContextVar[_Kept | None] = ContextVar("checkpoints of trainings", default=None)


@contextmanager
def resuming(
    folder: str | Path | None, asked: Callable[[], Mapping[str, Any]] = dict
) -> Iterator[None]:
    """Trainings inside keep checkpoints in `folder`, a file each in the order they are made.

    `asked` gives what a checkpoint has to agree with beside what a training sees of itself: the
    settings of a loss leave no trace in the shapes of weights. It is called where there is a
    folder.

    Raises
    ------
    CannotWrite
        The folder cannot be made.
    """
    if folder is None:
        yield
        return
    place = local_path(folder, "checkpoints")
    with writing_to(place):
        place.mkdir(parents=True, exist_ok=True)
    files = (place / f"training_{number}.npz" for number in itertools.count())
    token = _KEPT.set(_Kept(files, dict(asked())))
    try:
        yield
    finally:
        _KEPT.reset(token)


def next_file() -> Path | None:
    """The file of the training that begins now; None where none is asked for."""
    kept = _KEPT.get()
    return None if kept is None else next(kept.files)


def what_was_asked() -> Mapping[str, Any]:
    """What checkpoints of the trainings of now have to agree with, by name."""
    kept = _KEPT.get()
    return {} if kept is None else kept.asked
