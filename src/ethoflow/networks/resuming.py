"""Where trainings keep their checkpoints, however deep below who asked for that they are made."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from ethoflow.disk import writing_to
from ethoflow.place import local_path

_FILES: ContextVar[Iterator[Path] | None] = ContextVar("files of trainings", default=None)


@contextmanager
def resuming(folder: str | Path | None) -> Iterator[None]:
    """Trainings inside keep checkpoints in `folder`, a file each in the order they are made.

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
    token = _FILES.set(place / f"training_{number}.npz" for number in itertools.count())
    try:
        yield
    finally:
        _FILES.reset(token)


def next_file() -> Path | None:
    """The file of the training that begins now; None where none is asked for."""
    files = _FILES.get()
    return None if files is None else next(files)
