"""The folder beside the groups: where records, journals and the copy of the root document lie."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath
from urllib.parse import quote, unquote

from ethoflow.place import Place
from ethoflow.schema import DataError
from ethoflow.store.files import PROGRESS, names_in, place_of, read_file
from ethoflow.store.record import Record, name_of


def progress_of(path: str, group: str) -> Place:
    """Folder of the records and journals of a group."""
    return place_of(path) / PROGRESS / quote(group, safe="")


def groups_in_progress(path: str | Place) -> dict[str, Place]:
    """Folders of the records and journals of all groups, by the names of these."""
    folder = place_of(path) / PROGRESS
    return {unquote(name): folder / name for name in names_in(folder)}


def record_path(path: str, group: str, name: str) -> Place:
    """File of a record."""
    return progress_of(path, group) / f"record-{name}.npz"


def copy_path(path: str) -> Place:
    """The copy of the root document."""
    return place_of(path) / PROGRESS / "state.json"


@lru_cache(maxsize=16)
def read_record(path: str, group: str) -> Record:
    """The record in a file.

    Raises
    ------
    DataError
        It is gone or damaged.
    """
    # Records are named by their content, so a file that was read once stays as it is.
    return Record.from_bytes(load_record(path, group))


def load_record(path: str, group: str) -> bytes:
    """The content of the file of a record, looked at anew.

    Raises
    ------
    DataError
        It is gone or damaged.
    """
    content = read_file(path)
    if content is None or f"record-{name_of(content)}.npz" != PurePath(path).name:
        what = "is gone" if content is None else "is damaged"
        raise DataError(
            f"{path}, the record of how the group {group} came about, {what}. Run the command "
            f"again that makes all of {group} (such as ethoflow run): it is made anew."
        )
    return content
