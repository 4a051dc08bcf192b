"""What an NWB file is made of: groups that state their type, and whom they are of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from ethoflow.io.hdf5 import read_array


def text_of(value: Any) -> str:
    """A stored string, whichever way a program stores one."""
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    return value.decode() if isinstance(value, bytes) else str(value)


def type_of(item: object) -> str:
    """The neurodata type that a group states, empty for anything else."""
    if not isinstance(item, h5py.Group):
        return ""
    return text_of(item.attrs.get("neurodata_type", ""))


def find_typed(group: h5py.Group, kind: str, path: str = "") -> Iterator[str]:
    """Paths of the groups of one type, wherever they are nested; links are not followed."""
    for name in sorted(group, key=_by_number):
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        item = group[name]
        if type_of(item) == kind:
            yield f"{path}{name}"
        elif isinstance(item, h5py.Group):
            yield from find_typed(item, kind, f"{path}{name}/")


def _by_number(name: str) -> list[tuple[int, str]]:
    """Order of names in which 2 comes before 10; HDF5 keeps none."""
    return [(int(word), "") if word.isdigit() else (-1, word) for word in re.split(r"(\d+)", name)]


def subject_of(file: h5py.File) -> str:
    """The one subject a file is of, empty where none is named."""
    subject = file.get("general/subject/subject_id")
    return "" if subject is None else text_of(read_array(subject))


def subjects_of(file: h5py.File) -> list[str]:
    """The subjects that the extension ndx-multisubjects lists, in the order of its table."""
    table = file.get("general/SubjectsTable/subject_id")
    return [] if table is None else [text_of(name) for name in np.ravel(read_array(table))]


def subject_within(file: h5py.File, parent: h5py.Group) -> str:
    """Whom the extension ndx-multisubjects says that the content of a group is of."""
    subjects = subjects_of(file)
    if not subjects or type_of(parent) != "SelectSubjectsContainer" or "subjects" not in parent:
        return ""
    rows = np.ravel(read_array(parent["subjects"]))
    return subjects[int(rows[0])] if len(rows) == 1 else ""
