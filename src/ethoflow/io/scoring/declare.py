"""Formats of scored behaviour: which there are, and which one a file has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ethoflow.io.content import Content
from ethoflow.io.registry import Registry, in_words
from ethoflow.io.scoring.scored import Scored
from ethoflow.schema import DataError

Load: TypeAlias = Callable[[Path], list[Scored]]


@dataclass(frozen=True)
class LabelReader:
    """One format: how it is known, the function that reads it, what it needs, how it is tested."""

    name: str
    matches: Callable[[Content], bool]
    load: Load
    extra: str
    fixture: Literal["real", "built"]


_READERS: Registry[LabelReader] = Registry("ethoflow.io.scoring.formats")


def label_reader(
    name: str,
    *,
    matches: Callable[[Content], bool],
    extra: str = "",
    fixture: Literal["real", "built"] = "real",
) -> Callable[[Load], Load]:
    """Declaration of a format of scored behaviour; parameters as for `ethoflow.io.reader.reader`.

    Raises
    ------
    ValueError
        Two formats have one name.
    """

    def register(load: Load) -> Load:
        _READERS.add(name, load, LabelReader(name, matches, load, extra, fixture))
        return load

    return register


def label_readers() -> list[LabelReader]:
    """Every format of scored behaviour that can be read.

    Examples
    --------
    >>> "BORIS project" in [reader.name for reader in label_readers()]
    True
    """
    return list(_READERS.all().values())


def recognise_labels(path: Path) -> LabelReader:
    """The format of a file of scored behaviour.

    Raises
    ------
    DataError
        There is no such file, or it has no known format.
    """
    if not path.is_file():
        raise DataError("there is no such file.")
    if path.stat().st_size == 0:
        raise DataError("the file is empty (0 bytes).")
    content = Content(path).check()
    known = label_readers()
    for candidate in known:
        try:
            if candidate.matches(content):
                return candidate
        except PermissionError:
            raise
        except Exception:  # what a library cannot even open is of none of its formats
            continue
    raise DataError(
        f"no known format of scored behaviour: it looks like {content.describe()}. {len(known)} "
        "formats can be read; `ethoflow formats` lists them."
    )


def load_labels(path: Path) -> list[Scored]:
    """Everything that was scored in a file.

    Raises
    ------
    DataError
        The file cannot be read; the message says why and does not name the file.
    """
    try:
        found = recognise_labels(path)
    except OSError as error:
        raise DataError(f"the file cannot be opened ({error.strerror or error}).") from error
    with in_words(found.name, found.extra):
        scored = found.load(path)
    if not scored:
        raise DataError(f"recognised as {found.name}, but nothing was scored in it.")
    return scored
