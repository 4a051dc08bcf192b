"""Folders of results: what each file was made from, so that only what changed is made again.

A folder keeps a record of the files made in it. A file is fresh while it was made from the same and
nobody has changed it since; files that are made no more are removed, and never those of others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ethoflow.disk import beside, clear_parts

RECORD = ".made.json"

Rows: TypeAlias = dict[str, dict[str, Any]]


def stale(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Names of the files that have to be made, in the order of `wanted`.

    Parameters
    ----------
    folder
        Where the files lie; it need not be there.
    wanted
        What each file is made from, in a word that changes with it.
    """
    rows = _read(folder)
    return [
        name
        for name, source in wanted.items()
        if name not in rows or rows[name]["source"] != source or not _untouched(folder, rows, name)
    ]


def record(folder: Path, name: str, source: str, note: object = None) -> None:
    """Note a file that was made, its inputs, and JSON for a later run."""
    found = (folder / name).stat()
    stamp = [found.st_size, found.st_mtime_ns]
    _write(folder, {**_read(folder), name: {"source": source, "stamp": stamp, "note": note}})


def record_none(folder: Path, name: str, source: str) -> None:
    """Note that there is nothing to show in a file; one that a former run made goes."""
    rows = _read(folder)
    if name in shown(folder, rows) and _untouched(folder, rows, name):
        (folder / name).unlink()
    _write(folder, {**rows, name: {"source": source, "stamp": None, "note": None}})


def shown(folder: Path, names: Iterable[str]) -> list[str]:
    """Those files that have something to show."""
    rows = _read(folder)
    return [name for name in names if name not in rows or rows[name]["stamp"] is not None]


def note_of(folder: Path, name: str) -> Any:
    """What was noted of a file when it was made; None where nothing was."""
    return _read(folder).get(name, {}).get("note")


def sources(folder: Path) -> dict[str, str]:
    """What each file that was made in a folder, and is there still, was made from."""
    rows = _read(folder)
    there = [name for name in shown(folder, rows) if _untouched(folder, rows, name)]
    return {name: rows[name]["source"] for name in there}


def remove_others(folder: Path, wanted: Mapping[str, str]) -> None:
    """Remove files that former runs made and that are wanted no more, and halves they left.

    One that somebody has changed since is theirs, and stays.
    """
    clear_parts(folder)
    rows = _read(folder)
    others = [name for name in rows if name not in wanted]
    for name in others:
        if rows[name]["stamp"] is not None and _untouched(folder, rows, name):
            (folder / name).unlink()
    if others:
        _write(folder, {name: row for name, row in rows.items() if name in wanted})


def _untouched(folder: Path, rows: Rows, name: str) -> bool:
    if rows[name]["stamp"] is None:
        return True
    try:
        found = (folder / name).stat()
    except OSError:
        return False
    return bool([found.st_size, found.st_mtime_ns] == rows[name]["stamp"])


def _read(folder: Path) -> Rows:
    """The record of a folder; empty where there is none that can be read."""
    try:
        content = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {
            # A name that leads elsewhere is not one that this module wrote.
            name: {"source": row["source"], "stamp": row["stamp"], "note": row["note"]}
            for name, row in content.items()
            if Path(name).name == name
        }
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return {}


def _write(folder: Path, rows: Rows) -> None:
    with beside(folder / RECORD) as part:
        part.write_text(json.dumps(rows, indent=0), encoding="utf-8")
