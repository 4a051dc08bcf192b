"""Formats of scored behaviour: which there are, and which one a file has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ethoflow.errors import near_file
from ethoflow.io.content import Content
from ethoflow.io.registry import Registry, in_words
from ethoflow.io.scoring.scored import Scored
from ethoflow.schema import DataError

Load: TypeAlias = Callable[..., list[Scored]]
Columns: TypeAlias = Mapping[str, str | Sequence[str]]


TABLE = "interval table"
"""The format of a table of bouts, which any table has whose columns are named."""


@dataclass(frozen=True)
class LabelReader:
    """One format: how it is known, the function that reads it, what it needs, how it is tested.

    `takes_columns` is that of tables whose columns may be named: they are given as second argument.
    """

    name: str
    matches: Callable[[Content], bool]
    load: Load
    extra: str
    fixture: Literal["real", "built"]
    takes_columns: bool = False


_READERS: Registry[LabelReader] = Registry("ethoflow.io.scoring.formats")


def label_reader(
    name: str,
    *,
    matches: Callable[[Content], bool],
    extra: str = "",
    fixture: Literal["real", "built"] = "real",
    takes_columns: bool = False,
) -> Callable[[Load], Load]:
    """Declaration of a format of scored behaviour; parameters as for `ethoflow.io.reader.reader`.

    Raises
    ------
    ValueError
        Two formats have one name.
    """

    def register(load: Load) -> Load:
        _READERS.add(name, load, LabelReader(name, matches, load, extra, fixture, takes_columns))
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


def recognise_labels(path: Path, columns: Columns | None = None) -> LabelReader:
    """The format of a file of scored behaviour; with named columns, the one that asks for them.

    Raises
    ------
    DataError
        There is no such file, or it has no known format.
    """
    if not path.is_file():
        if path.is_dir():
            raise DataError("this is a folder: name a file of scored behaviour in it.")
        raise DataError(f"there is no such file.{near_file(path)}")
    if path.stat().st_size == 0:
        raise DataError("the file is empty (0 bytes).")
    content = Content(path).check()
    known = label_readers()
    if columns is not None:
        known = [one for one in known if one.takes_columns]
        table = next(one for one in known if one.name == TABLE)
        # Whoever names a start or a stop has bouts, whatever else the file looks like.
        if not {"start", "stop", "duration"} & set(columns):
            known = [one for one in known if one is not table and one.matches(content)]
            return (known or [table])[0]
        return table
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
        "formats can be read; `ethoflow formats` lists them. Where it is a table of bouts, say "
        "what its columns are, as in columns={'behaviour': 'NAME', 'start': 'NAME', 'stop': "
        "'NAME'} (--column start=NAME)."
    )


def load_labels(path: Path, columns: Columns | None = None) -> list[Scored]:
    """Everything that was scored in a file; `columns` say what the columns of a plain table are.

    Raises
    ------
    DataError
        The file cannot be read; the message says why and does not name the file.
    """
    try:
        found = recognise_labels(path, columns)
    except OSError as error:
        raise DataError(f"the file cannot be opened ({error.strerror or error}).") from error
    with in_words(found.name, found.extra):
        scored = found.load(path, columns) if found.takes_columns else found.load(path)
    if not scored:
        raise DataError(f"recognised as {found.name}, but nothing was scored in it.")
    return scored
